"""/discovery/targets: what each target takes; contracts of the engagement's own are brought, looked at, taken away."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from discovery_pipeline.engine import targets as engine
from discovery_pipeline.errors import TargetError
from discovery_pipeline.web.api.uploads import body
from discovery_pipeline.web.faults import InvalidRequest, RequestFault
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, page, to
from discovery_pipeline.web.security import CSRF_FIELD, check_csrf
from discovery_pipeline.web.services import Caller, Services

router = APIRouter(prefix="/discovery/targets")

LARGEST = 5 << 20
"""Bytes of a contract's file."""


@router.get("")
async def targets(request: Request, called: Called, caller: Visitor) -> Response:
    """All targets, those of the engagement first."""
    return await _listed(request, called, caller)


@router.post("")
async def upload(request: Request, called: Called, caller: Visitor) -> Response:
    """Keep the contract that a file holds."""
    try:
        with called.upload.arriving() as folder:
            form = await body(request, LARGEST, folder)
            check_csrf(caller, form.fields.get(CSRF_FIELD, ""))
            if not form.files or not form.files[0].byte_size:
                raise InvalidRequest("Choose a contract's file first: YAML.")
            file = form.files[0]
            kept = await called.system.take(caller, file.name, file.path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        return await _listed(request, called, caller, Note("The file is no text in UTF-8.", "bad"), status=422)
    except (RequestFault, TargetError) as fault:
        if isinstance(fault, RequestFault) and fault.status in (401, 403):
            raise
        return await _listed(request, called, caller, Note(str(fault), "bad"), status=422)
    return to(_at(kept.name), Note(f"Kept. New discoveries can have {kept.name} as their target."))


@router.get("/{name}")
async def target(request: Request, called: Called, caller: Visitor, name: str) -> Response:
    """All that a target's contract says."""
    found = await called.system.target(caller, name)
    return page(
        request, "target.html.j2", caller, title=found.title, target=found, at=_at(found.name),
        constraints=engine.constraints,
    )  # fmt: skip


@router.post("/{name}/remove")
async def remove(called: Called, caller: Visitor, name: str, form: Sent) -> Response:
    """Forget a contract of the engagement's own."""
    await called.system.remove(caller, name)
    return to("/discovery/targets", Note(f"Removed: {name}. Discoveries that were begun to it keep its contract."))


async def _listed(request: Request, called: Services, caller: Caller, *notes: Note, status: int = 200) -> Response:
    known = await called.system.targets(caller)
    return page(
        request, "targets.html.j2", caller, title="Targets", notes=notes, status_code=status,
        targets=[(one, _at(one.name)) for one in sorted(known, key=lambda one: not one.own)],
    )  # fmt: skip


def _at(name: str) -> str:
    """The address of a target's page."""
    return f"/discovery/targets/{quote(name, safe='')}"
