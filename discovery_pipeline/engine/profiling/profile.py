"""Profiling: plan on a sample, count in one reading, describe."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb

from discovery_pipeline.engine import intake
from discovery_pipeline.engine.intake import FileRead
from discovery_pipeline.engine.profiling import describe, in_place
from discovery_pipeline.engine.profiling.count import count
from discovery_pipeline.engine.profiling.locate import located
from discovery_pipeline.engine.profiling.model import Profile, TableProfile
from discovery_pipeline.engine.profiling.plan import draw
from discovery_pipeline.engine.profiling.source import Source, of_table
from discovery_pipeline.engine.tables import Tables
from discovery_pipeline.errors import DiscoveryError


def profile(con: duckdb.DuckDBPyConnection, tables: Tables, *, today: date) -> Profile:
    """What the columns of all tables look like.

    Parameters
    ----------
    today
        The day from which dates are judged fresh or ahead.
    """
    return Profile(tables=tuple(of_source(con, of_table(table), today=today) for table in tables))


def of_files(
    con: duckdb.DuckDBPyConnection, paths: Sequence[Path], into: Path, *, today: date
) -> tuple[Profile, tuple[FileRead, ...]]:
    """What the columns of all tables in these files look like, and the files that were refused.

    Parameters
    ----------
    into
        Folder for the tables of files that can't be profiled where they lie.
    """
    tables: list[TableProfile] = []
    refused: list[FileRead] = []
    for number, path in enumerate(paths):
        if found := _in_place(con, path, today):
            tables.append(found)
            continue
        taken = intake.read(con, [path], into / str(number))
        tables += profile(con, taken.tables, today=today).tables
        refused += [file for file in taken.files if file.status == "refused"]
    return Profile(tables=tuple(tables)), tuple(refused)


def _in_place(con: duckdb.DuckDBPyConnection, path: Path, today: date) -> TableProfile | None:
    """The profile of a file that needs no repair; None where it does, which only reading it may show."""
    source = in_place.source(path)
    if source is None:
        return None
    try:
        return of_source(con, source, today=today)
    except duckdb.InvalidInputException:
        return None


def of_source(con: duckdb.DuckDBPyConnection, source: Source, *, today: date) -> TableProfile:
    """What the columns of one relation look like.

    Raises
    ------
    DiscoveryError
        Where DuckDB's memory doesn't do for one column at a time.
    """
    try:
        plan = draw(con, source)
        counted = count(con, plan, source.relation, today)
        return describe.table(source.name, plan, located(con, plan, source.relation, source.row, counted))
    except duckdb.OutOfMemoryException:
        limit = con.execute("select current_setting('memory_limit')").fetchall()[0][0]
        raise DiscoveryError(
            f"{source.name}: profiling {len(source.columns):,} columns takes more memory than DuckDB may use, {limit}. "
            "Set DISCOVERY_MEMORY_LIMIT higher, or DISCOVERY_THREADS lower."
        ) from None
