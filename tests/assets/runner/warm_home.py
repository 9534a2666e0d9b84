"""A warm home as tests use it: a zygote that can be killed, requests, and the runs that come of them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg

from discovery_pipeline.assets.runner import locks, starting
from discovery_pipeline.assets.runner.calling import STALE, ask
from discovery_pipeline.store import requests
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.requests import Job, RunRequest

DEFINITIONS = Path(__file__).with_name("behaving.py")
T = TypeVar("T")


def until(found: Callable[[], T | None], seconds: float = 500.0) -> T:
    """What is found, as soon as there is something."""
    deadline = time.monotonic() + seconds
    while not (there := found()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
    return there


class Warm:
    """A home whose zygote can be killed and started again."""

    def __init__(self, store: Store, dagster: dg.DagsterInstance, home: Path, code: Path = DEFINITIONS) -> None:
        self.store, self.dagster, self.home, self.code = store, dagster, home, code
        self.log = home / "runner.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the zygote, unless it runs."""
        if self.process is not None and self.process.poll() is None:
            return
        self.spawn()
        until(lambda: self.state.get("dispatcher"))

    def spawn(self) -> None:
        """Start a zygote."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "discovery_pipeline.assets.runner.zygote", self.home, self.code],
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def origin(self) -> starting.Origin:
        """Where the code of its runs comes from."""
        return starting.origin(starting.code_location(self.code))

    def begun(self, request: RunRequest) -> dg.DagsterRun:
        """The request's run, whose launch was broken off before it had a worker."""
        run = starting.created(self.dagster, lambda: self.origin, request)
        starting_ = dg.DagsterEvent(event_type_value="PIPELINE_STARTING", job_name=run.job_name)
        self.dagster.report_dagster_event(starting_, run.run_id)
        found = self.run(request)
        assert found is not None
        return found

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the zygote; its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(240)

    @property
    def state(self) -> dict[str, Any]:
        """What the zygote says of itself, as soon as it says something."""

        def answered() -> dict[str, Any] | None:
            said = ask(self.home, {})
            return None if "refused" in said else said

        return until(answered)

    def request(self, name: str, job: Job = "discover", selection: tuple[str, ...] = ()) -> RunRequest:
        """Ask for a run on a new flow, whose name tells it what to do."""
        flow = self.store.create_flow(self.store.default_tenant(), name, "servicenow", "aws")

        async def asked() -> RunRequest:
            async with self.store.flows.changing(flow.tenant) as states:
                return await requests.request(states, flow, job, "upload accepted", selection)

        return self.store.wait_for(asked())

    def run(self, request: RunRequest) -> dg.DagsterRun | None:
        """The request's run, once there is one."""
        return self.dagster.get_run_by_id(request.run_id)

    def becomes(self, request: RunRequest, *statuses: dg.DagsterRunStatus) -> dg.DagsterRun:
        """The request's run, as soon as it has one of these statuses; without any, as soon as it has ended."""

        def found() -> dg.DagsterRun | None:
            if self.process is not None and self.process.poll() == STALE:
                self.spawn()  # as its supervisor would
            run = self.run(request)
            return run if run and (run.status in statuses if statuses else run.is_finished) else None

        return until(found)

    def worker(self, request: RunRequest) -> int | None:
        """The process of the request's run."""
        return locks.worker(self.home, request.run_id)

    def messages(self, request: RunRequest) -> str:
        """All that Dagster's log says of the request's run."""
        return self.said(request.run_id)

    def said(self, run_id: str) -> str:
        """All that Dagster's log says of a run."""
        entries = self.dagster.all_logs(run_id)
        ends = [entry.dagster_event for entry in entries if entry.dagster_event and entry.dagster_event.is_job_failure]
        failures = [end.event_specific_data for end in ends]
        told = [str(entry.user_message or entry.message) for entry in entries]
        return "\n".join(told + [str(failure) for failure in failures if failure])
