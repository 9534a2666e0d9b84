"""Delimited text: CSV, TSV and their relatives become tables.

Detection looks at a sample. DuckDB's strict reader then takes the whole file with everything given;
where it finds the file less regular than it looked, the forgiving reader takes over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.intake import drawn, encodings
from discovery_pipeline.engine.intake.detection import Detection, detect, physical_lines
from discovery_pipeline.engine.intake.layouts import TOTAL, is_footer
from discovery_pipeline.engine.intake.model import TableRead
from discovery_pipeline.engine.intake.notes import header_notes, layout_notes, note
from discovery_pipeline.engine.intake.records import LONGEST
from discovery_pipeline.engine.intake.repair import Repair
from discovery_pipeline.engine.intake.spool import write
from discovery_pipeline.engine.intake.suspects import Suspects
from discovery_pipeline.engine.intake.work import NoTable, Upload, Work
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.tables import LINE, Column, Table, columns_named
from discovery_pipeline.errors import InputRefused

TAIL = 64 << 10
"""Bytes at a text's end where blank lines and empty rows are looked for."""
NOTES = 5
"""Last rows that are looked at for notes below the table, which the strict reader takes for rows."""
TOTALS = 1000
"""Rows that say they are a total, of which so many are looked at."""
STRICT_LINE = 2 << 20
"""Bytes of a line that the strict reader takes; longer ones are the forgiving reader's."""


def read(work: Work, upload: Upload) -> TableRead:
    """The table in a delimited text."""
    _check_start(upload)
    survey = encodings.survey(upload.path)
    found = detect(upload, work.scratch, work.options, survey)
    if found.drawing:
        found = _redrawn(work, upload, found, found.drawing)
    if not found.rows and not work.options.keep_rowless:
        what = "It has a header but no rows." if found.layout.header_rows else "It has no rows."
        raise NoTable(upload, what, "Check the export; an empty table can't be migrated.", found.glimpse)
    columns = columns_named(found.names)
    name = work.named(upload.stem)
    place = work.place(name)
    repair = None
    rows = None if found.irregular else _strictly(work.con, found, columns, place)
    if rows is None:
        repair = Repair(work, upload.file, name, found.names)
        rows = repair.write(_lines(found), found.dialect, found.first_line, columns, place)
    skipped = _skipped(found, rows, repair)
    findings = [
        *_findings(name, found, columns, skipped),
        *(repair.findings() if repair else _totals(work.con, name, columns, place)),
    ]
    if not rows and not work.options.keep_rowless:
        place.unlink()
        raise NoTable(upload, "None of its rows can be read.", "Look at the rejected rows.", found.glimpse)
    table = Table(name=name, path=place, columns=columns, row_count=rows, source=upload.source(survey.sha256))
    return TableRead(
        table=table,
        rejected_count=repair.rejected if repair else 0,
        encoding=found.encoding.name,
        marked=found.encoding.marked,
        delimiter=_delimiter(work, found, columns),
        quote=found.dialect.quote or None,
        escape=found.dialect.escape or None,
        header_rows=found.layout.header_rows,
        preamble_rows=found.layout.preamble,
        top=found.top,
        reasons=found.reasons,
        findings=tuple(findings),
    )


def _redrawn(work: Work, upload: Upload, found: Detection, drawing: drawn.Drawing) -> Detection:
    """What is detected of the same text as delimited."""
    copy = work.draft(".txt")
    drawn.rewrite(found.text, drawing, copy)
    options = work.options.model_copy(update={"delimiter": drawn.DELIMITER, "quote": "", "escape": ""})
    again = detect(Upload(copy, upload.file), work.scratch, options, encodings.survey(copy))
    return replace(
        again,
        encoding=found.encoding,
        nulls=found.nulls,
        strays=found.strays,
        undecodable=found.undecodable,
        reasons=(found.encoding.reason, drawing.reason, *again.layout.reasons),
    )


def _delimiter(work: Work, found: Detection, columns: tuple[Column, ...]) -> str | None:
    """What parts the cells of the file, where anything does."""
    if found.dialect.delimiter == drawn.DELIMITER and work.options.delimiter is None:
        return None
    return found.dialect.delimiter if len(columns) > 1 or work.options.delimiter else None


