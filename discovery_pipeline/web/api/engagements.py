"""Engagements over HTTP: those that a token's user belongs to. Each call names one of them in its headers."""

from __future__ import annotations

from fastapi import APIRouter

from discovery_pipeline.web.api.calls import The, Who, refusals
from discovery_pipeline.web.services.engagements import EngagementView

router = APIRouter(prefix="/api/v1/engagements", tags=["Engagements"])


@router.get("", responses=refusals())
async def engagements(who: Who, the: The) -> list[EngagementView]:
    """Every engagement of the caller, by name, with the role there; `chosen` is the one that the headers name."""
    return await the.engagement.of(who)
