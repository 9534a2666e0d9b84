"""The HTTP API: one small function a call, over `services`. Names, paths and answers are a contract with clients."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from discovery_pipeline.web.api import (
    agents,
    cleansing,
    clusters,
    engagements,
    flows,
    health,
    layouts,
    mappings,
    profiles,
    results,
    review,
    systems,
    uploads,
    values,
)
from discovery_pipeline.web.api.calls import only_known

PARTS = (
    systems, flows, uploads, layouts, mappings, review, values, profiles, cleansing, clusters, results, agents,
    engagements, health,
)  # fmt: skip

router = APIRouter()
for part in PARTS:
    router.include_router(part.router, dependencies=[Depends(only_known)] if part is not health else None)

__all__ = ["router"]