def _check_start(upload: Upload) -> None:
    """Refuse a text whose very first line is too long, before all of it is read."""
    with upload.path.open("rb") as stream:
        start = stream.read(4 * LONGEST)
        if len(start) == 4 * LONGEST and b"\n" not in start and b"\r" not in start:
            what = f"Its first line is longer than {LONGEST:,} characters."
            raise InputRefused(upload.file, what, "Check the line ends of the export.")


def _lines(found: Detection) -> Iterator[str]:
    """Physical lines from the first row on; one that never ends comes cut, and its rest is dropped."""
    newline = found.dialect.newline
    with found.text.open(encoding="utf-8-sig", newline=newline) as stream:
        for _ in range(found.first_line - 1):
            stream.readline()
        yield from physical_lines(stream, newline)


def relation(found: Detection, columns: tuple[Column, ...]) -> str:
    """A FROM item over the text as detected: strict, nothing inferred, every cell text."""
    struct = ", ".join(f"{duck.text(column.key)}: 'VARCHAR'" for column in columns)
    dialect = found.dialect
    return (
        f"read_csv({duck.text(str(found.text))}, auto_detect=false, header=false, skip={found.first_line - 1}, "
        f"delim={duck.text(dialect.delimiter)}, quote={duck.text(dialect.quote)}, escape={duck.text(dialect.escape)}, "
        f"columns={{{struct}}}, strict_mode=true, max_line_size={STRICT_LINE}, buffer_size={4 * STRICT_LINE})"
    )


def _strictly(con: duckdb.DuckDBPyConnection, found: Detection, columns: tuple[Column, ...], place: Path) -> int | None:
    """Write the table by DuckDB's strict reader; None where the text is less regular than it has to be."""
    for spanning in [True] if found.multiline else [False, True]:
        try:
            rows = write(con, _query(found, columns, spanning=spanning), len(columns), place)
        except duckdb.Error:
            return None
        if _repeats_header(con, found, columns, place) or _noted_below(con, columns, place):
            return None
        if _ends_well(found, _end(con, place, columns, spanning=spanning)):
            return rows
    return None


def _query(found: Detection, columns: tuple[Column, ...], *, spanning: bool) -> str:
    """All rows that hold anything, with the line each starts at; `spanning` where cells may hold line ends."""
    keys = ", ".join(duck.col(column) for column in columns)
    if spanning:
        extra = f"1 + {_breaks(columns)}"
        line = f"sum({extra}) OVER (ROWS UNBOUNDED PRECEDING) - ({extra}) + {found.first_line}"
    else:
        line = f"row_number() OVER () + {found.first_line - 1}"
    inner = f"SELECT *, ({line})::BIGINT AS {duck.name(LINE)} FROM {relation(found, columns)}"
    return f"SELECT {keys}, {duck.name(LINE)} FROM ({inner}) WHERE coalesce({keys}) IS NOT NULL"


def _breaks(columns: tuple[Column, ...]) -> str:
    whole = f"concat({', '.join(duck.col(column) for column in columns)})"
    return f"(length({whole}) - length(replace({whole}, chr(10), '')))"


def _end(con: duckdb.DuckDBPyConnection, place: Path, columns: tuple[Column, ...], *, spanning: bool) -> int | None:
    """Line on which the last row ends, by the lines the rows were given."""
    line, scan = duck.name(LINE), duck.parquet(place)
    extra = _breaks(columns) if spanning else "0"
    found = con.execute(f"SELECT {line} + {extra} FROM {scan} ORDER BY {line} DESC LIMIT 1").fetchone()
    return int(found[0]) if found else None


def _repeats_header(con: duckdb.DuckDBPyConnection, found: Detection, columns: tuple[Column, ...], place: Path) -> bool:
    """Whether the header stands among the rows once more, as where files were joined."""
    if not any(found.names):
        return False
    same = " AND ".join(
        f"{duck.col(column)} IS NOT DISTINCT FROM nullif({duck.text(name)}, '')"
        for column, name in zip(columns, found.names, strict=True)
    )
    scan = duck.parquet(place)
    return bool(con.execute(f"SELECT 1 FROM {scan} WHERE {same} LIMIT 1").fetchone())


