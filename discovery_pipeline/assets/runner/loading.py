"""Loading: everything a run uses, in a process that will be forked.

Only code and what it remembers: no connection, no engine, no thread. What is missed here costs each run its time, not
its life.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import dagster as dg
import pandas as pd
import pandera.pandas as pa
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.execution.api import create_execution_plan
from pydantic import BaseModel

from discovery_pipeline.agents import quiet, running
from discovery_pipeline.assets import charts, contract
from discovery_pipeline.assets.runner import worker
from discovery_pipeline.assets.runner.starting import code_location
from discovery_pipeline.assets.tags import PARTITION_TAG
from discovery_pipeline.engine import targets
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.requests import Job

PRODUCT, CREWAI = "discovery_pipeline.", "crewai."
PACKAGE = Path(__file__).resolve().parents[2]
ROOMS = ("engine", "store", "agents", "assets")
CREW = f"{PRODUCT}agents.crew"
LIBRARIES = (
    "dagster._cli.api",
    "dagster_postgres",
    "fsspec.implementations.local",
    "jinja2",
    "pandas.io.formats.string",
    "pandera.backends.register_checks",
    "pandera.strategies.pandas_strategies",
    "psycopg",
    "psycopg2",
    "psycopg2.extras",
    "safetensors.numpy",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "sqlalchemy.ext.asyncio",
    "tokenizers",
    "upath",
    "upath.implementations.local",
    "vl_convert",
)
OF_A_CREW = (
    "crewai.hooks.contexts",
    "crewai.llms.cache",
    "crewai.skills.tool",
    "crewai.tasks.hallucination_guardrail",
)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def load(definitions: Path, settings: Settings) -> ReconstructableRepository:
    """Load the code location of that file with all that a home's runs use, and run a job of nothing."""
    crew = running.preloads(settings.agents)
    if crew:
        quiet.load()
    for name in (*LIBRARIES, *(OF_A_CREW if crew else ()), *_modules(crew)):
        try:
            importlib.import_module(name)
        except ImportError as error:  # of an extra that isn't installed; whoever needs it says so
            print(f"Not loaded: {name} ({error}).", flush=True)
    code = code_location(definitions)
    repository = code.get_definition()
    for job in map(repository.get_job, get_args(Job)):
        create_execution_plan(job, run_config={}, tags={PARTITION_TAG: "none"})
        job.get_job_snapshot_id()
    _remember()
    with suppress(FileNotFoundError):  # written when the home is prepared
        worker.instance_ref(settings.root)
    _run_nothing()
    # The collector would write into pages that all forks share.
    gc.collect()
    gc.freeze()
    return code


def _modules(crew: bool) -> Iterator[str]:
    """The product's modules, by their files: packages aren't imported to be looked into."""
    for room in ROOMS:
        folder = PACKAGE / room
        for file in sorted(folder.rglob("*.py")):
            parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if crew or not name.startswith(CREW):
                yield name


def _remember() -> None:
    """Have the product's functions find what they remember, and its models and contracts built."""
    for loader in _loaders():
        loader()
    for name in targets.names():
        targets.load(name)
    for model in _below(BaseModel, PRODUCT, CREWAI):
        model.model_rebuild(raise_errors=False)
    for model in _below(pa.DataFrameModel, PRODUCT):
        _hold_nothing(model)
    charts.bars({}, "")  # reads the fonts


def _hold_nothing(model: type[pa.DataFrameModel]) -> None:
    """Pandera and pandas look up much at their first check of each kind."""
    types = {name: column.dtype.type for name, column in model.to_schema().columns.items()}
    contract.held(model, [pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})])


def _loaders() -> list[Callable[[], Any]]:
    """The product's functions that take nothing and remember their answer."""
    modules = [module for name, module in sys.modules.items() if name.startswith(PRODUCT)]
    remembering = {id(f): f for module in modules for f in vars(module).values() if hasattr(f, "cache_parameters")}
    return [f for f in remembering.values() if not inspect.signature(f).parameters]


def _below(kind: type[Any], *packages: str) -> Iterator[type[Any]]:
    """The classes of that kind in these packages."""
    for found in kind.__subclasses__():
        if found.__module__.startswith(packages):
            yield found
        yield from _below(found, *packages)


def _run_nothing() -> None:
    """Dagster imports and caches much at its first run."""

    @dg.op
    def nothing() -> None: ...

    @dg.job(executor_def=dg.in_process_executor, config=QUIET)
    def idle() -> None:
        nothing()

    with dg.DagsterInstance.ephemeral() as instance:
        idle.execute_in_process(instance=instance)
