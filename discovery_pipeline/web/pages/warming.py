"""Warming: what the first look at a page would wait for is done while nobody does.

Templates are compiled, contracts of targets read, and DuckDB opened once; last comes pandera, for which the first
preview of what a changed mapping changes would wait most. It takes two seconds of another thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from discovery_pipeline.engine import duck, targets
from discovery_pipeline.engine.mapping.transformations.previewing import preview
from discovery_pipeline.web.pages.templating import environment

log = structlog.get_logger(__name__)


@asynccontextmanager
async def warming() -> AsyncIterator[None]:
    """Warm up beside whatever is done in the block."""
    task = asyncio.create_task(asyncio.to_thread(warm))
    try:
        yield
    finally:
        await asyncio.gather(task, return_exceptions=True)


def warm() -> None:
    """Do once what is kept afterwards. What fails here will be told where it is needed."""
    try:
        _warm()
    except Exception as error:  # a page is slow once, and nothing else
        log.warning("warming up failed", kind=type(error).__name__)


def _warm() -> None:
    import rapidfuzz.process  # noqa: F401

    pages = environment()
    for name in pages.list_templates():
        pages.get_template(name)
    for name in targets.names():
        targets.load(name)
    with duck.connect() as con:
        preview(con, {"a": ["1 GB"]}, "a", 'convert("GB","MB") | round', "integer")
    import discovery_pipeline.engine.validation.contract  # noqa: F401
