"""Corrections: rejected rows go out as a file, are mended by a person, and come back.

The file holds a table's own columns, then which row it is and why it was rejected. What comes back is compared with
what went out, cell by cell: only what was changed is a decision, and only on the rows that are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.decisions import CellDecision
from discovery_pipeline.engine.cleansing.log import inert, restored
from discovery_pipeline.engine.tables import LINE, Table
from discovery_pipeline.engine.validation.model import Verdict
from discovery_pipeline.errors import InputRefused

AT, ROW, REASONS = "discovery_line", "discovery_row", "discovery_reasons"
"""Columns that the file has beside the table's own: the line of the source, for people to find it; the 0-based row, by
which it is known again; and every target's reasons."""


def rejected(con: duckdb.DuckDBPyConnection, table: Table, verdicts: Sequence[Verdict], out: Path) -> int:
    """Write the rows of the cleansed table that some target rejects, as CSV for people; the number of rows."""
    logs = " UNION ALL ".join(
        f"SELECT row, {duck.text(v.target + ': ')} || reasons AS reasons "
        f'FROM read_parquet({duck.text(str(v.rejected))}) WHERE "table" = {duck.text(table.name)}'
        for v in verdicts
    )
    cells = ", ".join(f"{inert(f's.{duck.col(c)}')} AS {duck.name(c.name)}" for c in table.columns)
    query = f"""
        SELECT {cells}, s.{duck.name(LINE)} AS {AT}, s.file_row_number AS {ROW}, {inert("r.reasons")} AS {REASONS}
        FROM {duck.scan(table)} s
        JOIN (SELECT row, string_agg(reasons, '; ' ORDER BY reasons) AS reasons FROM ({logs}) GROUP BY row) r
            ON r.row = s.file_row_number
        ORDER BY s.file_row_number"""
    out.parent.mkdir(parents=True, exist_ok=True)
    done = con.execute(f"COPY ({query}) TO {duck.text(str(out))} (FORMAT csv, HEADER)").fetchone()
    return int(done[0]) if done else 0


def corrected(  # noqa: PLR0913 - what went out, what came back, and who says so
    con: duckdb.DuckDBPyConnection,
    returned: Table,
    cleansed: Table,
    source: Table,
    *,
    by: str = "",
    reason: str = "corrected in the file of rejected rows",
) -> tuple[CellDecision, ...]:
    """What a person changed in the file of rejected rows, as decisions on cells.

    Columns that were left out of the file, and rows that were, stay as they are.

    Raises
    ------
    InputRefused
        The file doesn't say which rows it is about, or names rows that aren't there.
    """
    names = {c.name: c for c in returned.columns}
    if ROW not in names:
        raise InputRefused(
            returned.source.file, f"it has no column {ROW}.", "Correct the file of rejected rows, and keep that column."
        )
    row = f"TRY_CAST(b.{duck.col(names[ROW])} AS BIGINT)"
    _refuse_strangers(con, returned, cleansed, row)
    found: list[CellDecision] = []
    for column in cleansed.columns:
        if column.name not in names:
            continue
        key = duck.col(column)
        after = restored(f"b.{duck.col(names[column.name])}")
        changed = con.execute(f"""
            SELECT {row}, s.{key}, {after} FROM {duck.scan(returned)} b
            JOIN {duck.scan(cleansed)} c ON c.file_row_number = {row}
            JOIN {duck.scan(source)} s ON s.file_row_number = {row}
            WHERE {after} IS DISTINCT FROM c.{key} ORDER BY 1""").fetchall()
        found += [
            CellDecision(
                table=cleansed.name, column=column.name, row=place, seen=seen, after=value, by=by, reason=reason
            )
            for place, seen, value in changed
        ]
    return tuple(found)


def _refuse_strangers(con: duckdb.DuckDBPyConnection, returned: Table, cleansed: Table, row: str) -> None:
    strange = con.execute(f"""
        SELECT b.{duck.name(LINE)} FROM {duck.scan(returned)} b
        WHERE {row} IS NULL OR {row} < 0 OR {row} >= {cleansed.row_count} ORDER BY 1 LIMIT 5""").fetchall()
    if strange:
        lines = ", ".join(str(line) for (line,) in strange)
        raise InputRefused(
            returned.source.file,
            f"{ROW} names no row of {cleansed.name} in line {lines}.",
            "Leave that column as it was; take rows out of the file if they aren't corrected.",
        )
    twice = con.execute(f"""
        SELECT {row} AS r FROM {duck.scan(returned)} b GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT 5""").fetchall()
    if twice:
        raise InputRefused(
            returned.source.file,
            f"{ROW} {', '.join(str(r) for (r,) in twice)} stands more than once.",
            "Keep one line of each row.",
        )
