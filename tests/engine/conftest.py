"""What tests of the engines share: a connection, and tables small enough to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import duckdb
import pytest

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.engine.tables import LINE, Source, Table, columns_named

Row = Sequence[str | None]
MakeTable = Callable[..., Table]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of the test's own."""
    with duck.connect() as own:
        yield own


@pytest.fixture
def table_of(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> MakeTable:
    """Makes a table as intake would: `table_of("servers", ["id", "ip"], ("1", "10.0.0.1"), …)`."""

    def make(name: str, header: Sequence[str], *rows: Row) -> Table:
        return written(con, tmp_path, name, header, rows)

    return make


def written(
    con: duckdb.DuckDBPyConnection, folder: Path, name: str, header: Sequence[str], rows: Sequence[Row]
) -> Table:
    """A table's Parquet file; its first row stands on line 2, below the header."""
    columns = columns_named(header)
    typed = ", ".join(f"{duck.col(c)} VARCHAR" for c in columns)
    con.execute(f"CREATE OR REPLACE TEMP TABLE made ({typed}, {LINE} BIGINT)")
    if rows:
        marks = ", ".join("?" * (len(columns) + 1))
        con.executemany(f"INSERT INTO made VALUES ({marks})", [(*row, line) for line, row in enumerate(rows, start=2)])
    path = folder / f"{name}.parquet"
    duck.write(con, "FROM made", path)
    return Table(name=name, path=path, columns=columns, row_count=len(rows), source=Source(file=f"{name}.csv"))


@pytest.fixture
def mapped() -> Callable[..., Mapping]:
    """Makes a mapping: `mapped("aws", ("servers", "ip", "server", "IPAddress"), …)`, a fifth item transforms."""

    def make(target: str, *fields: tuple[str, ...]) -> Mapping:
        return Mapping(target=target, fields=tuple(_field(*f) for f in fields))

    return make


def _field(source_table: str, source_field: str, target_table: str, target_field: str, how: str = "") -> MappedField:
    return MappedField(
        source_table=source_table,
        source_field=source_field,
        target_table=target_table,
        target_field=target_field,
        transformation=how or None,
        confidence=1,
    )