def _noted_below(con: duckdb.DuckDBPyConnection, columns: tuple[Column, ...], place: Path) -> bool:
    """Whether one of the last rows is a note or a total below the table."""
    line, keys = duck.name(LINE), ", ".join(map(duck.col, columns))
    above = f"coalesce({line} - lag({line}) OVER (ORDER BY {line}), 1)"
    last = f"SELECT {line}, {keys} FROM {duck.parquet(place)} ORDER BY {line} DESC LIMIT {NOTES + 1}"
    rows = con.execute(f"SELECT {above} > 1, {keys} FROM ({last}) ORDER BY {line} DESC LIMIT {NOTES}").fetchall()
    return any(
        is_footer([cell or "" for cell in cells], len(columns), after_blank=after_blank, first_cells=())
        for after_blank, *cells in rows
    )


def _ends_well(found: Detection, end: int | None) -> bool:
    """Whether the lines given to the rows are right: the text ends where the last row does, but for empty rows."""
    missing = _last_line(found) - (end or 0)
    if end is None or missing < 0:
        return False
    if not missing:
        return True
    newline = found.dialect.newline.encode()
    tail = _tail(found.text).rstrip(b"\r\n").split(newline)
    if missing >= len(tail):
        return False
    marks = f"{found.dialect.delimiter}{found.dialect.quote} \r".encode()
    return all(line and not line.strip(marks) for line in tail[-missing:])


def _last_line(found: Detection) -> int:
    """Number of the last physical line that is not blank."""
    newline, tail = found.dialect.newline, _tail(found.text)
    total = found.survey.lone_returns if newline == "\r" else found.survey.line_feeds
    return total - tail[len(tail.rstrip(b"\r\n")) :].count(newline.encode()) + 1


def _tail(text: Path) -> bytes:
    with text.open("rb") as stream:
        stream.seek(max(0, text.stat().st_size - TAIL))
        return stream.read()


def _skipped(found: Detection, rows: int, repair: Repair | None) -> int:
    """Rows without a value that were left out."""
    if repair:
        return repair.blank
    return 0 if found.multiline else max(0, _last_line(found) - found.first_line + 1 - rows)


def _totals(con: duckdb.DuckDBPyConnection, name: str, columns: tuple[Column, ...], place: Path) -> Iterator[Finding]:
    """The rows among those that were read strictly that say they are a total."""
    keys, scan = ", ".join(map(duck.col, columns)), duck.parquet(place)
    (rows,) = con.execute(f"SELECT count(*) FROM {scan}").fetchone() or (0,)
    suspects = Suspects(rows)
    for line, *cells in con.execute(
        f"SELECT {duck.name(LINE)}, {keys} FROM {scan} "
        f"WHERE regexp_full_match(coalesce({keys}), {duck.text(TOTAL)}, 'i') ORDER BY 1 LIMIT {TOTALS}"
    ).fetchall():
        suspects.see(line, [cell or "" for cell in cells], after_blank=False)
    yield from suspects.findings(name)


def _findings(name: str, found: Detection, columns: tuple[Column, ...], skipped: int) -> Iterator[Finding]:
    yield from layout_notes(name, found.layout.header_rows, found.preamble, found.names)
    if found.layout.header_rows:
        yield from header_notes(name, found.names, [column.name for column in columns])
    if not found.rows:
        yield note(name, "no_rows", 0, "The text has a header but no rows.")
    if skipped:
        yield note(name, "empty_rows", skipped, f"{counted(skipped, 'row')} without any value left out.")
    if found.nulls:
        yield note(name, "nul_characters", found.nulls, f"{counted(found.nulls, 'NUL character')} taken out.")
    if found.strays:
        what = f"{counted(found.strays, 'line')} not valid UTF-8; read as Windows-1252."
        yield note(name, "mixed_encodings", found.strays, what)
    if found.undecodable:
        what = f"{counted(found.undecodable, 'character')} not decodable as {found.encoding.name}; marked as \ufffd."
        yield note(name, "undecodable", found.undecodable, what)
