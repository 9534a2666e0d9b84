"""/discovery/cancel: a flow is ended without a result, after a look at what is kept."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from discovery_pipeline.errors import StaleVersionError
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, flow_page, number, text, to
from discovery_pipeline.web.pages.views.flows import shown_flow
from discovery_pipeline.web.pages.views.standing import left, may_cancel
from discovery_pipeline.web.services import Caller
from discovery_pipeline.web.services.flows import view

router = APIRouter(prefix="/discovery/cancel/{flow_id}")

LONGEST = 500


def reason(form: FormData) -> str:
    """Why somebody does it, as far as it can be kept."""
    return text(form, "reason").replace("\x00", "")[:LONGEST]


@router.get("")
async def ask(request: Request, called: Called, caller: Visitor, flow_id: str) -> Response:
    """Whether to cancel, and what is kept; where nothing is to be cancelled, the page where the flow stands."""
    flow = await called.flow.get(caller, flow_id)
    return await _asked(request, caller, flow) if may_cancel(caller, flow) else to(shown_flow(view(flow)).href)


@router.post("")
async def cancel(request: Request, called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """End it as it was seen. Where it moved on since, that is shown first, and what was typed stays."""
    why = reason(form)
    try:
        cancelled = await called.flow.cancel(caller, flow_id, number(form, "version"), why)
    except StaleVersionError:
        flow = await called.flow.get(caller, flow_id)
        if not may_cancel(caller, flow):
            return to(shown_flow(view(flow)).href)
        note = Note("The discovery moved on meanwhile, so it was not cancelled. Look where it stands now.", "warn")
        return await _asked(request, caller, flow, note, why=why, status=409)
    return to(shown_flow(cancelled).href)


async def _asked(
    request: Request, caller: Caller, flow: Flow, *notes: Note, why: str = "", status: int = 200
) -> Response:
    return await flow_page(
        request, "cancel.html.j2", caller, flow, title="Cancel", notes=notes, kept=left(flow), why=why,
        version=flow.version, longest=LONGEST, status_code=status,
    )  # fmt: skip
