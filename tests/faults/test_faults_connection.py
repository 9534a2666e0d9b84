"""The database goes away: connections are cut before and after COMMIT, servers restart, locks are waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from wire import Cut, Wire

from discovery_pipeline.errors import FlowOperationError, OperationTimeoutError, OutcomeUnknownError, ServerError
from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.postgres import locks, session, silence
from discovery_pipeline.store.postgres.server import EmbeddedServer


def new(store: Store) -> Flow:
    return store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")


def kept(store: Store, flow: Flow, **patch: Any) -> Flow:
    return store.wait_for(store.flows.update(flow.tenant, flow.id, patch))


def cut(store: Store) -> None:
    """End every connection to the store's database, as a failing network does."""
    with psycopg.connect(store.databases.dsn(database="discovery"), autocommit=True) as operator:
        operator.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )


@contextmanager
def hanging(store: Store) -> Iterator[None]:
    """The server takes connections, and answers none."""
    with psycopg.connect(store.databases.dsn(database="discovery")) as operator:
        server = psutil.Process(operator.info.backend_pid).parent()
    assert server is not None
    server.suspend()  # first, so that it begins no other child
    children = server.children(recursive=True)
    try:
        _each(children, psutil.Process.suspend)
        yield
    finally:
        _each(children, psutil.Process.resume)
        server.resume()


