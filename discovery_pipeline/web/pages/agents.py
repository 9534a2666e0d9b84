"""/discovery/agents: exactly what agents would send to a model of this flow, before anything is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import Response

from discovery_pipeline.errors import AgentError
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.web.faults import NotYet
from discovery_pipeline.web.pages.answering import Called, Visitor, flow_page
from discovery_pipeline.web.services import Services

if TYPE_CHECKING:
    from discovery_pipeline.agents.previewing import Preview

router = APIRouter(prefix="/discovery/agents/{flow_id}")


@router.get("")
async def agents(request: Request, called: Called, caller: Visitor, flow_id: str) -> Response:
    """Each task with its model, the address, and every byte of the request. Nothing is sent by looking."""
    caller.must_be("reviewer")  # prompts may hold names of columns, and samples where the settings allow them
    flow = await called.flow.get(caller, flow_id)
    try:
        shown = await asyncio.to_thread(_previews, called, flow)
    except AgentError as early:
        raise NotYet(str(early)) from None
    allowed = called.settings.agents.allow_samples
    return flow_page(
        request, "agents.html.j2", caller, flow, title="Agents", previews=shown, samples=allowed,
        sends=any(each.model for each in shown),
    )  # fmt: skip


def _previews(called: Services, flow: Flow) -> tuple[Preview, ...]:
    # Imported late: the page is rarely looked at, and the agents' room is large.
    from discovery_pipeline.agents import reading
    from discovery_pipeline.agents.gathering import brief
    from discovery_pipeline.agents.previewing import preview

    settings = called.settings.agents
    return preview(brief(reading.results(called.artifacts, flow), samples=settings.allow_samples), settings)
