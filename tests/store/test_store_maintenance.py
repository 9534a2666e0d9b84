"""Maintenance: each file does what its first line says, and a dry run leaves everything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from discovery_pipeline.engine.intake.model import FileRead
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store import maintain
from discovery_pipeline.store.blocking import Store


def flow(store: Store, *, status: str = "active", days_old: int = 0, sha256: str = "") -> Flow:
    made = store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")
    if sha256:
        store.start_phase(made, "data_import")
        store.record_import(made, FileRead(file="a.csv", status="read", sha256=sha256))
    store.query(
        f"update discovery_flows set status = '{status}', updated_at = now() - interval '{days_old} days' "
        f"where id = '{made.id}' returning 1"
    )
    return made


def run(store: Store, name: str, *, dry_run: bool = False) -> list[tuple[object, ...]]:
    task = next(task for task in maintain.tasks() if task.name == name)
    return maintain.run(store.databases, [task], dry_run=dry_run)[0].rows


def slugs(store: Store) -> set[str]:
    return {each.slug for each in store.list_flows()}


@pytest.mark.parametrize(
    ("task", "status", "old", "young"),
    [
        ("stale_flows", "failed", 31, 29),
        ("stale_flows", "initializing", 31, 29),
        ("completed_flows", "completed", 91, 89),
    ],
)
def test_only_what_is_old_enough_is_archived(store: Store, task: str, status: str, old: int, young: int):
    moved, kept, other = (
        flow(store, status=status, days_old=old), flow(store, status=status, days_old=young), flow(store, days_old=999)
    )  # fmt: skip
    assert run(store, task, dry_run=True) == [(moved.id,)]
    assert slugs(store) == {moved.slug, kept.slug, other.slug}
    assert run(store, task) == [(moved.id,)]
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
        "stale_flows": [str(moved.id)],
    }  # fmt: skip


def test_a_file_that_does_not_say_what_it_is_is_refused():
    with pytest.raises(ValueError, match=r"odd\.sql begins with"):
        maintain.parse("odd", "select 1;")
