"""Uploads on the page: which files came, how they were read, and how far the work on them is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.intake.model import Choice, FileRead, Intake, TableRead
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.flow.state import ENDED, Flow, Phase, PhaseStatus
from discovery_pipeline.store.files.artifacts import Artifacts
from discovery_pipeline.web.services.layouts import PartLayout, parts_of

SAMPLE_ROWS, SAMPLE_COLUMNS, SAMPLED_TABLES = 5, 14, 12
UNREAD = 5
"""Rows that can't be read of which each table shows the first."""
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
ENCODINGS = ("utf-8", "cp1252", "utf-16", "cp1250", "cp1251", "cp932", "gb18030", "big5", "euc_kr")


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
    more: int  # cells that are not shown


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A file or a sheet: how it was read, and its first lines, on which people say how it is to be read instead."""

    key: str
    layout: PartLayout
    rows: int
    columns: tuple[str, ...]
    rejected: int
    header: str
    how: str
    lines: tuple[RawLine, ...]
    unread: tuple[Unread, ...]
    sample: tuple[tuple[str | None, ...], ...]

    @property
    def width(self) -> int:
        """Cells of the widest of the first lines."""
        return max((len(line.cells) + bool(line.more) for line in self.lines), default=0)

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """The first ones."""
        return self.columns[:SAMPLE_COLUMNS]

    @property
    def more_columns(self) -> int:
        """Columns that are not shown."""
        return len(self.columns) - len(self.shown_columns)

    @property
    def delimiters(self) -> tuple[tuple[str, str, bool], ...]:
        """What may part the cells: value, words, and whether it was chosen."""
        now = self.layout.chosen.delimiter if self.layout.chosen else None
        others = () if now in (None, *DELIMITERS) else ((now, repr(now), True),)
        return (*((mark, said, mark == now) for mark, said in DELIMITERS.items()), *others)

    @property
    def encodings(self) -> tuple[tuple[str, bool], ...]:
        """Encodings to choose from, and whether each was chosen."""
        now = self.layout.chosen.encoding if self.layout.chosen else None
        others = (now,) if now and now not in ENCODINGS else ()
        return tuple((name, name == now) for name in (*ENCODINGS, *others))


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that can't be read."""

    line: int
    reason: str
    raw: str


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
    parts: tuple[ShownPart, ...]


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
    return uploaded and flow.status not in ENDED and importing.status in (PhaseStatus.PENDING, PhaseStatus.RUNNING)


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
        elif now and flow.status not in ENDED:
            begun_said = "at work" if importing.status is PhaseStatus.RUNNING else "about to begin"
            steps.append(Step(title, "busy", begun_said, "" if begun else begun_said))
            now = False
        else:
            steps.append(Step(title, "", "not done" if flow.status in ENDED else "not yet"))
    return steps


