"""The HTTP API: one small function a call, over `services`. Names, paths and answers are a contract with clients."""

from __future__ import annotations

from fastapi import APIRouter

from discovery_pipeline.web.api import cleansing, flows, health, mappings, profiles, results, review, uploads

router = APIRouter()
for part in (flows, uploads, mappings, review, profiles, cleansing, results, health):
    router.include_router(part.router)

__all__ = ["router"]
