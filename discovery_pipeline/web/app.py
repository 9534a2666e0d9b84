"""The application: the API and the pages over one home, made by `application()` for uvicorn's --factory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.staticfiles import StaticFiles

from discovery_pipeline import log
from discovery_pipeline.settings import Settings, read
from discovery_pipeline.web import api, pages, problems, reference
from discovery_pipeline.web.bounds import Bounds
from discovery_pipeline.web.description import describe, named
from discovery_pipeline.web.ending import CutOff, before_the_end
from discovery_pipeline.web.heads import Heads
from discovery_pipeline.web.metrics import Counted, Metrics
from discovery_pipeline.web.origins import sharing
from discovery_pipeline.web.pages.router import error_page
from discovery_pipeline.web.pages.router import router as page_router
from discovery_pipeline.web.pages.warming import warming
from discovery_pipeline.web.rereading import Rereading
from discovery_pipeline.web.security import Door, SecurityHeaders
from discovery_pipeline.web.services import opened


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
        async with opened(chosen) as services, warming():
            app.state.services = services
            with before_the_end(services.bell.end):
                yield

    app = FastAPI(
        lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False, generate_unique_id_function=named
    )
    app.state.metrics = Metrics()
    problems.install(app, error_page)
    app.add_middleware(Rereading)
    app.add_middleware(Bounds)
    app.add_middleware(Door)
    app.add_middleware(CutOff)
    app.add_middleware(Counted, metrics=app.state.metrics)
    app.add_middleware(Heads)
    if shared := sharing(chosen.cors_origins):
        app.add_middleware(CORSMiddleware, **shared)
    app.add_middleware(SecurityHeaders)
    app.include_router(api.router)
    app.include_router(reference.router)
    app.include_router(page_router, include_in_schema=False)
    app.mount("/static", StaticFiles(packages=[(pages.__name__, "static")]), name="static")
    describe(app)
    return app