@dataclass(frozen=True, slots=True)
class Looker:
    """What is needed to show how files were read, and whether their values may be seen."""

    con: duckdb.DuckDBPyConnection
    known: Sequence[FileRead]
    rejected: Path | None  # rows that can't be read
    chosen: Sequence[Choice]
    hidden: bool

    def files(self, imports: Sequence[Any]) -> list[ShownFile]:
        """The files that came, the newest first; with how they were read, as far as that is known."""
        known = {(file.file, file.sha256): file for file in self.known}
        return [self._file(one, known.get((one.filename, one.sha256))) for one in imports]

    def _file(self, one: Any, current: FileRead | None) -> ShownFile:
        return ShownFile(
            name=one.filename,
            bytes=one.byte_size,
            kind=one.media_type or "",
            rows=one.row_count,
            by=one.created_by,
            at=one.created_at,
            refused=(one.rejected_reason or "").removeprefix(f"{one.filename}: ") if one.status == "rejected" else "",
            replaced=one.status == "replaced",
            pending=one.status == "accepted" and current is None,
            parts=tuple(self._parts(current)) if current else (),
        )

    def _parts(self, file: FileRead) -> Iterator[ShownPart]:
        tables = {read.table.name: read for read in file.tables}
        for at, layout in enumerate(parts_of(file, self.chosen)):
            read = tables.get(layout.table or "")
            yield self._part(layout, read, sampled=at < SAMPLED_TABLES)

    def _part(self, layout: PartLayout, read: TableRead | None, *, sampled: bool) -> ShownPart:
        shown = sampled and not self.hidden
        lines = tuple(_lines(layout)) if not self.hidden else ()
        return ShownPart(
            key=hashlib.blake2s(f"{layout.file}\n{layout.sheet or ''}".encode(), digest_size=6).hexdigest(),
            layout=layout,
            rows=read.table.row_count if read else 0,
            columns=tuple(column.name for column in read.table.columns) if read else (),
            rejected=read.rejected_count if read else 0,
            header=_header(read) if read else "",
            how=_how(read) if read else "",
            lines=lines,
            unread=tuple(self._unread(read)) if read and shown and read.rejected_count else (),
            sample=tuple(_sample(self.con, read)) if read and shown and not lines else (),
        )

    def _unread(self, read: TableRead) -> Iterator[Unread]:
        found = self.con.execute(
            'SELECT line, reason, raw FROM read_parquet(?) WHERE file = ? AND "table" = ? ORDER BY line LIMIT ?',
            [str(self.rejected), read.table.source.file, read.table.name, UNREAD],
        )
        yield from (Unread(int(line), reason or "", raw or "") for line, reason, raw in found.fetchall())


def details(intake: Intake | None, suggestions: Sequence[Any]) -> dict[str, str]:
    """What came of each piece of work, in a few words."""
    told = {}
    if intake:
        rows = sum(table.row_count for table in intake.tables)
        told["source_tables"] = f"{counted(len(intake.tables), 'table')}, {counted(rows, 'row')}"
        told["column_profile"] = counted(sum(len(table.columns) for table in intake.tables), "column")
    if suggestions:
        told["mapping_suggestions"] = counted(sum(len(each.assignment) for each in suggestions), "suggestion")
    return told


def _written_since(artifacts: Artifacts, flow: Flow, asset: str, since: datetime) -> bool:
    try:
        written = artifacts.reading(flow, asset).stat().st_mtime
    except FileNotFoundError:
        return False
    return datetime.fromtimestamp(written, UTC) >= since


def _header(read: TableRead) -> str:
    above = f"{counted(read.preamble_rows, 'line')} above it left out" if read.preamble_rows else ""
    if not read.header_rows:
        return ", ".join(part for part in ("none: columns are numbered", above) if part)
    rows = "the first line" if read.header_rows == 1 else f"the first {read.header_rows} lines"
    rows = rows if not above else counted(read.header_rows, "line")
    return ", ".join(part for part in (rows, above) if part)


def _how(read: TableRead) -> str:
    mark = f"parted by {DELIMITERS.get(read.delimiter, repr(read.delimiter))}" if read.delimiter else ""
    sheet = f"sheet {read.table.source.sheet}" if read.table.source.sheet else ""
    return ", ".join(part for part in (sheet, read.encoding or "", mark) if part)


def _sample(con: duckdb.DuckDBPyConnection, read: TableRead) -> Sequence[tuple[str | None, ...]]:
    columns = ", ".join(duck.col(column) for column in read.table.columns[:SAMPLE_COLUMNS])
    return con.execute(f"SELECT {columns} FROM {duck.scan(read.table)} LIMIT {SAMPLE_ROWS}").fetchall()


def _lines(layout: PartLayout) -> Iterator[RawLine]:
    """The first lines as they came, with what was made of them."""
    for row in layout.top:
        above = row.line < (layout.header_line or layout.first_line)
        part = "skipped" if above else "header" if row.line < layout.first_line else "data"
        yield RawLine(row.line, part, row.cells, max(row.width - len(row.cells), 0))
