"""What tests of every room share: a home of their own, and a store on one server for the whole session."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as searches

from discovery_pipeline.settings import Settings

WATCHER = """
import sys; from pathlib import Path
if not sys.stdin.read():
    from discovery_pipeline.store.postgres.server import EmbeddedServer
    for users in Path(sys.argv[1]).rglob("postgres/users.lock"):
        server = EmbeddedServer(users.parent.parent)
        server.stop()
        server.forget()
"""
"""Waits for the session's word; where it ends without one, the servers of its homes are stopped."""

# A law is tried on the same examples each time, however slow the machine: what fails was broken by a change.
# New examples are searched for by --hypothesis-profile=default.
searches.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
searches.load_profile("steady")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a test after no bytes: packed files hold the time, and side by side all must collect the same tests."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session", autouse=True)
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A session that is killed leaves no server behind."""
    line = [sys.executable, "-c", WATCHER, str(tmp_path_factory.getbasetemp())]
    with subprocess.Popen(line, stdin=subprocess.PIPE, start_new_session=True) as watcher:
        yield
        watcher.communicate(b"well")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A fresh DISCOVERY_HOME that shares nothing; whatever server a test leaves running there is stopped."""
    from discovery_pipeline.store.postgres.server import EmbeddedServer

    place = tmp_path / "home"
    place.mkdir()
    yield place
    server = EmbeddedServer(place)
    server.stop()
    server.forget()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory):
    """One embedded server for the session, stopped at its end."""
    import psycopg

    from discovery_pipeline.store.postgres.server import EmbeddedServer

    running = EmbeddedServer(tmp_path_factory.mktemp("server"))
    running.start()
    with psycopg.connect(f"host={running.sockets} user=postgres dbname=postgres", autocommit=True) as operator:
        operator.execute("alter system set fsync = off")  # its data needn't outlive the session
        operator.execute("select pg_reload_conf()")
    yield running
    running.stop()
    running.leave()
    running.forget()


@pytest.fixture(scope="session")
def template(server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with every table and the default tenant in it, to be copied."""
    from discovery_pipeline.store.blocking import open_store

    with open_store(Settings(home=tmp_path_factory.mktemp("template"), database_url=address(server, "template_flows"))):
        return "template_flows"


@pytest.fixture
def settings(server, template: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a home with a database of its own on the session's server."""
    import psycopg

    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"host={server.sockets} user=postgres dbname=postgres", autocommit=True) as operator:
        operator.execute(f"create database {name} template {template} owner discovery_owner")
        operator.execute(f"revoke all on database {name} from public")
        yield Settings(home=tmp_path / "home", database_url=address(server, name))
        operator.execute(f"drop database {name} with (force)")
        operator.execute(f"drop database if exists {name}_dagster with (force)")


@pytest.fixture
def dagster_database(settings: Settings) -> None:
    """Dagster's database, empty, beside the store's: for tests that run Dagster on it."""
    from discovery_pipeline.store.postgres.databases import Databases

    assert settings.database_url is not None
    Databases.of(settings.database_url.get_secret_value()).create()


@pytest.fixture
def store(settings: Settings):
    """An open store, empty but for the default tenant."""
    from discovery_pipeline.store.blocking import open_store

    with open_store(settings) as opened:
        yield opened


def address(server, database: str) -> str:
    """Where a database of the session's server is, as DISCOVERY_DATABASE_URL has it."""
    return f"postgresql://postgres@/{database}?host={server.sockets}"
