"""Validation on the page: what each target takes, how good the data is, and which rows are left, with their reasons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import PatchLog
from discovery_pipeline.engine.delivery.report import charts
from discovery_pipeline.engine.delivery.report.masking import Mask
from discovery_pipeline.engine.delivery.report.samples import QUOTED, RejectedExample, Rejection, place
from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.risk.outcomes import Outcome
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.validation.model import QualityReport, RejectedLog
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.reviews.decisions import CELL, What
from discovery_pipeline.web.pages.views.flows import label
from discovery_pipeline.web.pages.views.paging import Page, paged
from discovery_pipeline.web.services import outcomes
from discovery_pipeline.web.services.outcomes import MENDABLE, RejectedRow, TargetEnd, Wanted

PAGE, CELLS = 20, 4
_HELD = re.compile(f"{QUOTED}|[0-9]+")
_LEFT_OPEN = re.compile("…|.•+")


class ShownEnd(TargetEnd):
    """What became of the rows, for one target."""

    @property
    def title(self) -> str:
        """What people call the target."""
        return label(self.target_system)

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """The bar, from the widest to the narrowest: each drawn over the one before, as shares of all."""
        whole = self.rows_in or 1
        known = self.delivered + self.to_correct
        return (
            ("was", (known + self.repeated) / whole),
            ("warn", known / whole),
            ("accent", self.delivered / whole),
        )


@dataclass(frozen=True, slots=True)
class ShownScore:
    """One dimension of quality, before and after, with its places on the axis."""

    name: str
    before: float
    after: float
    evidence: str
    was_at: str
    now_at: str
    floor: float  # where the axis begins


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row that a target doesn't take."""

    of: RejectedRow
    place: str  # its file and table
    target: str
    cells: tuple[tuple[str, str], ...]  # the first ones that hold something
    fixed: int  # cells that a person changed since
    href: str


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which rejected rows are looked at."""

    target: str = ""
    table: str = ""
    q: str = ""
    page: int = 1
    fix: str = ""  # "table:row" of the one that is mended

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Narrowed:
        """As an address says it."""
        page = query.get("page", "1")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
        said = (query.get(name, "") for name in ("target", "table", "q"))
        return cls(*said, page=number, fix=query.get("fix", ""))

    def query(self, **other: str | int) -> str:
        """The query of an address."""
        said = {"target": self.target, "table": self.table, "q": self.q, **other}
        return urlencode({name: value for name, value in said.items() if value})

    @property
    def place(self) -> tuple[str, int] | None:
        """Table and row of the one that is mended."""
        table, _, row = self.fix.rpartition(":")
        return (table, int(row)) if table and row.isascii() and row.isdigit() and len(row) < 16 else None


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and what was decided."""

    address: str
    decided: Mapping[What, Any]
    mask: Mask

    def changed(self, table: str, row: int) -> int:
        """Cells of that row that a person changed."""
        return sum(kind == CELL and (of[0], of[2]) == (table, row) for kind, of in self.decided)


@dataclass(frozen=True, slots=True)
class Cause:
    """Rows that are rejected for one reason."""

    reason: str
    count: int
    examples: tuple[tuple[str, str], ...]  # where, and what is held there
    href: str  # to its rows
    fix: str  # to one fix for all of them


def ends(con: duckdb.DuckDBPyConnection, flow: Flow, ended: Iterable[Outcome], log: PatchLog | None) -> list[ShownEnd]:
    """What became of the rows, target by target and file by file; the parts sum to all."""
    return [ShownEnd.model_validate(end, from_attributes=True) for end in outcomes.ends(con, flow, ended, log)]


def scores(report: QualityReport | None) -> list[ShownScore]:
    """Quality by dimension."""
    if report is None:
        return []
    floor = charts.axis_floor([score for d in report.dimensions for score in (d.before, d.after)])
    return [
        ShownScore(
            name=d.dimension,
            before=d.before,
            after=d.after,
            evidence=d.evidence,
            was_at=charts.along(d.before, floor),
            now_at=charts.along(d.after, floor),
            floor=floor,
        )
        for d in report.dimensions
    ]


