"""Tables written down in a test, as intake leaves them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pytest

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.tables import LINE, Source, Table, Tables, columns_named

Columns = Mapping[str, Sequence[object]]
Given = Callable[[Mapping[str, Columns]], Tables]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duck.connect(threads=2)
    yield connection
    connection.close()


@pytest.fixture
def given(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Given:
    """Tables of these columns; values become text, None stays empty."""

    def made(tables: Mapping[str, Columns]) -> Tables:
        return tuple(_table(con, tmp_path, name, columns) for name, columns in tables.items())

    return made


def _table(con: duckdb.DuckDBPyConnection, folder: Path, name: str, columns: Columns) -> Table:
    described = columns_named(list(columns))
    lists = [[None if v is None else str(v) for v in values] for values in columns.values()]
    rows = len(lists[0]) if lists else 0
    unnested = ", ".join(f"unnest(${i + 1}::varchar[]) as {duck.col(c)}" for i, c in enumerate(described))
    path = folder / f"{len(list(folder.iterdir()))}.parquet"
    con.execute(f"create or replace temp table given as select {unnested}", lists)
    duck.write(con, f"select *, row_number() over () + 1 as {LINE} from given", path)
    return Table(name=name, path=path, columns=described, row_count=rows, source=Source(file=f"{name}.csv"))
