"""The outbox and the locks: what happens when several write at once."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.errors import FlowOperationError, StaleVersionError
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Flow, FlowStatus, Phase, PhaseStatus
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.events.outbox import Cursor
from discovery_pipeline.store.postgres.databases import Role

INSERT = """
insert into flow_events (client_account_id, engagement_id, flow_id, event_type, event_data, created_by)
values (%s, %s, %s, 'profile.completed', jsonb_build_object('n', %s::int), 'test')
"""


def new(store: Store) -> Flow:
    return store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")


def in_review(store: Store) -> Flow:
    store.start_phase(flow := new(store), Phase.DATA_IMPORT)
    return store.complete_phase(flow, Phase.DATA_IMPORT)


def reader(store: Store):
    """Reads pages as a sensor does, and remembers every event's number."""
    cursor, seen = Cursor(), []

    def read() -> list[int]:
        nonlocal cursor
        while page := store.events_after(cursor, types=frozenset({EventType.PROFILE_COMPLETED}), limit=7):
            seen.extend(posted.event.data["n"] for posted in page)
            cursor = Cursor.parse(str(page[-1].cursor))
        return seen

    return read


def writer(store: Store, flow: Flow, number: int) -> psycopg.Connection:
    """A transaction that has written one event, and is still open."""
    connection = psycopg.connect(store.databases.dsn(Role.OWNER))
    connection.execute(INSERT, [flow.client_account_id, flow.engagement_id, flow.id, number])
    return connection


def test_an_event_that_commits_late_is_not_passed_over(store: Store):
    flow, read = new(store), reader(store)
    early, late = writer(store, flow, 1), writer(store, flow, 2)
    late.commit()
    assert read() == []  # 2 is to be seen, but 1 may still come before it
    early.commit()
    assert read() == [1, 2]
    early.close()
    late.close()


def test_interleaved_transactions_lose_and_double_nothing(store: Store):
    flow, read, chance = new(store), reader(store), random.Random(3)
    still_open: list[tuple[int, psycopg.Connection]] = []
    committed = set()
    for number in range(60):
        still_open.append((number, writer(store, flow, number)))
        while len(still_open) > 6 or (still_open and chance.random() < 0.5):
            ended, connection = still_open.pop(chance.randrange(len(still_open)))
            if chance.random() < 0.8:
                connection.commit()
                committed.add(ended)
            connection.close()
        read()
    for ended, connection in still_open:
        connection.commit()
        connection.close()
        committed.add(ended)
    assert sorted(read()) == sorted(committed)


def test_events_of_one_flow_come_in_their_order(store: Store):
    flow = in_review(store)
    types = [posted.event.type.value for posted in store.events_after(Cursor()) if posted.event.flow_id == flow.id]
    assert types == [
        "flow.created", "flow.phase.completed", "flow.state.updated",
        "flow.phase.started", "flow.state.updated",
        "flow.phase.completed", "flow.state.updated",
    ]  # fmt: skip


def test_of_many_submissions_at_once_one_wins(store: Store):
    flow = in_review(store)

    def submit(number: int) -> bool:
        field = MappedField(
            source_table="a", source_field=f"{number}", target_table="c", target_field="d", confidence=1
        )
        mapping = Mapping(target="aws", fields=(field,))
        try:
            store.submit_mapping(flow, mapping, by=f"reviewer {number}", expected_version=flow.version)
        except StaleVersionError:
            return False
        return True

    with ThreadPoolExecutor(24) as reviewers:
        won = list(reviewers.map(submit, range(48)))
    assert won.count(True) == 1
    assert store.check(flow) == []
    assert len(store.approved_mappings(flow)["aws"].fields) == 1


def test_a_phase_without_its_runs_lock_is_failed_and_can_be_retried(store: Store):
    dead, alive = (store.start_phase(new(store), Phase.DATA_IMPORT) for _ in range(2))
    with store.run_lock(alive):
        swept = store.sweep()
    assert [flow.id for flow in swept] == [dead.id]
    assert store.flow(None, dead.id).status is FlowStatus.FAILED
    assert store.flow(None, alive.id).phases[Phase.DATA_IMPORT].status is PhaseStatus.RUNNING
    assert store.start_phase(dead, Phase.DATA_IMPORT).status is FlowStatus.ACTIVE
    assert store.check(dead) == []


def test_a_flow_that_was_cancelled_while_its_run_worked_keeps_nobody_from_sweeping(store: Store):
    cancelled, dead = (store.start_phase(new(store), Phase.DATA_IMPORT) for _ in range(2))
    store.cancel(cancelled, by="ana")
    assert [flow.id for flow in store.sweep()] == [dead.id]
    assert store.flow(None, cancelled.id).status is FlowStatus.CANCELLED


def test_the_lock_of_a_run_ends_with_its_connection(store: Store):
    flow = new(store)
    with store.run_lock(flow):
        with psycopg.connect(store.databases.dsn()) as operator:
            operator.execute("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'")
        with store.run_lock(flow):
            pass


def test_a_row_that_stays_locked_is_a_time_out(store: Store, monkeypatch: pytest.MonkeyPatch):
    from discovery_pipeline.store.postgres import session

    monkeypatch.setattr(session, "LOCK_TIMEOUT", "50ms")
    flow = new(store)
    store.wait_for(store.flows.sessions.close())  # so that new connections have the short patience
    with psycopg.connect(store.databases.dsn(Role.OWNER)) as other:
        other.execute("select from discovery_flows for update")
        with pytest.raises(FlowOperationError, match="try again") as late:
            store.start_phase(flow, Phase.DATA_IMPORT)
    assert late.value.details["error_type"] == "timeout"


def test_events_of_one_flow_keep_their_order_though_an_older_transaction_tells_last(store: Store):
    flow, other, read = new(store), new(store), reader(store)
    with writer(store, other, 1) as older, writer(store, flow, 2) as younger:
        younger.commit()
        older.execute(INSERT, [flow.client_account_id, flow.engagement_id, flow.id, 3])
    assert sorted(read()) == [1, 2, 3]
    assert read().index(2) < read().index(3)


def test_a_database_restored_on_a_younger_server_loses_no_event(store: Store):
    new(store)
    behind = 10_000_000
    as_restored = f"""
        alter table flow_events disable trigger append_only;
        update flow_events set position = position + {behind};
        alter table flow_events enable trigger append_only;
    """
    with psycopg.connect(store.databases.dsn(Role.OWNER)) as operator:
        operator.execute(as_restored.encode())
    (former,) = store.query("select max(position) from flow_events")[0]
    with open_store(store.settings) as again:
        assert len(before := again.events_after(Cursor())) == 3
        assert before[-1].cursor.position == former
        flow = new(again)
        assert {posted.event.flow_id for posted in again.events_after(before[-1].cursor)} == {flow.id}
        assert again.query("select settle_event_clock()") == [(0,)]
