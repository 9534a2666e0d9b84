"""Health: whether the service lives, and whether all it needs is there. For machines: no token, no tenant."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(tags=["Health"])


class Alive(BaseModel):
    """The service answers."""

    status: str = "alive"


@router.get("/health/live")
async def live() -> Alive:
    """Whether the service answers at all."""
    return Alive()
