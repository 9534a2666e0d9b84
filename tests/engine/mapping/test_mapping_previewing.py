"""Previews: before and after on samples, with what is lost and what can't be."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine import duck, mapping, validation
from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.engine.tables import LINE, Source, Table, columns_named
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable


def test_values_before_and_after(con):
    found = mapping.preview(con, {"ram": ["8", "16 GB", None]}, "ram", 'convert("GB","MB")', "float")
    assert [(c.before, c.after) for c in found.changes] == [("8", "8192"), ("16 GB", "16384"), (None, None)]
    assert not found.errors


def test_other_columns_are_read(con):
    found = mapping.preview(con, {"first": ["Ann"], "last": ["Lang"]}, "first", 'concat(first, " ", last)')
    assert found.changes[0].after == "Ann Lang"


def test_what_becomes_empty_or_the_same_is_told(con):
    found = mapping.preview(con, {"n": ["1.5", "2.4", "2.1", "x"]}, "n", "round(0)", "integer")
    assert "'x' becomes empty" in found.losses
    assert "'1.5', '2.1', '2.4' become one, '2'" in found.losses


def test_values_that_say_the_same_in_other_units_lose_nothing_where_they_meet(con):
    told = mapping.preview(con, {"ram": ["1 GB", "1024 MB", "1,024 MB", "2"]}, "ram", 'convert("GB","MB")', "float")
    assert [c.after for c in told.changes] == ["1024", "1024", "1024", "2048"]
    assert not any("become one" in loss for loss in told.losses)
    rounded = mapping.preview(con, {"ram": ["1.2 MB", "1.4 MB", "1.40"]}, "ram", 'convert("MB","MB") | round(0)')
    assert "'1.2 MB' and '1.4 MB' become one, '1'" in rounded.losses


def test_what_is_rounded_is_told_and_what_keeps_its_number_is_not(con):
    found = mapping.preview(con, {"ram": ["2048,5", "4096,25", "8192"]}, "ram", 'to_number(",") | round(0)', "integer")
    assert [c.after for c in found.changes] == ["2049", "4096", "8192"]
    assert "'2048,5' and '4096,25' are rounded, '2048,5' to '2049'" in found.losses
    one = mapping.preview(con, {"ram": ["1.5", "2.0", "x"]}, "ram", "round(0)", "integer")
    assert "'1.5' is rounded, to '2'" in one.losses


def test_results_of_another_type_are_errors(con):
    found = mapping.preview(con, {"n": ["4", "four"]}, "n", None, "integer")
    assert found.errors == ("'four' is not of type integer",)
    assert [c.fits for c in found.changes] == [True, False]


def test_a_transformation_that_cant_be_read_is_an_error_and_not_a_crash(con):
    found = mapping.preview(con, {"n": ["4"]}, "n", "explode")
    assert not found.changes
    assert "there is no operation 'explode'" in found.errors[0]


def test_a_constant_needs_no_source(con):
    assert mapping.preview(con, {"n": ["4", "5"]}, "", 'constant("a")').changes[1].after == "a"


Rows = list[tuple[str | None, str | None]]
STEPS = (
    "trim", "upper", "title", "to_integer", 'to_number(",")', "to_boolean", "round(1)", 'convert("GB","MB")',
    'parse_date("%d/%m/%Y", "%m/%d/%y", "epoch")', 'map_values({"a|b": "\\"c\\"", "*": "d%"})', 'lookup({"x": " y "})',
    'split("|", -1)', 'regex_extract("(\\d+)")', 'concat("<", v, " ", `o"t`, ">")', 'coalesce(`o"t`, "none")',
    "constant('it\\'s')", "camelCase", "snake_case", "mask(2)", "hash(\"salt\")", 'replace("a", "")',
)  # fmt: skip
VALUES = (
    None, " ", "a|b", "x", "1,5 TB", "16 GB", "1.234,50", "-3", "(4)", "01/02/2024", "12/31/24", "1700000000", "N/A",
    "yes", "'; drop table t --", "größe Über", "\u00a016\u00a0", '"q" |x', "100%", "-",
)  # fmt: skip
FIELDS = (TargetField(name="id", required=True, identity=True), *(TargetField(name=f"made{i}") for i in range(6)))
TARGET = Target(name="t", title="t", tables=(TargetTable(name="row", file="t.csv", fields=FIELDS),))


def _delivered(con: duckdb.DuckDBPyConnection, rows: Rows, pipes: list[str]) -> list[list[str | None]]:
    """What each of the pipelines leaves in the target's file, row by row."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "s.parquet"
        values = [(str(i), v, o, i + 2) for i, (v, o) in enumerate(rows)]
        con.execute(f'CREATE OR REPLACE TABLE s (id VARCHAR, v VARCHAR, "o""t" VARCHAR, {duck.name(LINE)} BIGINT)')
        con.executemany("INSERT INTO s VALUES (?, ?, ?, ?)", values)
        duck.write(con, "FROM s", path)
        columns = columns_named(["id", "v", 'o"t'])
        source = Table(name="s", path=path, columns=columns, row_count=len(rows), source=Source(file="s.csv"))
        line = {"source_table": "s", "target_table": "row", "confidence": 1.0}
        fields = (
            MappedField(source_field="id", target_field="id", **line),
            *(
                MappedField(source_field="v", target_field=f"made{i}", transformation=how, **line)
                for i, how in enumerate(pipes)
            ),
        )
        verdict = validation.validate(
            con, (source,), Mapping(target="t", fields=fields), TARGET, Path(folder) / "out", today=date(2026, 1, 1)
        )
        assert verdict.rows_rejected == 0, verdict.findings
        names = ", ".join(f"made{i}" for i in range(len(pipes)))
        made = f"SELECT {names} FROM read_parquet({duck.text(str(verdict.valid[0].path))}) ORDER BY __row"
        return [list(column) for column in zip(*con.execute(made).fetchall(), strict=True)]


@settings(max_examples=5, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(STEPS), min_size=1, max_size=4).map(" | ".join), min_size=6, max_size=6),
    st.lists(st.tuples(st.sampled_from(VALUES), st.sampled_from(VALUES)), min_size=4, max_size=12),
)
def test_a_preview_shows_what_is_delivered(pipes: list[str], rows: Rows):
    with duck.connect(threads=1) as con:
        sample = {"v": [v for v, _ in rows], 'o"t': [o for _, o in rows]}
        shown = [mapping.preview(con, sample, "v", how) for how in pipes]
        assert [[change.after for change in each.changes] for each in shown] == _delivered(con, rows, pipes)
