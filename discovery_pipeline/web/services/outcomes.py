"""Outcomes: what became of the rows, target by target and file by file, and which of them are left to correct."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
from pydantic import BaseModel, Field

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import PatchLog
from discovery_pipeline.engine.delivery.report.masking import Mask
from discovery_pipeline.engine.delivery.report.samples import QUOTED, Rejection, rejections
from discovery_pipeline.engine.delivery.tally import tallies
from discovery_pipeline.engine.risk.outcomes import Outcome, outcomes, repeated, unmapped
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.engine.validation.model import RejectedLog, Verdict
from discovery_pipeline.flow.contracts import contract
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.web.faults import NotYet
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.masking import MaskingService
from discovery_pipeline.web.services.values import Values

REPEATED = "duplicate of "
"""How the reason of a row begins that is there already: nothing is to be corrected."""
MENDABLE = f"NOT {unmapped('reasons')} AND NOT {repeated('reasons')}"


class FileEnd(BaseModel):
    """What one delivered file holds of the source's rows."""

    name: str = Field(description="of a file that is parted for its size, the first part", examples=["servers.csv"])
    target_table: str
    rows: int = Field(description="lines of the file; a source row may give several")
    source_rows: int = Field(description="source rows that stand in it, and in no file before it")
    cells_changed: int = Field(description="in those rows, by cleansing or because the target can't take them")


class TargetEnd(BaseModel):
    """What became of the rows for one target: delivered + to_correct + repeated + elsewhere = rows_in."""

    target_system: str
    rows_in: int
    delivered: int = Field(description="source rows that stand in a file; the sum of the files' `source_rows`")
    to_correct: int = Field(description="rejected for what is in them")
    repeated: int = Field(description="duplicates of rows that were judged")
    elsewhere: int = Field(description="in tables that don't go to this target")
    blanked: int = Field(description="values left out of delivered rows, since the target would refuse them")
    files: list[FileEnd]


class Line(BaseModel):
    """Where a row stands in what was uploaded."""

    file: str
    table: str = Field(description="which a sheet of the file may be")
    line: int


class CauseView(BaseModel):
    """Rows that are rejected for one reason, whatever the value in it."""

    reason: str = Field(description="as `GET` and `POST /api/v1/cleansing/{flow_id}/group` take it")
    rows: int
    lines: list[Line] = Field(description="of some of them")


class OutcomeView(BaseModel):
    """What became of a flow's rows."""

    flow_id: str
    targets: list[TargetEnd]
    causes: list[CauseView] = Field(description="why rows are to be corrected, the most frequent first")


class RejectedRow(BaseModel):
    """A row that a target doesn't take."""

    target_system: str
    table: str
    file: str
    line: int
    row: int = Field(description="0-based row of the source, as decisions on cells name it")
    reasons: list[str]
    record: dict[str, Any] = Field(description="its cells, as they came to validation")


