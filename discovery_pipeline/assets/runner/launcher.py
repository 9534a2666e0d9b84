"""The run launcher of dagster.yaml: a run goes to the zygote, and to a process of its own where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagster import DagsterRun, Field, StringSource
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._serdes import ConfigurableClass, ConfigurableClassData

from discovery_pipeline.assets.runner import locks, place
from discovery_pipeline.assets.runner.calling import ask
from discovery_pipeline.assets.runner.worker import INSTANCE

PATIENCE_SECONDS = 30.0
"""How long a launch waits for the zygote. On a machine that makes it slow, a new process would be slower by minutes."""


class WarmRunLauncher(RunLauncher, ConfigurableClass):
    """Starts a run's worker, tells whether it lives, and ends it."""

    def __init__(self, home: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._home = Path(home)
        super().__init__()

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """What dagster.yaml said."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """What dagster.yaml has to say."""
        return {"home": Field(StringSource)}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Any:
        """As Dagster makes it from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Have a worker begin the run."""
        run = context.dagster_run
        answer = ask(self._home, {"run": run.run_id, "version": place.code_version()}, PATIENCE_SECONDS)
        if "refused" not in answer:
            return
        self._instance.report_engine_event(
            f"The run starts in a new process, which takes some seconds: {answer['refused']}.", run, cls=type(self)
        )
        self._start(run.run_id)

    def _start(self, run_id: str) -> None:
        """Start a worker that is nobody's child, so that it outlives whoever launched it, and nobody has to wait."""
        subprocess.run(
            [sys.executable, "-P", "-m", "discovery_pipeline.assets.runner.worker", str(self._home), run_id],
            env=os.environ | {"DAGSTER_HOME": str(self._home / INSTANCE), "DISCOVERY_HOME": str(self._home)},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            check=True,
        )

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether `check_run_worker_health` answers: so that run monitoring fails the runs of dead workers."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Whether the run's worker lives, or a command that executes it."""
        if not locks.lives(self._home, run.run_id):
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the run's process is gone")
        return CheckRunHealthResult(WorkerStatus.RUNNING, run_worker_id=str(locks.worker(self._home, run.run_id) or ""))

    def terminate(self, run_id: str) -> bool:
        """Ask the run's worker to stop. Tells whether there was one."""
        run = self._instance.get_run_by_id(run_id)
        if not run or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        return locks.interrupt(self._home, run_id)
