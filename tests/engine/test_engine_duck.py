"""The connection that engines compute on: what it keeps of files in mind never outlives the files."""

from __future__ import annotations

from pathlib import Path

import duckdb

from discovery_pipeline.engine import duck


def test_a_file_that_is_written_again_is_read_as_it_is(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    for number in range(20):  # of one size, in one breath
        duck.write(con, f"SELECT {number} AS a", path)
        assert con.execute(f"SELECT a FROM read_parquet({duck.text(str(path))})").fetchall() == [(number,)]