def _each(processes: list[psutil.Process], do: Callable[[psutil.Process], None]) -> None:
    """Do it to those that haven't ended."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            do(process)


@contextmanager
def once(fragment: str, act: Callable[[], None]) -> Iterator[list[str]]:
    """Act before the first statement that holds the fragment; every such statement is listed."""
    met: list[str] = []

    def before(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if fragment in statement:
            met.append(statement)
            if len(met) == 1:
                act()

    event.listen(Engine, "before_cursor_execute", before)
    try:
        yield met
    finally:
        event.remove(Engine, "before_cursor_execute", before)


def test_connections_that_were_cut_while_idle_are_not_noticed(store: Store):
    flow = new(store)
    cut(store)
    assert store.start_phase(flow, Phase.DATA_IMPORT).version == flow.version + 1


@pytest.mark.parametrize("statement", ["FOR UPDATE", "UPDATE discovery_flows", "INSERT INTO flow_events"])
def test_a_transaction_that_was_cut_before_its_commit_is_done_again_and_once(store: Store, statement: str):
    flow = new(store)
    with once(statement, lambda: cut(store)) as tries:
        assert store.start_phase(flow, Phase.DATA_IMPORT).version == flow.version + 1
    assert len(tries) == 2
    assert store.query(f"select count(*) from flow_state_audits where flow_id = '{flow.id}'") == [(2,)]
    assert store.check(flow) == []


@pytest.fixture
def wire(server: EmbeddedServer) -> Iterator[Wire]:
    through = Wire(server.sockets)
    yield through
    through.close()


@pytest.mark.parametrize(("where", "happened"), [("before COMMIT arrives", False), ("before its answer arrives", True)])
def test_a_commit_without_an_answer_is_said_to_be_unknown(settings: Settings, wire: Wire, where: Cut, happened: bool):
    assert settings.database_url is not None
    address = settings.database_url.get_secret_value()
    through = f"{address.partition('?')[0]}?host={wire.folder}"
    with open_store(Settings(home=settings.home, database_url=through)) as store:
        flow = new(store)
        wire.cut = where
        with pytest.raises(OutcomeUnknownError, match="may have happened, or not") as told:
            store.start_phase(flow, Phase.DATA_IMPORT)
        assert "Nothing was changed" not in str(told.value)
        assert told.value.flow_id == flow.id
        assert (store.flow(None, flow.id).version > flow.version) is happened
        assert store.start_phase(flow, Phase.DATA_IMPORT).version == flow.version + 1
        assert store.check(flow) == []


def test_what_only_reads_is_read_again_where_its_commit_has_no_answer(settings: Settings, wire: Wire):
    assert settings.database_url is not None
    address = settings.database_url.get_secret_value()
    through = f"{address.partition('?')[0]}?host={wire.folder}"
    with open_store(Settings(home=settings.home, database_url=through)) as store:
        flow = new(store)
        wire.cut = "before its answer arrives"
        assert store.flow(None, flow.id).version == flow.version
        assert wire.cut is None


def test_a_server_that_restarts_in_the_middle_of_the_work_loses_and_doubles_nothing(home: Path):
    server = EmbeddedServer(home)
    server.start()
    address = f"postgresql://postgres@/discovery?host={server.sockets}"
    with open_store(Settings(home=home / "elsewhere", database_url=address)) as store:
        flow = new(store)
        done, unknown = [], []

        def work(name: str) -> None:
            for number in range(60):
                try:
                    done.append(kept(store, flow, **{name: number}).version)
                except OutcomeUnknownError as error:
                    unknown.append(error)

        workers = [threading.Thread(target=work, args=(name,)) for name in "abc"]
        for worker in workers:
            worker.start()
        server.stop()
        server.start()
        for worker in workers:
            worker.join()
        changes = store.flow(None, flow.id).version - flow.version
        assert len(done) + len(unknown) == 180
        assert len(set(done)) == len(done)
        assert len(done) <= changes <= len(done) + len(unknown)
        assert store.check(flow) == []
    server.leave()


def test_the_embedded_server_comes_back_when_somebody_stopped_it(home: Path):
    with open_store(Settings(home=home)) as store:
        flow = new(store)
        EmbeddedServer(home).stop()
        assert store.start_phase(flow, Phase.DATA_IMPORT).version == flow.version + 1


def test_a_server_that_stays_away_is_named_and_found_again(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(session, "PAUSES", (0.01,))
    server = EmbeddedServer(home)
    server.start()
    address = f"postgresql://postgres@/discovery?host={server.sockets}"
    with open_store(Settings(home=home / "elsewhere", database_url=address)) as store:
        flow = new(store)
        server.stop()
        with pytest.raises(ServerError, match=r"PostgreSQL doesn't answer: .* Nothing was changed"):
            store.start_phase(flow, Phase.DATA_IMPORT)
        server.start()
        assert store.start_phase(flow, Phase.DATA_IMPORT).version == flow.version + 1
    server.leave()


@pytest.mark.parametrize(("limit", "given"), [("LOCK_TIMEOUT", "100ms"), ("STATEMENT_TIMEOUT", "100ms")])
def test_a_row_that_somebody_holds_is_waited_for_and_then_given_up(
    store: Store, monkeypatch: pytest.MonkeyPatch, limit: str, given: str
):
    flow = new(store)
    store.wait_for(store.flows.sessions.close())
    monkeypatch.setattr(session, limit, given)
    with psycopg.connect(store.databases.dsn(database="discovery")) as somebody:
        somebody.execute("select from discovery_flows for update")
        with pytest.raises(OperationTimeoutError, match="Nothing was changed; try again"):
            store.start_phase(flow, Phase.DATA_IMPORT)
    assert store.flow(None, flow.id) == flow
    assert store.start_phase(flow, Phase.DATA_IMPORT).version == flow.version + 1


def test_a_run_whose_connection_is_cut_takes_its_lock_again(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(locks, "LOOK_SECONDS", 0.05)
    flow = new(store)
    with store.run_lock(flow):
        store.start_phase(flow, Phase.DATA_IMPORT)
        cut(store)
        deadline = time.monotonic() + 240
        while not store.is_run(flow) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert store.sweep() == []
        with pytest.raises(FlowOperationError, match="Another run"), store.run_lock(flow):
            pass
    assert not store.is_run(flow)
    assert [swept.id for swept in store.sweep()] == [flow.id]


def test_a_run_whose_connection_is_cut_while_it_takes_its_lock_takes_it_again(store: Store):
    flow = new(store)
    with once("pg_try_advisory_lock", lambda: cut(store)) as tries, store.run_lock(flow):
        assert store.is_run(flow)
    assert len(tries) == 2
    assert not store.is_run(flow)


def test_a_server_that_hangs_is_named_in_time_and_found_again(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(session, "PAUSES", (0.01,))
    monkeypatch.setattr(session, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setitem(session.NETWORK, "connect_timeout", "2")  # the least that libpq takes
    monkeypatch.setattr(silence.Connection, "patience", 2.0)
    monkeypatch.setattr(silence, "FIRST_SECONDS", 2.0)
    with open_store(Settings(home=home)) as store:
        flow = new(store)
        with hanging(store), pytest.raises(ServerError, match="PostgreSQL doesn't answer"):
            store.start_phase(flow, Phase.DATA_IMPORT)
        assert store.start_phase(flow, Phase.DATA_IMPORT).version == flow.version + 1
