"""The pages: server-rendered HTML over the services, each page in a module of its own."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from fastapi.responses import RedirectResponse

from discovery_pipeline.web.pages import (
    agents,
    archiving,
    cancelling,
    cleansing,
    clusters,
    cmdb_import,
    engagements,
    field_mapping,
    flows,
    groups,
    history,
    login,
    oidc,
    preview,
    profiles,
    report,
    review_profiles,
    review_steps,
    targets,
    validation,
)
from discovery_pipeline.web.pages.errors import error_page

router = APIRouter()


@router.get("/")
async def home() -> RedirectResponse:
    """The first page."""
    return RedirectResponse("/discovery", 303)


for part in (
    login,
    oidc,
    flows,
    engagements,
    cmdb_import,
    field_mapping,
    preview,
    review_steps,
    review_profiles,
    profiles,
    targets,
    cleansing,
    clusters,
    validation,
    groups,
    history,
    cancelling,
    archiving,
    report,
    agents,
):
    router.include_router(part.router)


@router.get("/discovery/{rest:path}")
async def missing(rest: str) -> RedirectResponse:
    """Any other address below /discovery; one with a slash at its end leads to the page without."""
    page = f"/discovery/{rest}"
    if page.endswith("/"):
        return RedirectResponse(page.rstrip("/"), 307)
    raise HTTPException(404, f"There is no page /discovery/{rest[:200]}. The list of all discoveries leads further.")


__all__ = ["error_page", "router"]
