"""The dispatcher: listens for run requests, and has each one's run started once.

It keeps nothing: the requests are rows. So an error that isn't about one request ends it, and the zygote makes another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import psycopg
import structlog
from dagster._core.definitions.reconstruct import ReconstructableRepository

from discovery_pipeline.assets import instance
from discovery_pipeline.assets.runner.starting import Origin, origin, start
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import requests
from discovery_pipeline.store.blocking import open_store
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.postgres.databases import Role
from discovery_pipeline.store.requests import RunRequest

CLAIMER = "warm runner"
LOOK_SECONDS = 5.0
"""How often the table is looked at although nothing rang: a ring is lost while a connection is cut."""

log = structlog.get_logger(__name__)


def serve(home: Path, code: ReconstructableRepository) -> None:
    """Start what is requested, until a connection breaks or a signal comes."""
    with (
        open_store(Settings(home=home)) as store,
        instance.at_work(store.dagster_url, home) as dagster,
        _listening(store.databases.dsn(Role.ORCHESTRATOR)) as rung,
    ):
        ours = origin(code)
        while True:
            for request in store.wait_for(requests.open_requests(store.flows)):
                store.wait_for(_dispatch(store.flows, request, dagster, ours))
            rung(LOOK_SECONDS)


async def _dispatch(flows: Flows, request: RunRequest, dagster: dg.DagsterInstance, ours: Origin) -> None:
    """Start one request's run, unless somebody else does. What Dagster refuses is noted with the request."""
    try:
        async with requests.claiming(flows, request, CLAIMER) as mine:
            if mine is not None:
                run = await asyncio.to_thread(start, dagster, ours, mine)
                log.info("run started", flow=mine.slug, job=mine.job, run=run.run_id)
    except dg.DagsterError as error:
        log.error("run not started", flow=request.slug, job=request.job, error=str(error))


@contextmanager
def _listening(dsn: str) -> Iterator[Callable[[float], None]]:
    """Wait for the bell of new requests, at most so many seconds."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"listen {requests.CHANNEL}")

        def rung(seconds: float) -> None:
            for _ in connection.notifies(timeout=seconds, stop_after=1):
                return

        yield rung
