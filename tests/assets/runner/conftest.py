"""A warm home: a zygote with its dispatcher, on a Dagster instance and a store of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from warm_home import DEFINITIONS, Warm

from discovery_pipeline.assets import instance
from discovery_pipeline.assets.runner import locks
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import open_store


@pytest.fixture(scope="module")
def code() -> Path:
    """The code location whose runs are warm; a module may have another."""
    return DEFINITIONS


@pytest.fixture(scope="module")
def warm_home(home_of_the_module: Settings, code: Path) -> Iterator[Warm]:
    """A home for the tests of a module."""
    home = home_of_the_module.root
    with open_store(home_of_the_module) as store, instance.opened(store.dagster_url, home) as dagster:
        warm = Warm(store, dagster, home, code)
        yield warm
        if warm.process is not None and warm.process.poll() is None:
            warm.stop()
        locks.end_workers(home, 5)


@pytest.fixture
def warm(warm_home: Warm) -> Iterator[Warm]:
    """A warm home on which nothing runs."""
    warm_home.start()
    yield warm_home
    locks.end_workers(warm_home.home, 5)
    for waiting in warm_home.dagster.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])):
        warm_home.dagster.run_coordinator.cancel_run(waiting.run_id)
