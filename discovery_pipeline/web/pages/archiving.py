"""/discovery/archive: a flow that came to its end leaves the list, after a look at what that means."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from discovery_pipeline.errors import StaleVersionError
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, flow_page, number, to
from discovery_pipeline.web.pages.cancelling import LONGEST, reason
from discovery_pipeline.web.pages.views.flows import shown_flow
from discovery_pipeline.web.pages.views.standing import may_archive
from discovery_pipeline.web.services import Caller
from discovery_pipeline.web.services.flows import view

router = APIRouter(prefix="/discovery/archive/{flow_id}")


@router.get("")
async def ask(request: Request, called: Called, caller: Visitor, flow_id: str) -> Response:
    """Whether to archive; where that can't be, the page where the flow stands."""
    flow = await called.flow.get(caller, flow_id)
    return await _asked(request, caller, flow) if may_archive(caller, flow) else to(shown_flow(view(flow)).href)


@router.post("")
async def archive(request: Request, called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """Put it away as it was seen. Where it moved on since, that is shown first, and what was typed stays."""
    why = reason(form)
    try:
        archived = await called.flow.archive(caller, flow_id, number(form, "version"), why)
    except StaleVersionError:
        flow = await called.flow.get(caller, flow_id)
        if not may_archive(caller, flow):
            return to(shown_flow(view(flow)).href)
        note = Note("The discovery moved on meanwhile, so it was not archived. Look where it stands now.", "warn")
        return await _asked(request, caller, flow, note, why=why, status=409)
    return to("/discovery", Note(f"{archived.name} is archived."))


async def _asked(
    request: Request, caller: Caller, flow: Flow, *notes: Note, why: str = "", status: int = 200
) -> Response:
    return await flow_page(
        request, "archive.html.j2", caller, flow, title="Archive", notes=notes, why=why, version=flow.version,
        longest=LONGEST, status_code=status,
    )  # fmt: skip
