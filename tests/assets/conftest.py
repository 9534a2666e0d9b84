"""What tests of the assets share: definitions, a flow with files, and Dagster's instance on a copied database."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import pytest

from discovery_pipeline.assets import instance as dagster_instance
from discovery_pipeline.assets.build import build
from discovery_pipeline.engine.mapping.model import Mapping
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.files.artifacts import UPLOADS
from discovery_pipeline.store.files.values import VALUE, decoded
from discovery_pipeline.store.postgres.databases import Databases

SERVERS = "sys_id,name,ip_address,os\n" + "".join(f"{i:032x},web{i:03},10.0.0.{i},Ubuntu\n" for i in range(1, 40))


@pytest.fixture
def defs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dg.Definitions:
    """The code location of the test's home."""
    assert settings.database_url is not None
    monkeypatch.setenv("DISCOVERY_DATABASE_URL", settings.database_url.get_secret_value())
    return build(settings)


@pytest.fixture
def flow(store: Store) -> Flow:
    """A flow with one file."""
    made = store.create_flow(store.default_tenant(), "servers", "servicenow", "aws")
    with store.artifacts.writing(made, UPLOADS) as folder:
        (folder / "servers.csv").write_text(SERVERS)
    return made


@pytest.fixture(scope="session")
def dagster_template(server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with Dagster's tables in it, to be copied."""
    import psycopg

    name = "template_dagster"
    with psycopg.connect(f"host={server.sockets} user=postgres dbname=postgres", autocommit=True) as operator:
        operator.execute(f"create database {name}")
    url = f"postgresql+psycopg2://postgres@/{name}?host={server.sockets}"
    dagster_instance.prepare(url, tmp_path_factory.mktemp("dagster"))
    return name


@pytest.fixture
def instance(dagster_template: str, server, settings: Settings, store: Store) -> Iterator[dg.DagsterInstance]:
    """The home's own instance, on PostgreSQL."""
    import psycopg

    assert settings.database_url is not None
    theirs = Databases.of(settings.database_url.get_secret_value()).dagster
    with psycopg.connect(f"host={server.sockets} user=postgres dbname=postgres", autocommit=True) as operator:
        operator.execute(f"create database {theirs} template {dagster_template} owner discovery_orchestrator")
    with psycopg.connect(f"host={server.sockets} user=postgres dbname={theirs}", autocommit=True) as operator:
        for (table,) in operator.execute("select tablename from pg_tables where schemaname = 'public'").fetchall():
            operator.execute(f'alter table "{table}" owner to discovery_orchestrator')
    with dagster_instance.opened(store.dagster_url, settings.root) as opened:
        yield opened


@pytest.fixture(scope="module")
def home_of_the_module(server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a home with databases of its own, which the environment names for other processes."""
    import psycopg

    name, home = f"home_{uuid.uuid4().hex[:12]}", tmp_path_factory.mktemp("home")
    url = f"postgresql://postgres@/{name}?host={server.sockets}"
    with psycopg.connect(f"host={server.sockets} user=postgres dbname=postgres", autocommit=True) as operator:
        operator.execute(f"create database {name} template {template} owner discovery_owner")
        operator.execute(f"revoke all on database {name} from public")
        Databases.of(url).create()
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("DISCOVERY_DATABASE_URL", url)
            environment.setenv("DISCOVERY_HOME", str(home))
            environment.setenv("DISCOVERY_AGENTS_ENGINE", "expert")  # CrewAI takes seconds to load
            yield Settings(home=home)
        operator.execute(f"drop database {name} with (force)")
        operator.execute(f"drop database {name}_dagster with (force)")


@pytest.fixture(scope="session")
def approving() -> Callable[[Store], Callable[[Flow], None]]:
    """Approve what the matcher offers for a flow of a store, as a reviewer who takes all of it."""

    def of(store: Store) -> Callable[[Flow], None]:
        def approved(flow: Flow) -> None:
            offered = store.artifacts.reading(flow, "mapping_suggestions")
            suggestions: Any = decoded((offered / VALUE).read_text(), offered)
            store.submit_mapping(flow, [Mapping(target=s.target, fields=s.assignment) for s in suggestions], by="ana")

        return approved

    return of


@pytest.fixture
def approve(store: Store, approving: Callable[[Store], Callable[[Flow], None]]) -> Callable[[Flow], None]:
    """The same, of the test's store."""
    return approving(store)
