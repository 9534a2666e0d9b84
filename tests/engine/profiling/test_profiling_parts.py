"""Parts: a table on many machines has the profile that one machine would give it."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from discovery_pipeline.engine import duck, profiling
from discovery_pipeline.engine.profiling import parts as spreading
from discovery_pipeline.engine.profiling import plan as planning
from discovery_pipeline.engine.profiling.partial import TablePartial
from discovery_pipeline.engine.profiling.plan import TablePlan
from discovery_pipeline.engine.tables import Column, Table

TODAY = date(2026, 3, 1)
ROWS = 9_000


@dataclass(frozen=True)
class Machines:
    """A table cut into parts, each counted from bytes that came over a wire."""

    con: duckdb.DuckDBPyConnection
    table: Table
    folder: Path
    cuts: tuple[int, ...]

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.table.columns

    @property
    def rows(self) -> int:
        return self.table.row_count

    @contextmanager
    def sampled(self, rows: int) -> Iterator[tuple[str, bool]]:
        with profiling.of_table(self.table).sampled() as sample:
            yield sample

    def counted(self, plan: TablePlan, today: date, *, together: bool) -> Iterator[TablePartial]:
        ends = [0, self.rows] if together else [0, *self.cuts, self.rows]
        for first, end in pairwise(ends):
            part = self.folder / f"{first}.parquet"
            rows = f"file_row_number >= {first} and file_row_number < {end}"
            duck.write(self.con, f"select {self._keys(self.columns)} from {duck.scan(self.table)} where {rows}", part)
            counted = profiling.counted_here(self.con, pickle.loads(pickle.dumps(plan)), part, today)
            yield pickle.loads(pickle.dumps(counted))

    def different(self, columns: Sequence[Column]) -> int:
        sql = f"select count(*) from (select distinct {self._keys(columns)} from {duck.scan(self.table)})"
        return self.con.execute(sql).fetchall()[0][0]

    def _keys(self, columns: Sequence[Column]) -> str:
        return ", ".join(duck.col(c) for c in columns)


@pytest.fixture
def table(make_table: Callable[..., Table]) -> Table:
    numbers = range(ROWS)
    return make_table(
        serial_id=[f"S{i % (ROWS - 1):06}" for i in numbers],  # the last row repeats the first
        cpu_count=["many" if i in (7_001, 8_002) else str(i % 97) for i in numbers],
        ram=[f"{(i % (ROWS - 1)) * 7 % 8999}.5" for i in numbers],
        env=[("Prod", "Test", None)[i % (ROWS - 1) % 3] for i in numbers],
        installed=[str(date(2020, 1, 1 + i % (ROWS - 1) % 28)) for i in numbers],
    )


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table is too large to be counted as one part."""
    monkeypatch.setattr(planning, "EXACT_CELLS", 0)
    monkeypatch.setattr(spreading, "EXACT_CELLS", 0)


@pytest.mark.parametrize("cuts", [(4_000,), (10, 20, 7_500), (ROWS,)])
@pytest.mark.usefixtures("large")
def test_a_table_in_parts_has_the_profile_of_the_whole(
    con: duckdb.DuckDBPyConnection, table: Table, tmp_path: Path, cuts: tuple[int, ...]
) -> None:
    whole = profiling.of_source(con, profiling.of_table(table), today=TODAY)
    found = profiling.of_parts(con, Machines(con, table, tmp_path, cuts), today=TODAY)
    assert (found.row_count, found.duplicate_row_count) == (ROWS, whole.duplicate_row_count)
    assert found.null_patterns == whole.null_patterns
    for left, right in zip(found.columns, whole.columns, strict=True):
        for same in ("null_count", "distinct_count", "min", "max", "histogram", "top_values", "lengths", "patterns"):
            assert getattr(left, same) == getattr(right, same), (left.name, same)
        assert left.exceptions == right.exceptions
        assert left.mean == pytest.approx(right.mean)
        assert left.std == pytest.approx(right.std)
        assert left.median == right.median


@pytest.mark.usefixtures("large")
def test_a_row_that_stands_in_two_parts_is_a_duplicate(
    con: duckdb.DuckDBPyConnection, make_table: Callable[..., Table], tmp_path: Path
) -> None:
    halves = make_table(a=[str(i % 3_000) for i in range(6_000)], b=["x"] * 6_000)
    found = profiling.of_parts(con, Machines(con, halves, tmp_path, (3_000,)), today=TODAY)
    assert found.duplicate_row_count == 3_000


@pytest.mark.usefixtures("large")
def test_a_key_is_counted_exactly_across_parts(
    con: duckdb.DuckDBPyConnection, make_table: Callable[..., Table], tmp_path: Path
) -> None:
    unseen = 800  # no sample reaches that row
    keyed = make_table(server_id=[None if i == unseen else f"id-{i:05}" for i in range(8_000)], b=["x"] * 8_000)
    found = profiling.of_parts(con, Machines(con, keyed, tmp_path, (3_000,)), today=TODAY)
    key = found.column("server_id")
    assert (key.distinct_count, key.distinct_is_exact, key.null_count) == (7_999, True, 1)
    assert found.duplicate_row_count == 0


def test_a_small_table_in_parts_is_counted_exactly(
    con: duckdb.DuckDBPyConnection, table: Table, tmp_path: Path
) -> None:
    found = profiling.of_parts(con, Machines(con, table, tmp_path, (4_000,)), today=TODAY)
    assert found == profiling.of_source(con, profiling.of_table(table), today=TODAY)
