"""Corrections: rejected rows go out as a file, are mended by a person, and come back.

The file is the source's, with the rejected rows only: its cells as they came, its columns, its form; and beside them
which row it is and why it was rejected. What comes back is compared with what went out, cell by cell: only what was
changed is a decision, and only on the rows that are named, in whatever order rows and columns stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.decisions import CellDecision
from discovery_pipeline.engine.cleansing.log import inert, restored
from discovery_pipeline.engine.intake import writing
from discovery_pipeline.engine.intake.writing import Form, Row
from discovery_pipeline.engine.tables import LINE, Table
from discovery_pipeline.engine.validation.model import Verdict
from discovery_pipeline.errors import InputRefused

TABLE, AT, ROW, REASONS = "discovery_table", "discovery_line", "discovery_row", "discovery_reasons"
"""Columns that the file has beside the table's own: the table; the line of the source and the 0-based row, by either of
which a row is known again; and every target's reasons."""
_BATCH = 2_000


def rejected(
    con: duckdb.DuckDBPyConnection, source: Table, verdicts: Sequence[Verdict], out: Path, form: Form = writing.PLAIN
) -> int:
    """Write the rows that some target rejects as the source has them, in the form of its file; the number of rows."""
    logs = " UNION ALL ".join(
        f"SELECT row, {duck.text(v.target + ': ')} || reasons AS reasons "
        f'FROM read_parquet({duck.text(str(v.rejected))}) WHERE "table" = {duck.text(source.name)}'
        for v in verdicts
    )
    texts = [*(f"s.{duck.col(c)}" for c in source.columns), duck.text(source.name), "r.reasons"]
    *cells, reasons = map(inert, texts) if form.opens_in_spreadsheets else texts
    query = f"""
        SELECT {", ".join(cells)}, s.{duck.name(LINE)}::VARCHAR, s.file_row_number::VARCHAR, {reasons}
        FROM {duck.scan(source)} s
        JOIN (SELECT row, string_agg(reasons, '; ' ORDER BY reasons) AS reasons FROM ({logs}) GROUP BY row) r
            ON r.row = s.file_row_number
        ORDER BY s.file_row_number"""
    header = (*(c.name for c in source.columns), TABLE, AT, ROW, REASONS)
    written = _Counted(con.execute(query))
    writing.write(header, written, form, (*_literal(con.cursor(), source), False, True, True, False), out)
    return written.rows


class _Counted:
    """The rows of a query, as they are asked for, and how many there were."""

    def __init__(self, found: duckdb.DuckDBPyConnection) -> None:
        self.found, self.rows = found, 0

    def __iter__(self) -> Iterator[Row]:
        while batch := self.found.fetchmany(_BATCH):
            self.rows += len(batch)
            yield from batch


def _literal(con: duckdb.DuckDBPyConnection, table: Table) -> tuple[bool, ...]:
    """Of each column whether JSON writes all that stands in it without quotes."""
    literal = duck.text(writing.LITERAL)
    asked = ", ".join(f"bool_and(regexp_full_match({duck.col(c)}, {literal}))" for c in table.columns)
    found = con.execute(f"SELECT {asked} FROM {duck.scan(table)}").fetchone() or ()
    return tuple(bool(each) for each in found)


def corrected(
    con: duckdb.DuckDBPyConnection,
    returned: Table,
    source: Table,
    *,
    by: str = "",
    reason: str = "corrected in the file of rejected rows",
) -> tuple[CellDecision, ...]:
    """What a person changed in the file of rejected rows, as decisions on cells.

    Columns that were left out of the file, and rows that were, stay as they are. White space at a cell's ends is no
    change: spreadsheets add and remove it. Nor is what the file's form has no place for.

    Raises
    ------
    InputRefused
        The file doesn't say which rows it is about, or names rows that aren't there.
    """
    found: list[CellDecision] = []
    names = {c.name: c for c in returned.columns}
    rows = _rows(con, returned, source)
    for column in source.columns:
        if column.name not in names:
            continue
        key, cell = duck.col(column), f"b.{duck.col(names[column.name])}"
        same = " OR ".join(
            f"{_neat(each)} IS NOT DISTINCT FROM {_neat(sent)}"
            for each in (cell, restored(cell)) for sent in writing.sent(f"s.{key}")
        )  # fmt: skip
        changed = con.execute(f"""
            SELECT s.file_row_number, s.{key}, {restored(cell)} FROM {rows} b
            JOIN {duck.scan(source)} s ON s.file_row_number = b.__at
            WHERE NOT ({same}) ORDER BY 1""").fetchall()
        found += [
            CellDecision(table=source.name, column=column.name, row=place, seen=seen, after=value, by=by, reason=reason)
            for place, seen, value in changed
        ]
    return tuple(found)


