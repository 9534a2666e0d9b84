"""The application: the API and the pages over one home, made by `application()` for uvicorn's --factory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module, metadata
from importlib.util import find_spec

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from discovery_pipeline import log
from discovery_pipeline.settings import Settings, read
from discovery_pipeline.web import api, problems
from discovery_pipeline.web.security import Door, SecurityHeaders
from discovery_pipeline.web.services import opened

PAGES = "discovery_pipeline.web.pages"
TITLE = "discovery_pipeline"


def application(settings: Settings | None = None) -> FastAPI:
    """The application of that home; without settings, of the one that the environment names.

    Raises
    ------
    SettingsError
        A setting has a value that it can't have.
    """
    chosen = settings or read()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        log.configure(chosen.log_level)
        async with opened(chosen) as services:
            app.state.services = services
            yield

    app = FastAPI(
        title=TITLE,
        version=metadata.version("discovery-pipeline"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    pages = import_module(f"{PAGES}.router") if _there(f"{PAGES}.router") else None
    problems.install(app, getattr(pages, "error_page", None))
    app.add_middleware(Door)
    app.add_middleware(SecurityHeaders)
    app.include_router(api.router)
    if pages is not None:
        app.include_router(pages.router, include_in_schema=False)
        app.mount("/static", StaticFiles(packages=[(PAGES, "static")]), name="static")
    return app


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
