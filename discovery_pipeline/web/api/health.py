"""Health: whether the service lives, and whether all it needs is there. For machines: no token, no tenant."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from discovery_pipeline.web.api.calls import The
from discovery_pipeline.web.metrics import Metrics
from discovery_pipeline.web.services.health import Readiness

router = APIRouter(tags=["Health"])


class Alive(BaseModel):
    """The service answers."""

    status: str = "alive"


@router.get("/health/live")
async def live() -> Alive:
    """Whether the service answers at all."""
    return Alive()


@router.get("/health/ready", responses={503: {"model": Readiness, "description": "A part isn't up"}})
async def ready(the: The, response: Response) -> Readiness:
    """Whether every part is up: the database with its tables, and what `discovery up` runs."""
    found = await the.health.readiness()
    response.status_code = 200 if found.ready else 503
    return found


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text"}},
)
async def metrics(request: Request, the: The) -> Response:
    """Requests, their times, flows by status, runs that wait."""
    counted: Metrics = request.app.state.metrics
    census = await the.health.census()
    counted.flows.clear()
    for status, count in census.flows.items():
        counted.flows.labels(status).set(count)
    counted.waiting.set(census.waiting)
    return Response(counted.text(), media_type="text/plain; version=0.0.4")