def _neat(cell: str) -> str:
    """A cell without white space at its ends, its lines ended alike; null where nothing is left."""
    one_ending = f"regexp_replace({cell}, '\\r\\n?', chr(10), 'g')"
    return f"nullif({duck.stripped(one_ending)}, '')"


def about(con: duckdb.DuckDBPyConnection, tables: Sequence[Table], source: Table) -> Table:
    """Which of the tables that came back says which rows of the source it corrects; the first if none does.

    A workbook may have come back with other sheets, and with the rejected rows of other tables among them.
    """
    known = [table for table in tables if _known_again([c.name for c in table.columns])]
    mine = (table for table in known if not _of_others(con, table, source))
    return next(mine, next(iter(known), tables[0]))


def _known_again(columns: Sequence[str]) -> bool:
    """Whether a file with these columns says which rows it is about."""
    return ROW in columns or AT in columns


def _of_others(con: duckdb.DuckDBPyConnection, returned: Table, source: Table) -> list[str]:
    """Other tables whose rows stand in what came back; a file without that column is about the table it is sent to."""
    said = next((restored(duck.col(c)) for c in returned.columns if c.name == TABLE), None)
    if said is None:
        return []
    asked = f"SELECT DISTINCT {duck.stripped(said)} AS t FROM {duck.scan(returned)}"
    others = con.execute(f"SELECT t FROM ({asked}) WHERE t <> {duck.text(source.name.strip())} ORDER BY 1 LIMIT 5")
    return [name for (name,) in others.fetchall()]


def _rows(con: duckdb.DuckDBPyConnection, returned: Table, source: Table) -> str:
    """A FROM item: what came back, with the source's row as `__at`.

    Raises
    ------
    InputRefused
        It doesn't say which rows it is about, or names rows that aren't there.
    """
    names = {c.name: c for c in returned.columns}
    if not _known_again(tuple(names)):
        raise InputRefused(
            returned.source.file,
            f"it has no column {AT}, and so doesn't say which rows it corrects.",
            "Correct the file of rejected rows, and keep that column.",
        )
    if others := _of_others(con, returned, source):
        raise InputRefused(
            returned.source.file,
            f"it holds rejected rows of {', '.join(others)}, and not of {source.name}.",
            "Bring it back to the table that it is about.",
        )
    by, key = (ROW, "s.file_row_number") if ROW in names else (AT, f"s.{duck.name(LINE)}")
    said = f"b.{duck.col(names[by])}"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE __returned AS
        SELECT b.*, s.file_row_number AS __at FROM {duck.scan(returned)} b
        LEFT JOIN {duck.scan(source)} s ON {key} = TRY_CAST({said} AS BIGINT)""")
    _refuse_strangers(con, returned, source, by)
    return "__returned"


def _refuse_strangers(con: duckdb.DuckDBPyConnection, returned: Table, source: Table, by: str) -> None:
    line = duck.name(LINE)
    strange = con.execute(f"SELECT {line} FROM __returned WHERE __at IS NULL ORDER BY 1 LIMIT 5").fetchall()
    if strange:
        lines = ", ".join(str(line) for (line,) in strange)
        raise InputRefused(
            returned.source.file,
            f"{by} names no row of {source.name} in line {lines}.",
            "Leave that column as it was; take rows out of the file if they aren't corrected.",
        )
    twice = con.execute(f"""
        SELECT any_value({duck.col(next(c for c in returned.columns if c.name == by))}) FROM __returned
        GROUP BY __at HAVING count(*) > 1 ORDER BY __at LIMIT 5""").fetchall()
    if twice:
        raise InputRefused(
            returned.source.file,
            f"{by} {', '.join(str(r) for (r,) in twice)} stands more than once.",
            "Keep one line of each row.",
        )
