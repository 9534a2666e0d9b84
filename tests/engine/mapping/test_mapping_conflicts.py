"""Conflicts: what several columns hold for one field, counted, in words, with what may be done."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from discovery_pipeline.engine import mapping, targets
from discovery_pipeline.engine.mapping import FieldMappingService, SourceSchema, transformations
from discovery_pipeline.engine.mapping.submitted import SourceField
from discovery_pipeline.engine.mapping.suggestions import conflicts

ROWS = [(f"web{i:02}", f"WEB{i:02}" if i < 8 else None if i < 9 else "db", f"{i}") for i in range(10)]
HEADER = ["hostname", "name", "ram"]


def _line(source: str, how: str | None = None) -> dict[str, str | None]:
    return {"source_field": source, "target_field": "HostName", "transformation": how, "source_table": "servers"}


def test_agreement_fill_and_examples_are_counted(con, table_of):
    found = conflicts.explained(con, table_of("servers", HEADER, *ROWS), [("name", None), ("hostname", None)])
    assert found is not None
    assert (found.source_fields, found.filled) == (("hostname", "name"), (10, 9)), "the fullest first"
    assert (found.rows, found.together, found.agree, found.examples) == (10, 9, 8, (("web09", "db"),))
    assert found.in_words == (
        "Of 10 rows, filled are hostname in 10, name in 9; 8 of 9 rows that both fill agree; others hold 'web09' and "
        "'db'. They differ: choose one."
    )


def test_columns_that_complete_each_other_are_joined_by_coalesce(con, table_of):
    rows = [("a", None, "x"), (None, "b", "x"), ("c", "C", "x"), ("d", None, "x")]
    table = table_of("servers", ["main ip", "other", "t"], *rows)
    found = conflicts.explained(con, table, [("other", "trim | upper"), ("main ip", "trim | upper")])
    assert found is not None
    assert found.transformation == "coalesce(other) | trim | upper"
    sql = transformations.compile(transformations.parse(found.transformation), table, found.source_fields[0])
    assert con.execute(f"SELECT {sql} FROM '{table.path}' ORDER BY __line").fetchall() == [
        ("A",),
        ("B",),
        ("C",),
        ("D",),
    ]


@pytest.mark.parametrize(
    ("rows", "advice"),
    [
        ([("a", "A"), ("b", "b")], "They say the same: one alone will do."),
        ([("a", "x"), ("b", "y"), (None, "z")], "They differ: choose one."),
        ([("a", None), (None, "z")], "Join them: one with coalesce(two)."),
    ],
)
def test_the_advice_follows_the_counts(con, table_of, rows: Sequence[tuple[str | None, str | None]], advice: str):
    found = conflicts.explained(con, table_of("t", ["one", "two"], *rows), [("one", None), ("two", None)])
    assert found is not None
    assert (
        found.advice.replace("two alone", "one alone").replace("two with coalesce(one)", "one with coalesce(two)")
        == advice
    )


def test_values_of_different_transformations_are_never_joined_blindly(con, table_of):
    table = table_of("t", ["gb", "mb"], ("1", None), (None, "2048"))
    found = conflicts.explained(con, table, [("gb", 'convert("GB","MB")'), ("mb", None)])
    assert found is not None
    assert found.transformation is None


def test_a_second_column_for_a_field_is_told_beside_the_suggestions(con, table_of):
    rows = [(f"web{i:02}", f"web{i:02}" if i % 3 else None, f"10.0.0.{i}") for i in range(60)]
    table = table_of("servers", ["host_name", "hostname", "ip"], *rows)
    found = mapping.suggest(con, (table,), targets.load("aws"))
    (conflict,) = [c for c in found.conflicts if c.target_field == "HostName"]
    assert set(conflict.source_fields) == {"host_name", "hostname"}
    assert (conflict.assigned, conflict.together, conflict.agree) == (conflict.assigned, 40, 40)
    assert conflict.assigned in ("host_name", "hostname")


def test_a_submission_that_fills_a_field_twice_hears_what_both_hold(con, table_of):
    table = table_of("servers", HEADER, *ROWS)
    schema = SourceSchema(fields=tuple(SourceField(name=n, table="servers") for n in HEADER))
    service = FieldMappingService(targets.load("aws"), (table,))
    (error,) = service.validate_mapping([_line("hostname"), _line("name")], schema).errors
    assert error.startswith("Target mapped twice: HostName is filled by hostname and name. Of 10 rows,")
    assert "8 of 9 rows that both fill agree; others hold 'web09' and 'db'" in error


def test_no_value_of_personal_data_is_told(con, table_of):
    table = table_of("servers", HEADER, *ROWS)
    schema = SourceSchema(fields=tuple(SourceField(name=n, table="servers", personal=True) for n in HEADER))
    service = FieldMappingService(targets.load("aws"), (table,))
    (error,) = service.validate_mapping([_line("hostname"), _line("name")], schema).errors
    assert "agree" in error
    assert "web09" not in error


def test_without_the_tables_the_error_says_what_may_be_done(con, table_of):
    schema = SourceSchema(fields=tuple(SourceField(name=n, table="servers") for n in HEADER))
    (error,) = (
        FieldMappingService(targets.load("aws")).validate_mapping([_line("hostname"), _line("name")], schema).errors
    )
    assert error.endswith("Choose one, or join them with concat or coalesce.")


@pytest.mark.parametrize("how", ["no_such", "coalesce(nothing)"])
def test_a_line_that_cant_be_worked_out_is_not_compared(con, table_of, how: str):
    table = table_of("servers", HEADER, *ROWS)
    assert conflicts.explained(con, table, [("hostname", how), ("name", None)]) is None
