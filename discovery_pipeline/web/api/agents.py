"""Agents over HTTP: what they would send to a model about a flow, before anything is."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from discovery_pipeline.web.api.calls import FlowRef, The, Who, on_flow

router = APIRouter(prefix="/api/v1/agents", tags=["Results"])


class AgentRequest(BaseModel):
    """What one task would send, up to the answer."""

    agent: str
    task: str
    model: str | None = Field(description="null: the playbook answers on this machine, and nothing is sent")
    url: str
    body: str = Field(description="byte for byte")
    sha256: str = Field(description="of the body")
    refused: str | None = Field(description="why the gate would not let it pass")


@router.get("/{flow_id}", responses=on_flow())
async def requests(flow_id: FlowRef, who: Who, the: The) -> list[AgentRequest]:
    """Each task with its model and the whole request, in the order of the tasks. Nothing is sent by looking."""
    flow = await the.flow.get(who, flow_id)
    found = await the.advising.requests(who, flow)
    return [AgentRequest.model_validate(one, from_attributes=True) for one in found]
