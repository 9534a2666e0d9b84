"""Decimal commas and points: whatever is done to a column on its way, its numbers stay what they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine import cleansing, duck, profiling, validation
from discovery_pipeline.engine.cleansing.decisions import CellDecision, Decisions
from discovery_pipeline.engine.cleansing.model import CleansingPlan
from discovery_pipeline.engine.mapping.matcher import fields, samples
from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.engine.mapping.transformations.previewing import preview
from discovery_pipeline.engine.mapping.transformations.proposing import as_before, propose
from discovery_pipeline.engine.mapping.transformations.vocabularies import NO_WORDS
from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable

Cells = Sequence[str]
TODAY = date(2026, 1, 1)


class Way:
    """A column on its way to a target, in a folder of its own."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path, table_of: Callable[..., Table], unit: str) -> None:
        self.con, self.folder, self.table_of, self.used = con, folder, table_of, 0
        self.field = TargetField(name="amount", type="number", unit=unit.strip() or None)
        named = TargetField(name="id", type="string", required=True, identity=True)
        self.target = Target(
            name="own", title="own", tables=(TargetTable(name="row", file="r.csv", fields=(named, self.field)),)
        )

    def table(self, cells: Cells) -> Table:
        self.used += 1
        return self.table_of(f"t{self.used}", ("id", "weight"), *((f"k{n}", cell) for n, cell in enumerate(cells)))

    def profile(self, table: Table) -> ColumnProfile:
        return profiling.profile(self.con, (table,), today=TODAY).tables[0].column("weight")

    def how(self, table: Table) -> str | None:
        """The transformation that is suggested."""
        side = fields.of_table(table, samples.take(self.con, table))
        assert side.sample
        return propose(side.fields[1], side.sample.examples[1], self.profile(table), self.field).transformation

    def again(self, how: str | None, table: Table) -> str | None:
        """The transformation that was approved, as the next export gets it."""
        return as_before(self._mapped(table, how), (), self.profile(table), self.field, NO_WORDS).transformation

    def plan(self, table: Table, tier: Any) -> CleansingPlan:
        return cleansing.plan(self.con, (table,), Profile(tables=()), SchemaAnalysis(), tier=tier)

    def cleansed(self, table: Table, tier: Any = "auto", decisions: Decisions | None = None) -> Table:
        self.used += 1
        into = self.folder / f"c{self.used}"
        plan = self.plan(table, tier)
        return cleansing.cleanse(self.con, (table,), plan, into, tier, decisions=decisions or Decisions()).tables[0]

    def delivered(self, table: Table, how: str | None) -> list[str | None]:
        self.used += 1
        known = MappedField(
            source_table=table.name, source_field="id", target_table="row", target_field="id", confidence=1
        )
        mapping = Mapping(target="own", fields=(known, self._mapped(table, how)))
        verdict = validation.validate(self.con, (table,), mapping, self.target, self.folder / f"v{self.used}")
        found = self.con.execute(f"SELECT amount FROM read_parquet({duck.text(str(verdict.valid[0].path))})")
        return [amount for (amount,) in found.fetchall()]

    def _mapped(self, table: Table, how: str | None) -> MappedField:
        return MappedField(
            source_table=table.name, source_field="weight", target_table="row", target_field="amount",
            transformation=how, data_type="float", confidence=1,
        )  # fmt: skip


@pytest.fixture
def way(con: duckdb.DuckDBPyConnection, tmp_path: Path, table_of: Callable[..., Table]) -> Callable[[str], Way]:
    return lambda unit="": Way(con, tmp_path, table_of, unit)


def written(number: Decimal, mark: str, gap: str, unit: str) -> str:
    """A number as a country writes it."""
    whole, _, decimals = f"{abs(number):f}".partition(".")
    parted = f"{int(whole):,}".replace(",", gap)
    return ("-" if number < 0 else "") + parted + (mark + decimals if decimals else "") + unit


MARKS = st.sampled_from([(mark, gap) for mark in ",." for gap in ("", "." if mark == "," else ",", " ", "'")])
NUMBERS = st.lists(
    st.decimals(-99_999, 9_999_999, places=3) | st.decimals(0, 10, places=3) | st.integers(0, 99_999).map(Decimal),
    min_size=4,
    max_size=12,
)
TELLING = [Decimal("0.5"), Decimal("12.75")]  # without any such number nobody can say what "1,234" is


def equal(found: Sequence[str | None], numbers: Sequence[Decimal]) -> bool:
    return [Decimal(one or "NaN") for one in found] == list(numbers)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=NUMBERS, more=NUMBERS, mark=MARKS, unit=st.sampled_from(["", " GB"]))
