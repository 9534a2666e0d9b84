"""The HTTP API: one small function a call, over `services`. Names, paths and answers are a contract with clients."""

from __future__ import annotations

from fastapi import APIRouter

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

PARTS = (
    systems, flows, uploads, layouts, mappings, review, values, profiles, cleansing, clusters, results, agents,
    engagements, health,
)  # fmt: skip

router = APIRouter()
for part in PARTS:
    router.include_router(part.router)

__all__ = ["router"]
