"""Maintenance: each file does what its first line says, and a dry run leaves everything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from benchmarks.state import fill
from discovery_pipeline.engine.intake.model import FileRead
from discovery_pipeline.errors import FlowNotFoundError, InvalidTransitionError
from discovery_pipeline.flow.state import Flow, FlowStatus
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.postgres.databases import Role
from discovery_pipeline.store.schema import metadata
from discovery_pipeline.store.upkeep import maintain


def flow(store: Store, *, status: str = "active", days_old: int = 0, sha256: str = "") -> Flow:
    made = store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")
    if sha256:
        store.start_phase(made, "data_import")
        store.record_imports(made, FileRead(file="a.csv", status="read", sha256=sha256))
    store.query(
        f"update discovery_flows set status = '{status}', updated_at = now() - interval '{days_old} days' "
        f"where id = '{made.id}' returning 1"
    )
    return made


ANSWERS = """
insert into idempotency_keys (client_account_id, engagement_id, login, key, route, request_sha256, created_at)
select client_account_id, id, 'ana', days::text, '/', '', now() - make_interval(days => days)
from engagements, unnest(array[1, 6, 8, 99]) as days
"""


def task(name: str) -> maintain.Task:
    return next(task for task in maintain.tasks() if task.name == name)


def run(store: Store, name: str, *, dry_run: bool = False) -> list[tuple[object, ...]]:
    return maintain.run(store.databases, [task(name)], dry_run=dry_run)[0].rows


@contextmanager
def owner(store: Store) -> Iterator[psycopg.Connection]:
    with psycopg.connect(store.databases.dsn(Role.OWNER)) as connection:
        yield connection


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    return {table: store.query(f"select to_jsonb(t) from {table} t order by 1::text") for table in metadata.tables}


def slugs(store: Store) -> set[str]:
    return {each.slug for each in store.list_flows()}


@pytest.mark.parametrize(
    ("name", "status", "old", "young"),
    [
        ("stale_flows", "failed", 31, 29),
        ("stale_flows", "initializing", 31, 29),
        ("completed_flows", "completed", 91, 89),
    ],
)
def test_only_what_is_old_enough_is_archived(store: Store, name: str, status: str, old: int, young: int):
    moved, kept, other = (
        flow(store, status=status, days_old=old), flow(store, status=status, days_old=young), flow(store, days_old=999)
    )  # fmt: skip
    assert run(store, name, dry_run=True) == [(moved.slug, moved.id)]
    assert slugs(store) == {moved.slug, kept.slug, other.slug}
    assert run(store, name) == [(moved.slug, moved.id)]
    assert slugs(store) == {kept.slug, other.slug}
    assert store.query("select slug from discovery_flows_history") == [(moved.slug,)]


def test_duplicates_are_listed_and_archived_only_when_asked(store: Store):
    first, second = flow(store, sha256="aa"), flow(store, sha256="aa")
    other = flow(store, sha256="bb")
    assert [row[:2] for row in run(store, "duplicate_flows")] == [(second.slug, first.slug)]
    assert [task.name for task in maintain.tasks() if task.when_asked] == ["archive_duplicates"]
    run(store, "archive_duplicates")
    assert slugs(store) == {first.slug, other.slug}


def test_a_flow_without_phases_is_an_orphan(store: Store):
    _, orphan = flow(store), flow(store)
    store.query(f"delete from flow_phases where discovery_flow_id = '{orphan.id}' returning 1")
    assert [(row[0], row[3]) for row in run(store, "orphaned_flows")] == [(orphan.slug, "no phases")]


def test_every_file_runs_and_what_moved_is_written_down(store: Store, tmp_path: Path):
    moved = flow(store, status="failed", days_old=31)
    done = maintain.run(store.databases, maintain.tasks())
    told = json.loads(maintain.write(done, tmp_path, datetime(2026, 3, 1, tzinfo=UTC)).read_text())
    assert told == {
        "at": "2026-03-01T00:00:00+00:00", "null_state": [], "archive_duplicates": [], "completed_flows": [],
        "stale_flows": [{"slug": moved.slug, "id": str(moved.id)}], "forgotten_answers": [],
    }  # fmt: skip
    assert maintain.archived(done) == [moved.slug]


def test_a_dry_run_says_exactly_what_then_happens(store: Store):
    made = [flow(store, status=status, days_old=days) for status in ("failed", "completed") for days in (1, 40, 100)]
    made += [flow(store, sha256=digest) for digest in ("aa", "aa", "aa", "bb")]
    with owner(store) as connection:
        connection.execute("drop index idx_flows_newest")
        connection.execute(ANSWERS)
    before = everything(store)
    said = maintain.run(store.databases, maintain.tasks(), dry_run=True)
    assert everything(store) == before
    done = maintain.run(store.databases, maintain.tasks())
    changes = [
        [(each.task.name, each.columns, each.rows) for each in run if each.task.kind != "report"]
        for run in (said, done)
    ]
    assert changes[0] == changes[1]
    assert {name: len(rows) for name, _, rows in changes[1] if rows} == {
        "forgotten_answers": 1, "archive_duplicates": 2, "completed_flows": 1, "stale_flows": 2, "indexes": 1,
        "vacuum_analyze": len(task("vacuum_analyze").statements),
    }  # fmt: skip
    assert sorted(maintain.archived(done)) == sorted({flow.slug for flow in made} - slugs(store))


def test_more_flows_than_one_statement_moves_are_all_moved(store: Store):
    fill(store.databases, 2000)
    everybody = "select count(*) from {} where {} = 'completed'"
    (((completed,),), archive) = store.query(everybody.format("discovery_flows", "status")), task("completed_flows")
    store.query("update discovery_flows set updated_at = now() - interval '91 days' returning 1")
    (would,) = maintain.run(store.databases, [archive], dry_run=True)
    (done,) = maintain.run(store.databases, [archive])
    assert sorted(would.rows) == sorted(done.rows)
    assert completed == len(done.rows) > 500
    assert store.query(everybody.format("discovery_flows_history", "status")) == [(completed,)]
    assert run(store, "completed_flows") == []


def test_an_index_whose_build_was_cut_is_built_anew(store: Store):
    with psycopg.connect(store.databases.dsn(database="discovery"), autocommit=True) as superuser:
        superuser.execute("update pg_index set indisvalid = false where indexrelid = 'idx_active_flows'::regclass")
    (statement,) = run(store, "indexes", dry_run=True)
    assert "idx_active_flows" in str(statement)
    assert run(store, "indexes") == [statement]
    assert run(store, "indexes") == []
    assert store.query("select indisvalid from pg_index where indexrelid = 'idx_active_flows'::regclass") == [(True,)]


def test_what_was_moved_stays_moved_and_is_told_when_a_later_task_fails(store: Store):
    moved = flow(store, status="failed", days_old=31)
    broken = maintain.parse("broken", "-- mend: breaks\nselect 1 / 0;")
    done = []
    with pytest.raises(psycopg.errors.DivisionByZero):
        done.extend(maintain.running(store.databases, [task("stale_flows"), broken]))
    assert maintain.archived(done) == [moved.slug]
    assert slugs(store) == set()


def test_a_file_that_does_not_say_what_it_is_is_refused():
    with pytest.raises(ValueError, match=r"odd\.sql begins with"):
        maintain.parse("odd", "select 1;")


def test_a_person_archives_what_came_to_its_end_and_nothing_that_goes_on(store: Store):
    tenant = store.default_tenant()
    goes_on, ended = (store.create_flow(tenant, name, "servicenow", "aws") for name in ("goes on", "ended"))
    store.cancel(ended, by="ana")
    with pytest.raises(InvalidTransitionError, match="Only one that is delivered, failed or cancelled"):
        store.archive(goes_on, "a mistake", by="ana")
    with store.run_lock(ended), pytest.raises(InvalidTransitionError, match="is at work"):
        store.archive(ended, "a mistake", by="ana")
    archived = store.archive(ended.slug, "a mistake", by="ana")
    assert archived.status is FlowStatus.ARCHIVED
    assert slugs(store) == {goes_on.slug}
    told = store.query("select slug, status, archived_by, reason from discovery_flows_history")
    assert told == [(ended.slug, "cancelled", "ana", "a mistake")]
    assert store.check(ended.slug) == []
    with pytest.raises(FlowNotFoundError):
        store.archive(ended.slug, "twice", by="ana")
