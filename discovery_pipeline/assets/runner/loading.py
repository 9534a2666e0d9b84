"""Loading: everything a run uses, in a process that will be forked.

Only code is loaded: no connection, no engine, no thread. What is missed here costs each run its time, not its life.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.execution.api import create_execution_plan

from discovery_pipeline.assets.runner.starting import PARTITION_TAG, code_location
from discovery_pipeline.store.requests import Job

ROOMS = ("discovery_pipeline.engine", "discovery_pipeline.store", "discovery_pipeline.assets")
LIBRARIES = (
    "dagster._cli.api",
    "dagster_postgres",
    "fsspec.implementations.local",
    "jinja2",
    "pandera.pandas",
    "psycopg",
    "psycopg2",
    "safetensors.numpy",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "sqlalchemy.ext.asyncio",
    "tokenizers",
)

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def load(definitions: Path) -> ReconstructableRepository:
    """Load the code location of that file and the libraries that its runs use, and run a job of nothing."""
    for name in (*LIBRARIES, *_modules()):
        try:
            importlib.import_module(name)
        except ImportError as error:  # of an extra that isn't installed; whoever needs it says so
            print(f"Not loaded: {name} ({error}).", flush=True)
    code = code_location(definitions)
    repository = code.get_definition()
    _run_nothing()
    for job in map(repository.get_job, get_args(Job)):
        create_execution_plan(job, run_config={}, tags={PARTITION_TAG: "none"})
        job.get_job_snapshot_id()
    # The collector would write into pages that all forks share.
    gc.collect()
    gc.freeze()
    return code


def _modules() -> Iterator[str]:
    for room in ROOMS:
        package = importlib.import_module(room)
        yield from (module.name for module in pkgutil.walk_packages(package.__path__, f"{room}."))


def _run_nothing() -> None:
    """Dagster imports and caches much at its first run."""

    @dg.op
    def nothing() -> None: ...

    @dg.job(executor_def=dg.in_process_executor, config=QUIET)
    def idle() -> None:
        nothing()

    with dg.DagsterInstance.ephemeral() as instance:
        idle.execute_in_process(instance=instance)
