"""The HTTP API: one small function a call, over `services`. Names, paths and answers are a contract with clients."""

from __future__ import annotations

from fastapi import APIRouter

from discovery_pipeline.web.api import health

router = APIRouter()
router.include_router(health.router)

__all__ = ["router"]
