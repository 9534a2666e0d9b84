"""Tallies: what each target file holds of the source's rows, and how many of its cells were changed."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import PatchLog
from discovery_pipeline.engine.validation.model import ValidRows, Verdict


@dataclass(frozen=True, slots=True)
class FileTally:
    """One table of a target. The `first` of all tables sum to the source rows that are delivered."""

    target_table: str
    rows: int  # of the file; a source row may give several
    first: int  # source rows that stand in it, and in none before it
    cells: int  # changed in its source rows, by cleansing or because the target can't take them


def tallies(con: duckdb.DuckDBPyConnection, verdict: Verdict, log: PatchLog | None) -> tuple[FileTally, ...]:
    """What each table of a target holds, in the verdict's order."""
    patched = " UNION ALL ".join(
        f'SELECT "table", row FROM {duck.parquet(path)}' for path in (*([log.path] if log else []), verdict.patches)
    )
    return tuple(_tally(con, verdict.valid[: at + 1], patched) for at in range(len(verdict.valid)))


def _tally(con: duckdb.DuckDBPyConnection, files: tuple[ValidRows, ...], patched: str) -> FileTally:
    """The last of these files."""
    *before, mine = files
    earlier = "".join(f" EXCEPT SELECT __table, __row FROM {duck.parquet(each.path)}" for each in before)
    here = f"SELECT DISTINCT __table, __row FROM {duck.parquet(mine.path)}"
    first, cells = con.execute(f"""
        SELECT (SELECT count(*) FROM ({here}{earlier})),
            (SELECT count(*) FROM ({patched}) AS p SEMI JOIN ({here}) AS h ON p."table" = h.__table AND p.row = h.__row)
    """).fetchone() or (0, 0)
    return FileTally(mine.target_table, mine.row_count, first, cells)
