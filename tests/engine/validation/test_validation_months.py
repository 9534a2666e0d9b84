"""Dates whose months are named: profiled, mapped, cleansed and validated, they are delivered as the days they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from discovery_pipeline.engine import cleansing, duck, profiling, validation
from discovery_pipeline.engine.mapping.matcher import fields, samples
from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.engine.mapping.transformations.proposing import propose
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable

FR = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
DE = ("Jan", "Feb", "Mrz", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez")
EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = [date(2012 + n % 10, 1 + n % 12, 1 + n % 28) for n in range(60)]
TODAY = date(2026, 1, 1)


def _delivered(
    con: duckdb.DuckDBPyConnection, folder: Path, table: Table, *, mapped_by: Table, cleansed: bool
) -> list[str | None]:
    """What a target gets of the column "since", by the transformation that is suggested for a table."""
    day = TargetField(name="day", type="date")
    named = TargetField(name="id", type="string", required=True, identity=True)
    target = Target(name="own", title="own", tables=(TargetTable(name="row", file="r.csv", fields=(named, day)),))
    side = fields.of_table(mapped_by, samples.take(con, mapped_by))
    assert side.sample
    profile = profiling.profile(con, (mapped_by,), today=TODAY)
    how = propose(side.fields[1], side.sample.examples[1], profile.tables[0].column("since"), day).transformation
    if cleansed:
        plan = cleansing.plan(con, (table,), profile, SchemaAnalysis(), tier="auto")
        table = cleansing.cleanse(con, (table,), plan, folder / "cleansed", "auto").tables[0]
    pairs = (("id", "id", None), ("since", "day", how))
    mapping = Mapping(
        target="own",
        fields=tuple(
            MappedField(
                source_table=table.name, source_field=source, target_table="row", target_field=field, confidence=1,
                transformation=transformation,
            )
            for source, field, transformation in pairs
        ),
    )  # fmt: skip
    verdict = validation.validate(con, (table,), mapping, target, folder / "valid")
    return [
        d for (d,) in con.execute(f"SELECT day FROM read_parquet({duck.text(str(verdict.valid[0].path))})").fetchall()
    ]


@pytest.mark.parametrize("cleansed", [True, False], ids=["cleansed", "as it came"])
@pytest.mark.parametrize(
    "write",
    [
        lambda d: f"{d.day} {FR[d.month - 1]} {d.year}",
        lambda d: f"{d.day:02}-{DE[d.month - 1]}-{d.year % 100:02}",
        lambda d: f"{d.day}. {DE[d.month - 1]}. {d.year}",
        lambda d: f"{d.day:02}.{d.month:02}.{d.year}" if d.year % 2 else f"{d.day} {EN[d.month - 1]} {d.year}",
    ],
    ids=["French", "German, short year", "German, points", "two formats"],
)
def test_dates_are_delivered_as_the_days_they_are(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, table_of: Callable[..., Table], write: Callable[[date], str],
    cleansed: bool,
):  # fmt: skip
    table = table_of("t", ("id", "since"), *((f"k{n:02}", write(day)) for n, day in enumerate(DAYS)))
    found = _delivered(con, tmp_path, table, mapped_by=table, cleansed=cleansed)
    assert found == [day.isoformat() for day in DAYS]


def test_months_that_no_value_had_when_the_mapping_was_made_are_read(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, table_of: Callable[..., Table]
):
    before = table_of("b", ("id", "since"), *((f"k{n:02}", f"{n + 1} juin 2020") for n in range(20)))
    after = table_of("t", ("id", "since"), *((f"k{n:02}", f"1 {name} 2021") for n, name in enumerate(FR)))
    found = _delivered(con, tmp_path, after, mapped_by=before, cleansed=False)
    assert found == [date(2021, month, 1).isoformat() for month in range(1, 13)]