def checks(findings: Iterable[Finding]) -> list[Finding]:
    """What was found, the worst and most frequent first; of what several targets say alike, one."""
    told = {(f.table, f.column, f.rule, f.severity, f.evidence): f for f in findings}
    return sorted(told.values(), key=lambda f: (f.severity.rank, -f.count))


def causes(con: duckdb.DuckDBPyConnection, ended: Sequence[Outcome], reader: Reader) -> list[Cause]:
    """Why rows are to be corrected, the most frequent reason first."""
    return [
        Cause(
            reason=reader.mask.refusal(one.reason),
            count=one.count,
            examples=tuple(_example(one, example, reader.mask) for example in one.examples),
            href=f"{reader.address}?{urlencode({'q': _sought(reader.mask.refusal(one.reason))})}#rows",
            fix=f"{reader.address}/group?{urlencode({'reason': one.reason})}",
        )
        for one in outcomes.causes(con, ended)
    ]


def _sought(reason: str) -> str:
    """What of a reason every row that has it says, as it is shown: without its values and initials."""
    return max(_LEFT_OPEN.split(reason), key=len).strip()


def _example(cause: Rejection, example: RejectedExample, mask: Mask) -> tuple[str, str]:
    """Where a row stands, and what it holds in the place that the cause leaves open."""
    return f"{example.place}, line {example.line:,}", standing_there(
        mask.refusal(cause.reason), mask.refusal(example.reason)
    )


def standing_there(general: str, said: str) -> str:
    """What a reason says where the general one leaves a place open: the first, where there are several."""
    before, left_open, _ = general.partition("…")
    if not left_open or not said.startswith(before):
        return ""
    found = _HELD.match(said, len(before))
    if found is None:
        return ""
    return f"as in line {found[0]}" if before.endswith("line ") else found[0]


def rejected(
    con: duckdb.DuckDBPyConnection, log: RejectedLog | None, narrowed: Narrowed, reader: Reader
) -> tuple[list[ShownRow], Page]:
    """A page of the rows that are to be corrected."""

    def href(number: int) -> str:
        return f"{reader.address}?{narrowed.query(page=number)}#rows"

    if log is None:
        return [], paged(0, PAGE, 1, href)
    wanted = Wanted(narrowed.target, narrowed.table, narrowed.q, limit=PAGE)
    page = paged(outcomes.count(con, log, wanted, reader.mask), PAGE, narrowed.page, href)
    found = outcomes.rejected(con, log, replace(wanted, offset=page.offset), reader.mask)
    return [_shown(row, narrowed, reader) for row in found], page


def _shown(row: RejectedRow, narrowed: Narrowed, reader: Reader) -> ShownRow:
    fix = narrowed.query(page=narrowed.page, fix=f"{row.table}:{row.row}")
    return ShownRow(
        of=row,
        place=place(row.file, row.table),
        target=label(row.target_system),
        cells=tuple((name, str(value)) for name, value in row.record.items() if value)[:CELLS],
        fixed=reader.changed(row.table, row.row),
        href=f"{reader.address}?{fix}#fix",
    )


def tables_to_correct(con: duckdb.DuckDBPyConnection, log: RejectedLog | None) -> list[tuple[str, int]]:
    """Tables with rows to be corrected, and how many."""
    if log is None or not log.count:
        return []
    query = f'SELECT "table", count(DISTINCT row) FROM {duck.parquet(log.path)} WHERE {MENDABLE} GROUP BY 1 ORDER BY 1'
    return [(table, int(count)) for table, count in con.execute(query).fetchall()]


def cells_of(con: duckdb.DuckDBPyConnection, table: Table, row: int) -> list[tuple[str, str | None]]:
    """A row's cells by their columns."""
    columns = ", ".join(map(duck.col, table.columns))
    found = con.execute(f"SELECT {columns} FROM {duck.scan(table)} WHERE file_row_number = ?", [row]).fetchone()
    return list(zip((c.name for c in table.columns), found, strict=True)) if found else []
