"""/discovery/targets: what each target takes; contracts of the engagement's own are brought, looked at, taken away."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from discovery_pipeline.engine import targets as engine
from discovery_pipeline.errors import TargetError
from discovery_pipeline.web.faults import RequestFault
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, page, to
from discovery_pipeline.web.pages.arriving import file_of_text, refusal
from discovery_pipeline.web.services import Caller, Services

router = APIRouter(prefix="/discovery/targets")


@router.get("")
async def targets(request: Request, called: Called, caller: Visitor) -> Response:
    """All targets, those of the engagement first."""
    return await _listed(request, called, caller)


@router.post("")
async def upload(request: Request, called: Called, caller: Visitor) -> Response:
    """Keep the contract that a file holds."""
    try:
        name, said = await file_of_text(request, called, caller, "Choose a contract's file first: YAML.")
        kept = await called.system.take(caller, name, said)
    except (RequestFault, TargetError) as fault:
        return await _listed(request, called, caller, refusal(fault), status=422)
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
