"""The judge of the crash tests finds what is lost, doubled, torn or half there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from benchmarks.soak import verdict
from benchmarks.soak.journal import Journal
from benchmarks.soak.plan import draw
from benchmarks.soak.work import Worker
from discovery_pipeline.store.blocking import Store

PLAN = draw(1, 1)
STAGES = ("source_tables", "cleansed_tables", "target_files")


@pytest.fixture
def journal(store: Store, tmp_path: Path) -> Path:
    """Of a worker that has moved one flow to its end."""
    file = tmp_path / "journal"
    worker = Worker(store, Journal(file), PLAN.random("test"), "w")
    worker.finish(str(worker.create()))
    return file


def judged(store: Store, journal: Path) -> list[str]:
    said = journal.with_name("verdict")
    verdict.judge(PLAN, store.settings, journal, said)
    return json.loads(said.read_text())["faults"]


def sql(statement: str) -> Callable[[Store], None]:
    """Damage by a superuser whom no trigger stops."""

    def damage(store: Store) -> None:
        with psycopg.connect(store.databases.dsn(database="discovery")) as somebody:
            somebody.execute("set session_replication_role = replica")
            assert somebody.execute(statement.encode()).rowcount > 0

    return damage


def files(damage: Callable[[Path], object]) -> Callable[[Store], None]:
    def damaged(store: Store) -> None:
        (flow,) = store.list_flows()
        damage(store.artifacts.reading(flow, STAGES[0]))

    return damaged


def test_what_is_whole_is_without_a_fault(store: Store, journal: Path):
    assert judged(store, journal) == []


LAST = "(select max(id) from flow_events where event_type = 'flow.phase.completed')"
COLUMNS = "client_account_id, engagement_id, flow_id, event_type, event_data, created_at, created_by, position"


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (
            sql(f"delete from flow_events where created_by = (select created_by from flow_events where id = {LAST})"),
            "lost",
        ),
        (sql(f"delete from flow_events where id = {LAST}"), "instead of"),
        (sql(f"insert into flow_events ({COLUMNS}) select {COLUMNS} from flow_events where id = {LAST}"), "torn apart"),
        (sql(f"update flow_events set position = position - 1 where id = {LAST}"), "more than one transaction"),
        (sql("update flow_events set created_by = 'nobody' where event_type = 'delivery.completed'"), "from nowhere"),
        (sql("delete from data_imports"), "events without it"),
        (sql("delete from field_mappings where status = 'approved'"), "approved fields"),
        (sql("update discovery_flows set version = version + 1"), "broken"),
        (sql("delete from flow_state_audits where id = (select max(id) from flow_state_audits)"), "audit_chain"),
        (files(lambda folder: (folder / "parts" / "0.txt").unlink()), "half there"),
        (files(lambda folder: (folder / "whole.txt").write_text("1 w.0")), "not one of"),
        (files(lambda folder: (folder.parent / "CURRENT").unlink()), "lost"),
    ],
)
def test_damage_is_found(store: Store, journal: Path, damage: Callable[[Store], None], fault: str):
    damage(store)
    assert any(fault in found for found in judged(store, journal))