class RejectedPage(BaseModel):
    """Some of the rows that are to be corrected."""

    flow_id: str
    rows: list[RejectedRow]
    total: int = Field(description="of those that were asked for, on all pages")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rejected rows are asked for."""

    target: str = ""
    table: str = ""
    search: str = ""  # a part of a reason or of a cell
    offset: int = 0
    limit: int = 100


class OutcomeService:
    """Reads how rows ended."""

    def __init__(self, values: Values, masking: MaskingService) -> None:
        self._values, self._masking = values, masking

    async def of(self, who: Caller, flow: Flow) -> OutcomeView:
        """What became of the rows.

        Raises
        ------
        NotYet
            Nothing was validated so far.
        """
        verdicts = await self._values.all_of(flow, "validated_tables", Verdict)
        if not verdicts:
            raise NotYet(f"Flow {flow.slug} has no outcome yet: it is at {flow.current_phase.value}.")
        log = await self._values.of(flow, "patch_log", PatchLog)
        mask = await self._masking.mask(who, flow)

        def read() -> OutcomeView:
            with duck.connect() as con:
                ended = outcomes(con, verdicts)
                told = [_cause(one, mask) for one in causes(con, ended)]
                return OutcomeView(flow_id=str(flow.id), targets=ends(con, flow, ended, log), causes=told)

        return await asyncio.to_thread(read)

    async def rejected(self, who: Caller, flow: Flow, wanted: Wanted) -> RejectedPage:
        """Rows that are to be corrected, by target, table and line.

        Raises
        ------
        NotYet
            Nothing was validated so far.
        """
        log = await self._values.of(flow, "rejected_rows", RejectedLog)
        if log is None:
            raise NotYet(f"Flow {flow.slug} has no rejected rows yet: it is at {flow.current_phase.value}.")
        mask = await self._masking.mask(who, flow)

        def read() -> RejectedPage:
            with duck.connect() as con:
                rows, total = rejected(con, log, wanted, mask), count(con, log, wanted, mask)
            return RejectedPage(flow_id=str(flow.id), rows=rows, total=total)

        return await asyncio.to_thread(read)


def ends(con: duckdb.DuckDBPyConnection, flow: Flow, ended: Iterable[Outcome], log: PatchLog | None) -> list[TargetEnd]:
    """What became of the rows, target by target and file by file; the parts sum to all."""
    return [
        TargetEnd(
            target_system=end.verdict.target, rows_in=end.verdict.rows_in, delivered=end.delivered,
            to_correct=end.to_correct, repeated=end.repeated, elsewhere=end.elsewhere, blanked=end.verdict.blanked,
            files=list(_files(con, contract(flow, end.verdict.target), end, log)),
        )
        for end in ended
    ]  # fmt: skip


def _files(con: duckdb.DuckDBPyConnection, target: Target, end: Outcome, log: PatchLog | None) -> Iterator[FileEnd]:
    """The files of a target, in its order. A table without rows gives none."""
    names = {table.name: table.file for table in target.tables}
    for one in tallies(con, end.verdict, log):
        if one.rows:
            yield FileEnd(
                name=names[one.target_table], target_table=one.target_table, rows=one.rows, source_rows=one.first,
                cells_changed=one.cells,
            )  # fmt: skip


def causes(con: duckdb.DuckDBPyConnection, ended: Sequence[Outcome]) -> list[Rejection]:
    """Why rows are to be corrected, the most frequent reason first."""
    return [one for one in rejections(con, ended) if not one.reason.startswith(REPEATED)]


def _cause(one: Rejection, mask: Mask) -> CauseView:
    lines = [Line(file=example.file, table=example.table, line=example.line) for example in one.examples]
    return CauseView(reason=mask.refusal(one.reason), rows=one.count, lines=lines)


def count(con: duckdb.DuckDBPyConnection, log: RejectedLog, wanted: Wanted, mask: Mask) -> int:
    """How many rows are to be corrected: no duplicates, and none of tables that don't go to a target."""
    if not log.count:
        return 0
    source, values = _source(log, wanted, mask)
    found = con.execute(f"SELECT count(*) FROM {source}", values).fetchone()
    return int(found[0]) if found else 0


def rejected(con: duckdb.DuckDBPyConnection, log: RejectedLog, wanted: Wanted, mask: Mask) -> list[RejectedRow]:
    """Some of them, in the order of the log."""
    if not log.count:
        return []
    source, values = _source(log, wanted, mask)
    part = f"LIMIT {wanted.limit} OFFSET {wanted.offset}"
    columns = 'target, "table", file, line, row, reasons, record'
    return [_rejected(row, mask) for row in con.execute(f"SELECT {columns} FROM {source} {part}", values).fetchall()]


def _rejected(said: Sequence[Any], mask: Mask) -> RejectedRow:
    target, table, file, line, row, reasons, record = said
    cells = json.loads(record)
    return RejectedRow(
        target_system=target, table=table, file=file, line=line, row=row,
        reasons=[mask.refusal(reason) for reason in reasons.split("; ")],
        record={name: mask.value(table, name, str(value)) if value else value for name, value in cells.items()},
    )  # fmt: skip


def _source(log: RejectedLog, wanted: Wanted, mask: Mask) -> tuple[str, list[str]]:
    tests, values = [MENDABLE], []
    for name, value in (("target", wanted.target), ("table", wanted.table)):
        if value:
            tests.append(f"{duck.name(name)} = ?")
            values.append(value)
    if wanted.search:
        reasons, record = "reasons", "record"
        if mask.personal and not mask.raised:  # what isn't shown isn't found, or a search would tell who is there
            reasons = f"regexp_replace(reasons, '{QUOTED}', '', 'g')"
            record = f"json_merge_patch(record, {duck.text(json.dumps(dict.fromkeys(c for _, c in mask.personal)))})"
        tests.append(f"(contains(lower({reasons}), lower(?)) OR contains(lower({record}::VARCHAR), lower(?)))")
        values += [wanted.search, wanted.search]
    return f"{duck.parquet(log.path)} WHERE {' AND '.join(tests)}", values
