"""Uploads on the page: which files came, how they were read, and how far the work on them is."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.intake.model import Intake, TableRead
from discovery_pipeline.flow.state import Flow, Phase, PhaseStatus
from discovery_pipeline.store.artifacts import Artifacts
from discovery_pipeline.web.pages.templating import plural

SAMPLE_ROWS, SAMPLE_COLUMNS, SAMPLED_TABLES = 5, 14, 12
RAW_LINES, RAW_BYTES = 8, 64 << 10
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of work on the files."""

    title: str
    state: str  # done, busy, bad or empty
    said: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line of the file as it came."""

    number: int
    part: str  # skipped, header or data
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table and how it was read."""

    name: str
    rows: int
    columns: tuple[str, ...]
    rejected: int
    header: str
    how: str
    reasons: tuple[str, ...]
    shown_columns: tuple[str, ...]
    sample: tuple[tuple[str | None, ...], ...]
    raw: tuple[RawLine, ...]

    @property
    def more_columns(self) -> int:
        """Columns that are not shown."""
        return len(self.columns) - len(self.shown_columns)


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file that came."""

    name: str
    bytes: int
    kind: str
    rows: int
    by: str
    at: datetime
    refused: str
    replaced: bool
    pending: bool
    tables: tuple[ShownTable, ...]


_WORK = (
    ("source_tables", "Reading the files"),
    ("column_profile", "Profiling every column"),
    ("schema_analysis", "Finding keys and references"),
    ("mapping_suggestions", "Matching columns with the target"),
)


def busy(flow: Flow) -> bool:
    """Whether the files are being worked on, or are about to be."""
    importing = flow.phases[Phase.DATA_IMPORT]
    uploaded = flow.current_phase is Phase.DATA_IMPORT
    return uploaded and importing.status in (PhaseStatus.PENDING, PhaseStatus.RUNNING)


def work(flow: Flow, artifacts: Artifacts, details: dict[str, str]) -> list[Step]:
    """How far the work on the files is, step by step."""
    importing = flow.phases[Phase.DATA_IMPORT]
    whole = importing.status is PhaseStatus.COMPLETED
    begun = importing.started_at
    steps: list[Step] = []
    now = True  # the first step that isn't done is the one at work
    for asset, title in _WORK:
        if whole or (begun and _written_since(artifacts, flow, asset, begun)):
            steps.append(Step(title, "done", "done", details.get(asset, "")))
        elif now and importing.status is PhaseStatus.FAILED:
            steps.append(Step(title, "bad", "failed"))
            now = False
        elif now:
            begun_said = "at work" if importing.status is PhaseStatus.RUNNING else "about to begin"
            steps.append(Step(title, "busy", begun_said, "" if begun else begun_said))
            now = False
        else:
            steps.append(Step(title, "", "not yet"))
    return steps


def files(
    con: duckdb.DuckDBPyConnection, imports: Sequence[Any], intake: Intake | None, uploads: Path | None, *, hidden: bool
) -> list[ShownFile]:
    """The files that came, the newest first; with how they were read, as far as that is known.

    Parameters
    ----------
    uploads
        The folder with the files as they came.
    hidden
        Show no values of theirs.
    """
    read = {file.file: file for file in intake.files} if intake else {}
    budget = iter(range(SAMPLED_TABLES))
    shown = []
    for one in imports:
        known = read.get(one.filename) if one.status == "accepted" else None
        current = known is not None and known.sha256 == one.sha256
        tables = known.tables if known is not None and current else ()
        shown.append(
            ShownFile(
                name=one.filename,
                bytes=one.byte_size,
                kind=one.media_type or "",
                rows=one.row_count,
                by=one.created_by,
                at=one.created_at,
                refused=one.rejected_reason or "" if one.status == "rejected" else "",
                replaced=one.status == "replaced",
                pending=one.status == "accepted" and not current,
                tables=tuple(
                    _table(con, each, uploads if not hidden and next(budget, None) is not None else None, hidden=hidden)
                    for each in tables
                ),
            )
        )
    return shown


def details(intake: Intake | None, suggestions: Sequence[Any]) -> dict[str, str]:
    """What came of each piece of work, in a few words."""
    told = {}
    if intake:
        rows = sum(table.row_count for table in intake.tables)
        told["source_tables"] = f"{plural(len(intake.tables), 'table')}, {plural(rows, 'row')}"
        told["column_profile"] = plural(sum(len(table.columns) for table in intake.tables), "column")
    if suggestions:
        told["mapping_suggestions"] = plural(sum(len(each.assignment) for each in suggestions), "suggestion")
    return told


def _written_since(artifacts: Artifacts, flow: Flow, asset: str, since: datetime) -> bool:
    try:
        written = artifacts.reading(flow, asset).stat().st_mtime
    except FileNotFoundError:
        return False
    return datetime.fromtimestamp(written, UTC) >= since


def _table(con: duckdb.DuckDBPyConnection, read: TableRead, uploads: Path | None, *, hidden: bool) -> ShownTable:
    names = tuple(column.name for column in read.table.columns)
    raw = tuple(_raw(uploads / read.table.source.file, read)) if uploads else ()
    return ShownTable(
        name=read.table.name,
        rows=read.table.row_count,
        columns=names,
        rejected=read.rejected_count,
        header=_header(read),
        how=_how(read),
        reasons=read.reasons,
        shown_columns=names[:SAMPLE_COLUMNS],
        sample=() if hidden or raw else tuple(_sample(con, read)),
        raw=raw,
    )


def _header(read: TableRead) -> str:
    above = f"{plural(read.preamble_rows, 'line')} above it left out" if read.preamble_rows else ""
    if not read.header_rows:
        return ", ".join(part for part in ("none: columns are numbered", above) if part)
    rows = "the first line" if read.header_rows == 1 else f"the first {read.header_rows} lines"
    rows = rows if not above else plural(read.header_rows, "line")
    return ", ".join(part for part in (rows, above) if part)


def _how(read: TableRead) -> str:
    mark = f"parted by {_DELIMITERS.get(read.delimiter, repr(read.delimiter))}" if read.delimiter else ""
    sheet = f"sheet {read.table.source.sheet}" if read.table.source.sheet else ""
    return ", ".join(part for part in (sheet, read.encoding or "", mark) if part)


def _sample(con: duckdb.DuckDBPyConnection, read: TableRead) -> Sequence[tuple[str | None, ...]]:
    columns = ", ".join(duck.col(column) for column in read.table.columns[:SAMPLE_COLUMNS])
    return con.execute(f"SELECT {columns} FROM {duck.scan(read.table)} LIMIT {SAMPLE_ROWS}").fetchall()


def _raw(file: Path, read: TableRead) -> Iterator[RawLine]:
    """The first lines of a delimited file, with what was made of them; nothing where they can't be shown so."""
    if not read.delimiter or len(read.delimiter) > 1 or not read.encoding or not file.is_file():
        return
    with file.open("rb") as content:
        text = content.read(RAW_BYTES).decode(read.encoding, errors="replace").removeprefix("\ufeff")
    lines = csv.reader(text.replace("\0", "").splitlines(), delimiter=read.delimiter, quotechar=read.quote or '"')
    head = read.preamble_rows + read.header_rows
    try:
        for number, cells in enumerate(islice(lines, head + RAW_LINES - 3), start=1):
            part = "skipped" if number <= read.preamble_rows else "header" if number <= head else "data"
            yield RawLine(number, part, tuple(cells[:SAMPLE_COLUMNS]))
    except csv.Error:
        return
