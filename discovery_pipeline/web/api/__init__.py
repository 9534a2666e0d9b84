"""The HTTP API: one small function a call, over `services`. Names, paths and answers are a contract with clients."""

from __future__ import annotations

from fastapi import APIRouter

from discovery_pipeline.web.api import (
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
    uploads,
)

router = APIRouter()
for part in (flows, uploads, layouts, mappings, review, profiles, cleansing, clusters, results, engagements, health):
    router.include_router(part.router)

__all__ = ["router"]
