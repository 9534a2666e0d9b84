"""A warm home: a zygote with its dispatcher, on a Dagster instance and a store of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from warm_home import DEFINITIONS, Warm

from discovery_pipeline.assets import instance
from discovery_pipeline.assets.runner import locks
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import open_store
from discovery_pipeline.store.postgres.databases import Databases


@pytest.fixture(scope="module")
def code() -> Path:
    """The code location whose runs are warm; a module may have another."""
    return DEFINITIONS


@pytest.fixture(scope="module")
def warm_home(server, template: str, code: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """A home for the tests of a module."""
    name = f"warm_{uuid.uuid4().hex[:12]}"
    home = tmp_path_factory.mktemp("warm")
    url = f"postgresql://postgres@/{name}?host={server.sockets}"
    with psycopg.connect(f"host={server.sockets} user=postgres dbname=postgres", autocommit=True) as operator:
        operator.execute(f"create database {name} template {template} owner discovery_owner")
        operator.execute(f"revoke all on database {name} from public")
        Databases.of(url).create()
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("DISCOVERY_DATABASE_URL", url)
            environment.setenv("DISCOVERY_HOME", str(home))
            environment.setenv("DISCOVERY_AGENTS_ENGINE", "expert")  # CrewAI takes seconds to load
            settings = Settings(home=home)
            with open_store(settings) as store, instance.opened(store.dagster_url, home) as dagster:
                warm = Warm(store, dagster, home, code)
                yield warm
                if warm.process is not None and warm.process.poll() is None:
                    warm.stop()
                locks.end_workers(home, 5)
        operator.execute(f"drop database {name} with (force)")
        operator.execute(f"drop database {name}_dagster with (force)")


@pytest.fixture
def warm(warm_home: Warm) -> Iterator[Warm]:
    """A warm home on which nothing runs."""
    warm_home.start()
    yield warm_home
    locks.end_workers(warm_home.home, 5)
    for waiting in warm_home.dagster.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])):
        warm_home.dagster.run_coordinator.cancel_run(waiting.run_id)
