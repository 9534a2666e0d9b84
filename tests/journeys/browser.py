"""A browser, and a service for it: the application on a port, and its runs, worked off in this process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from discovery_pipeline.settings import Settings
from discovery_pipeline.web.services import Services

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Service:
    """Where the pages are, and the loop that serves them."""

    url: str
    services: Services
    loop: asyncio.AbstractEventLoop

    def login_link(self) -> str:
        """A link as `discovery up` prints it."""
        made = asyncio.run_coroutine_threadsafe(self.services.access.create_code("operator"), self.loop)
        return f"{self.url}/login?code={made.result(timeout=60)}"


@contextmanager
def serving(settings: Settings) -> Iterator[Service]:
    """The application of that home on a free port, and a thread that does its runs."""
    import uvicorn

    from discovery_pipeline.web.app import application

    app = application(settings)
    plan = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=1)
    server, loop = uvicorn.Server(plan), asyncio.new_event_loop()
    web = threading.Thread(target=loop.run_until_complete, args=(server.serve(),), name="web")
    over = threading.Event()
    runs = threading.Thread(target=_work, args=(settings, over), name="runs")
    web.start()
    try:
        deadline = time.monotonic() + 500
        while not server.started:
            assert web.is_alive(), "the service didn't start"
            assert time.monotonic() < deadline, "the service took too long to start"
            time.sleep(0.02)
        runs.start()
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Service(f"http://127.0.0.1:{port}", app.state.services, loop)
    finally:
        over.set()
        server.should_exit = True
        web.join()
        loop.close()
        if runs.ident:
            runs.join()


def _work(settings: Settings, over: threading.Event) -> None:
    """Do what is requested, until it is over."""
    import dagster as dg

    from discovery_pipeline.assets.build import build
    from discovery_pipeline.assets.partitions import FLOWS
    from discovery_pipeline.store import requests
    from discovery_pipeline.store.blocking import open_store

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with open_store(settings) as store, dg.DagsterInstance.ephemeral() as instance:
        defs = build(settings)

        async def claim(request: requests.RunRequest) -> None:
            async with requests.claiming(store.flows, request, "test"):
                pass

        while not over.wait(LOOK_SECONDS):
            for request in store.wait_for(requests.open_requests(store.flows)):
                store.wait_for(claim(request))
                instance.add_dynamic_partitions(FLOWS, [request.slug])
                defs.resolve_job_def(request.job).execute_in_process(
                    instance=instance, partition_key=request.slug, raise_on_error=False, run_config=quiet
                )
