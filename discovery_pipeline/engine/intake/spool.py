"""Spool: rows that Python had to take apart go to a plain CSV, which DuckDB turns into a table.

So every table is made by one engine, in order, in constant memory, however its source looked.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.tables import LINE, Column

GROUP = 4_000_000
"""Cells of a row group of Parquet: what is written holds a few of them in memory."""
VECTOR, LARGEST_GROUP = 2_048, 122_880
"""Rows that DuckDB works on at a time, of which a row group is a multiple; rows of a group by its own default."""
LONGEST_LINE = 64 << 20
"""Bytes of one record in a spool."""


def write(con: duckdb.DuckDBPyConnection, query: str, columns: int, path: Path) -> int:
    """Write a query's rows to a table's Parquet file, in groups that fit in memory; the number of rows."""
    fitting = GROUP // max(columns, 1) // VECTOR * VECTOR
    return duck.write(con, query, path, row_group=max(VECTOR, min(LARGEST_GROUP, fitting)))


class Spool:
    """Rows written one by one, read back as one table."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def add(self, line: int, cells: Sequence[str | None]) -> None:
        """One row and the line it came from."""
        self._writer.writerow([line, *cells])
        self.rows += 1

    def extend(self, rows: Iterable[Sequence[object]]) -> None:
        """Rows that start with their line."""
        before = self.rows
        self._writer.writerows(row for self.rows, row in enumerate(rows, before + 1))

    def close(self) -> None:
        """Nothing more is added."""
        self._file.close()

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self.path.unlink(missing_ok=True)

    def to_parquet(
        self,
        con: duckdb.DuckDBPyConnection,
        columns: Sequence[Column],
        path: Path,
        *,
        kept: Sequence[Column] | None = None,
        ragged: bool = False,
    ) -> int:
        """All rows as a table's Parquet file; their number.

        `kept` are the columns that it has, where not all are; `ragged` where rows may end early.
        """
        self.close()
        scan = self._scan([LINE, *(column.key for column in columns)], ragged=ragged)
        keys = [column.key for column in (columns if kept is None else kept)]
        return write(con, f"SELECT {', '.join(map(duck.name, [*keys, LINE]))} FROM {scan}", len(keys), path)

    def to_rejects(self, con: duckdb.DuckDBPyConnection, path: Path) -> int:
        """All rows, each (line, file, table, reason, raw), as the Parquet of rejected rows; their number."""
        self.close()
        query = f'SELECT file, "table", line, reason, raw FROM {self._scan(["line", "file", "table", "reason", "raw"])}'
        return write(con, query, 5, path)

    def _scan(self, names: Sequence[str], *, ragged: bool = False) -> str:
        types = ["BIGINT", *["VARCHAR"] * (len(names) - 1)]
        struct = ", ".join(f"{duck.text(name)}: '{kind}'" for name, kind in zip(names, types, strict=True))
        if not self.path.stat().st_size:
            empty = ", ".join(f"NULL::{k} AS {duck.name(n)}" for n, k in zip(names, types, strict=True))
            return f"(SELECT {empty} WHERE false)"
        size = min(LONGEST_LINE, max(self.path.stat().st_size + 1, 2 << 20))
        # DuckDB can't pad rows in parallel where cells hold line ends.
        padding = ", null_padding=true, parallel=false" if ragged else ""
        return (
            f"read_csv({duck.text(str(self.path))}, auto_detect=false, header=false, delim=',', quote='\"', "
            f"escape='\"', new_line='\\n', columns={{{struct}}}, strict_mode=true, "
            f"max_line_size={size}, buffer_size={max(size, 8 << 20)}{padding})"
        )
