"""Tables small enough to see, as intake writes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import duckdb
import pytest

from discovery_pipeline.engine import duck, profiling
from discovery_pipeline.engine.profiling import ColumnProfile, TableProfile
from discovery_pipeline.engine.tables import LINE, Source, Table, columns_named

TODAY = date(2026, 3, 1)

Cells = Sequence[str | None]
MakeTable = Callable[..., Table]


@pytest.fixture(scope="session")
def con() -> duckdb.DuckDBPyConnection:
    return duck.connect(threads=2)


@pytest.fixture
def make_table(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> MakeTable:
    """A table of columns given by name."""

    def make(name: str = "t", /, **cells: Cells) -> Table:
        columns = columns_named(list(cells))
        rows = len(list(zip(*cells.values(), strict=True)))
        keys = [duck.col(c) for c in columns]
        con.execute(f"create or replace temp table made ({', '.join(f'{k} varchar' for k in keys)})")
        if rows:
            lists = ", ".join("unnest(?::varchar[])" for _ in keys)
            con.execute(f"insert into made select {lists}", [list(c) for c in cells.values()])
        path = tmp_path / f"{name}.parquet"
        duck.write(con, f"select *, row_number() over () + 1 as {duck.name(LINE)} from made", path)
        return Table(name=name, path=path, columns=columns, row_count=rows, source=Source(file=f"{name}.csv"))

    return make


@pytest.fixture
def profiled(con: duckdb.DuckDBPyConnection, make_table: MakeTable) -> Callable[..., TableProfile]:
    """The profile of a table of columns given by name."""

    def of(**cells: Cells) -> TableProfile:
        return profiling.profile(con, (make_table(**cells),), today=TODAY).tables[0]

    return of


@pytest.fixture
def column(profiled: Callable[..., TableProfile]) -> Callable[[str, Cells], ColumnProfile]:
    """The profile of one column."""

    def of(header: str, cells: Cells) -> ColumnProfile:
        return profiled(**{header: cells}).column(header)

    return of
