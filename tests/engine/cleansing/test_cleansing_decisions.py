"""Decisions: people come last, and mean what the source holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine import cleansing, duck
from discovery_pipeline.engine.cleansing import CellDecision, Decisions, RuleDecision, ValueDecision
from discovery_pipeline.engine.cleansing.model import Cleansed
from discovery_pipeline.engine.tables import Table

MANY = ["Production"] * 30 + ["PRODUCTION", "production ", "Test"]


@pytest.fixture
def table(bench) -> Table:
    """A column with two spellings that rules mend."""
    return bench.table({"env": MANY})


def cleansed(bench, table: Table, tier: Any = "auto", **decisions: Any) -> Cleansed:
    plan = bench.plan(table, tier="suggest")
    return cleansing.cleanse(bench.con, (table,), plan, bench.fresh(), tier, decisions=Decisions(**decisions))


def column(bench, done: Cleansed) -> list[str | None]:
    return bench.cells(done.tables[0])["env"]


def logged(bench, done: Cleansed) -> list[tuple]:
    log = duck.text(str(done.patches.path))
    return bench.con.execute(f"SELECT row, before, after, rule, tier, reason FROM read_parquet({log})").fetchall()


def test_a_rule_that_was_left_out_changes_nothing(bench, table: Table):
    left_out = RuleDecision(table="servers", column="env", rule="vocabulary.spelling", verdict="reject")
    assert column(bench, cleansed(bench, table))[30] == "Production"
    assert column(bench, cleansed(bench, table, rules=(left_out,)))[30] == "PRODUCTION"


def test_a_suggestion_that_was_taken_is_carried_out(bench):
    table = bench.table({"env": ["Production"] * 200 + ["Prodxction"]})
    offered = bench.plan(table, tier="suggest").rules
    assert {rule.tier for rule in offered} == {"suggest"}
    taken = tuple(RuleDecision(table="servers", column="env", rule=r.rule, verdict="accept") for r in offered)
    assert column(bench, cleansed(bench, table))[200] == "Prodxction"
    assert column(bench, cleansed(bench, table, rules=taken))[200] == "Production"


def test_a_value_is_kept_from_every_rule(bench, table: Table):
    kept = ValueDecision(table="servers", column="env", value="PRODUCTION", after="PRODUCTION")
    done = column(bench, cleansed(bench, table, values=(kept,)))
    assert done[30:] == ["PRODUCTION", "Production", "Test"]


def test_a_value_is_replaced_wherever_the_source_holds_it(bench, table: Table):
    chosen = ValueDecision(table="servers", column="env", value="Test", after="Quality assurance", by="rita")
    done = cleansed(bench, table, values=(chosen,))
    assert column(bench, done)[32] == "Quality assurance"
    assert (32, "Test", "Quality assurance", "person.value", "review", "decided by rita") in logged(bench, done)


def test_empty_cells_can_be_filled(bench):
    table = bench.table({"env": ["Test", None, "Test", None]})
    filled = ValueDecision(table="servers", column="env", value=None, after="Unknown")
    assert column(bench, cleansed(bench, table, values=(filled,))) == ["Test", "Unknown", "Test", "Unknown"]


def test_a_cell_says_who_set_it_and_why(bench, table: Table):
    cell = CellDecision(table="servers", column="env", row=32, seen="Test", after=None, by="rita", reason="gone")
    done = cleansed(bench, table, cells=(cell,))
    assert column(bench, done)[32] is None
    assert (32, "Test", None, "person.cell", "review", "decided by rita: gone") in logged(bench, done)


def test_the_last_decision_on_a_cell_counts(bench, table: Table):
    cells = tuple(
        CellDecision(table="servers", column="env", row=32, seen="Test", after=after) for after in ("A", "B", "C")
    )
    assert column(bench, cleansed(bench, table, cells=cells))[32] == "C"


def test_a_cell_goes_before_its_value(bench, table: Table):
    value = ValueDecision(table="servers", column="env", value="Test", after="Value")
    cell = CellDecision(table="servers", column="env", row=32, seen="Test", after="Cell")
    assert column(bench, cleansed(bench, table, values=(value,), cells=(cell,)))[32] == "Cell"


def test_a_decision_on_a_replaced_file_is_told_and_not_applied(bench, table: Table):
    cell = CellDecision(table="servers", column="env", row=32, seen="Staging", after="Test 2")
    done = cleansed(bench, table, cells=(cell,))
    assert column(bench, done)[32] == "Test"
    assert [f.rule for f in done.findings if f.rule.startswith("person.")] == ["person.stale"]


def test_decisions_on_other_tables_and_columns_are_passed_over(bench, table: Table):
    elsewhere = (
        ValueDecision(table="others", column="env", value="Test", after="x"),
        ValueDecision(table="servers", column="gone", value="Test", after="x"),
    )
    assert column(bench, cleansed(bench, table, values=elsewhere))[32] == "Test"


cells = st.lists(st.sampled_from(["a", "b", "A", None, "n/a"]), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells, st.data())
def test_what_people_decided_is_undone_with_the_rest(bench, held: list[str | None], data: st.DataObject):
    table = bench.table({"env": held})
    row = data.draw(st.integers(0, len(held) - 1))
    after = data.draw(st.sampled_from(["x", "", None, "a"])) or None
    cell = CellDecision(table="servers", column="env", row=row, seen=held[row], after=after)
    value = ValueDecision(table="servers", column="env", value="b", after="y")
    done = cleansed(bench, table, values=(value,), cells=(cell,))
    assert column(bench, done)[row] == after
    back = cleansing.revert(bench.con, done.tables, done.patches.path, bench.fresh())
    assert bench.cells(back[0])["env"] == held
