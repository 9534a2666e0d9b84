"""/discovery/agents: exactly what agents would send to a model of this flow, before anything is."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from discovery_pipeline.web.pages.answering import Called, Visitor, flow_page

router = APIRouter(prefix="/discovery/agents/{flow_id}")


@router.get("")
async def agents(request: Request, called: Called, caller: Visitor, flow_id: str) -> Response:
    """Each task with its model, the address, and every byte of the request. Nothing is sent by looking."""
    flow = await called.flow.get(caller, flow_id)
    shown = await called.advising.requests(caller, flow)
    return await flow_page(
        request, "agents.html.j2", caller, flow, title="Agents", previews=shown,
        samples=called.settings.agents.allow_samples, sends=any(each.model for each in shown),
    )  # fmt: skip
