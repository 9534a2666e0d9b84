"""Tallies: the rows of all files, counted once, are those that are delivered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from discovery_pipeline.engine import duck, targets, validation
from discovery_pipeline.engine.cleansing.model import PatchLog
from discovery_pipeline.engine.delivery.tally import FileTally, tallies

PATCHES = """
SELECT * FROM (VALUES ('estate', 0, 'HostName'), ('estate', 0, 'OS.Name'), ('estate', 1, 'HostName'),
    ('other', 0, 'HostName')) AS patched("table", row, "column")
"""


def test_cells_count_where_their_row_is_delivered(
    con: duckdb.DuckDBPyConnection, mapped: Callable[..., Any], table_of: Callable[..., Any], tmp_path: Path
):
    header = ("HostName", "IPAddress")
    table = table_of("estate", header, ("web1", "10.0.0.1"), ("web1", "10.0.0.1"), ("web2", "nowhere"))
    mapping = mapped("aws", *(("estate", name, "server", name) for name in header))
    verdict = validation.validate(con, (table,), mapping, targets.load("aws"), tmp_path / "verdict")
    duck.write(con, PATCHES, tmp_path / "log.parquet")
    log = PatchLog(path=tmp_path / "log.parquet", count=4)
    assert (verdict.rows_delivered, verdict.blanked) == (2, 1)
    # The first row's two cells, and the address that the target can't take; the second row is a duplicate.
    assert tallies(con, verdict, log) == (FileTally("server", rows=2, first=2, cells=3),)
    assert tallies(con, verdict, None)[0].cells == 1


def test_a_row_in_several_files_counts_in_the_first(
    con: duckdb.DuckDBPyConnection, mapped: Callable[..., Any], table_of: Callable[..., Any], tmp_path: Path
):
    aws = targets.load("aws")
    both = aws.model_copy(update={"tables": (aws.tables[0], aws.tables[0].model_copy(update={"name": "again"}))})
    table = table_of("estate", ("HostName",), ("web1",), ("web2",))
    mapping = mapped("aws", *(("estate", "HostName", each.name, "HostName") for each in both.tables))
    verdict = validation.validate(con, (table,), mapping, both, tmp_path / "verdict")
    assert [(each.rows, each.first) for each in tallies(con, verdict, None)] == [(2, 2), (2, 0)]
    assert verdict.rows_delivered == 2
