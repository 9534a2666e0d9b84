"""A worker: the process of one run, forked from the zygote or started by itself.

Usage: python -m discovery_pipeline.assets.runner.worker HOME RUN_ID
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from discovery_pipeline.assets.runner import locks

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from dagster._core.instance.ref import InstanceRef

INSTANCE = "dagster"
"""Folder of a home that holds dagster.yaml."""
CRASHED = 70
STATEMENT_SECONDS = 60


def execute(home: Path, run_id: str) -> int:
    """Execute the run, which tells Dagster all that happens to it; the process's exit code."""
    from dagster._cli.api import _execute_run_command_body
    from dagster._utils.interrupts import capture_interrupts

    from discovery_pipeline.assets.runner.logs import RunLogs

    RunLogs.capturing = True
    with capture_interrupts(), _instance(home) as instance:
        return _execute_run_command_body(run_id, instance, lambda event: None, set_exit_code_on_failure=True)


def report_death(home: Path, run_id: str, how: str) -> None:
    """Tell Dagster that the run's worker died, where it could not tell itself."""
    from dagster import DagsterRunStatus

    with _instance(home) as instance:
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return
        told = f"The run's process ended by itself: {how}."
        if run.status is DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, told)
        else:
            instance.report_run_failed(run, told)


def instance_ref(home: Path) -> InstanceRef:
    """What the home's instance is made of, read anew only where its file was: forks have what the zygote read."""
    folder = home / INSTANCE
    return _instance_ref(folder, (folder / "dagster.yaml").stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _instance_ref(folder: Path, written: int) -> InstanceRef:
    from dagster._core.instance.ref import InstanceRef

    return InstanceRef.from_dir(str(folder))


@contextmanager
def _instance(home: Path) -> Iterator[DagsterInstance]:
    """The home's instance, with its database: an embedded one stays as long as we use it."""
    from dagster import DagsterInstance

    from discovery_pipeline.agents import running
    from discovery_pipeline.assets.agents import POOL
    from discovery_pipeline.assets.runner import storage
    from discovery_pipeline.settings import Settings
    from discovery_pipeline.store.postgres.connection import connected

    settings = Settings(home=home)
    # The pool is for models; the playbook answers at once, and waits for nobody.
    storage.Events.idle_pools = frozenset() if running.asks_any(settings.agents) else frozenset({POOL})
    told = storage.of_a_run(instance_ref(home))
    with connected(settings), DagsterInstance.from_ref(told) as instance:
        # Pooled, a run opens a dozen sessions at the database; by itself Dagster opens one a query, 140 in all.
        instance.optimize_for_webserver(statement_timeout=STATEMENT_SECONDS * 1000, pool_recycle=-1, max_overflow=20)
        yield instance


def live(home: Path, run_id: str, lock: locks.WorkerLock) -> None:
    """Be the run's worker; this process ends with it. Of one that crashed the lock's file stays, as of a killed one."""
    code = CRASHED
    try:
        lock.name_holder()
        code = execute(home, run_id)
        lock.release()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Work on the run of the command line, unless somebody does, as a process that nobody has to wait for."""
    home, run_id = Path(sys.argv[1]), sys.argv[2]
    lock = locks.acquire(home, run_id)
    # Locked before the launcher goes on: from then on everybody can see whether the worker lives or has died.
    if lock is None or os.fork():
        os._exit(0)
    live(home, run_id, lock)


if __name__ == "__main__":
    main()