def test_a_number_stays_what_it_is_on_every_way(
    way: Callable[[str], Way], numbers: list[Decimal], more: list[Decimal], mark: tuple[str, str], unit: str
):
    here, numbers, more = way(unit), [*numbers, *TELLING], [*TELLING, *more]
    table = here.table([written(number, *mark, unit) for number in numbers])
    how = here.how(table)
    mended = here.cleansed(table)
    assert equal(here.delivered(table, how), numbers)
    assert equal(here.delivered(mended, how), numbers)
    assert equal(here.delivered(here.cleansed(table, "suggest"), how), numbers)
    assert equal(here.delivered(mended, here.how(mended)), numbers), "matched after it was cleansed at the shell"

    rows = enumerate(written(number, *mark, unit) for number in numbers)
    kept = [CellDecision(table=table.name, column="weight", row=n, seen=c, after=c) for n, c in rows if n % 2]
    assert equal(here.delivered(here.cleansed(table, decisions=Decisions(cells=tuple(kept))), how), numbers)

    for other in (mark, (("." if mark[0] == "," else ","), " ")):
        later = here.table([written(number, *other, unit) for number in more])
        assert equal(here.delivered(here.cleansed(later), here.again(how, later)), more), "the next export"


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(st.integers(1, 9_999), min_size=24, max_size=30),
    odd=st.lists(st.integers(1, 99).map(lambda n: Decimal(n) / 4), min_size=1, max_size=2),
    mark=st.sampled_from(",."),
    unit=st.sampled_from(["", " GB"]),
)
def test_cells_that_are_written_unlike_the_others_stay_the_same_number(
    way: Callable[[str], Way], numbers: list[int], odd: list[Decimal], mark: str, unit: str
):
    here, own = way(unit), [*(Decimal(n) / 4 for n in numbers), *TELLING]
    cells = [written(number, mark, "", unit) for number in own]
    cells += [written(number, "." if mark == "," else ",", "", unit) for number in odd]
    cells += [written(Decimal(3), mark, "", ""), *([written(Decimal(2048), mark, "", " MB")] if unit else [])]
    table, expected = here.table(cells), [*own, *odd, Decimal(3), *([Decimal(2)] if unit else [])]
    how = here.how(table)
    for mended in (here.cleansed(table), here.cleansed(table, "suggest")):
        assert equal(here.delivered(mended, how), expected)
        assert equal(here.delivered(mended, here.how(mended)), expected)


@pytest.mark.parametrize(
    ("cells", "amounts"),
    [
        (["0,5", "12,75", "1,234", "7", "8"], ["0.5", "12.75", "1.234", "7", "8"]),
        (["0,125", "0,250", "3", "4"], ["0.125", "0.25", "3", "4"]),
        (["1.234.567,891", "1.234", "0,5", "2"], ["1234567.891", "1234", "0.5", "2"]),
        ([",5", "1,25", "3"], ["0.5", "1.25", "3"]),
        (["1.234", "0,5", *(f"{n}.5" for n in range(20))], ["1.234", "0.5", *(f"{n}.5" for n in range(20))]),
        (["1.5", "2.25", "1,234", "5"], ["1.5", "2.25", "1234", "5"]),
    ],
)
def test_what_stands_before_decimals_is_the_columns_own(way: Callable[[str], Way], cells: Cells, amounts: list[str]):
    here = way("")
    table = here.table(cells)
    assert here.delivered(here.cleansed(table), here.how(table)) == amounts


def test_a_column_of_decimal_commas_with_whole_numbers_keeps_its_commas(way: Callable[[str], Way]):
    here = way("")
    table = here.table(["0,5", "12,75", "1,234", "7", "8"])
    assert not here.plan(table, "suggest").rules


def test_other_units_stay_beside_decimal_commas(way: Callable[[str], Way]):
    here = way(" GB")
    table = here.table(["0,5 GB", "12,75 GB", "7 GB", "8 GB", "1152 MB"])
    mended = here.cleansed(table)
    assert here.delivered(mended, here.how(table)) == ["0.5", "12.75", "7", "8", "1.125"]


@pytest.mark.parametrize("how", ['to_number(",")', 'convert("GB","GB",",")', 'convert("GB","GB")'])
@pytest.mark.parametrize(("cell", "number"), [(",5", 0.5), ("0,125", 0.125), ("1234,567", 1234.567), ("-,25", -0.25)])
def test_a_comma_that_parts_no_thousands_stands_before_decimals(
    con: duckdb.DuckDBPyConnection, how: str, cell: str, number: float
):
    (change,) = preview(con, {"weight": [cell]}, "weight", how).changes
    assert float(change.after or "nan") == number
