"""A table made of named columns, small enough to see in a test."""

from __future__ import annotations

from pathlib import Path

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.tables import LINE, Source, Table, columns_named

SERVERS = Source(file="servers.csv", sha256="1", byte_size=1_000_000)


def servers_table(folder: Path, **cells: list[str | None]) -> Table:
    """The table "servers" as intake would write it; its first row stands on line 2, below the header."""
    columns = columns_named(list(cells))
    rows = list(zip(*cells.values(), strict=True))
    path = folder / "servers.parquet"
    with duck.connect() as con:
        con.execute(f"CREATE TABLE t ({', '.join(f'{duck.col(c)} VARCHAR' for c in columns)})")
        con.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(columns))})", rows)
        duck.write(con, f"SELECT *, 1 + row_number() OVER () AS {LINE} FROM t", path)
    return Table(name="servers", path=path, columns=columns, row_count=len(rows), source=SERVERS)
