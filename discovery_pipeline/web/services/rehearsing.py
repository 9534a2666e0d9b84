"""Rehearsing: what a mapping would deliver, worked out on the first rows before it is submitted.

The engine cleanses and validates these rows as the run would. Nothing of it is kept, and nothing is delivered. Who only
reads sees what is personal as initials.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from pydantic import BaseModel, Field

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.decisions import Decisions
from discovery_pipeline.engine.delivery.report.masking import Mask, initials
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping.model import Mapping
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.tables import Table, Tables
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.engine.validation.model import Verdict
from discovery_pipeline.flow.contracts import contract
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.reviews import decisions, mappings
from discovery_pipeline.web.faults import NotYet
from discovery_pipeline.web.rereading import rereads
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.flows import checked
from discovery_pipeline.web.services.mappings import MappingService
from discovery_pipeline.web.services.masking import mask_for
from discovery_pipeline.web.services.submissions import Submission
from discovery_pipeline.web.services.values import Values

if TYPE_CHECKING:
    from discovery_pipeline.engine.delivery.report.samples import RejectedExample
    from discovery_pipeline.settings import Settings

ROWS = 5_000
"""Rows of each table that are rehearsed: enough to meet what is frequent, and soon done."""
SHOWN = 8
"""Rows of each file that are shown."""


class Cause(BaseModel):
    """Why rows would be rejected."""

    reason: str = Field(description="with … for what differs by row")
    rows: int
    examples: list[str] = Field(description="file, line, and what was said of it")


class FirstRows(BaseModel):
    """A file as the target would get it."""

    target_table: str
    file: str
    rows: int = Field(description="of those that were looked at")
    columns: list[str]
    first: list[list[str | None]]


class RehearsedTarget(BaseModel):
    """What one target would take of the rows that were looked at."""

    target_system: str
    delivered: int
    rejected: int
    blanked: int = Field(description="values left out because an optional field can't take them")
    causes: list[Cause] = Field(description="the most frequent first; a row counts in each of its reasons")
    files: list[FirstRows]


class Rehearsal(BaseModel):
    """What a mapping would deliver."""

    flow_id: str
    version: int
    rows: int = Field(description="rows of the source that were looked at")
    rows_in: int = Field(description="rows that there are")
    losses: list[str] = Field(description="what the mapping costs, a sentence each")
    targets: list[RehearsedTarget]


@dataclass(frozen=True, slots=True)
class _Known:
    """What a rehearsal begins with."""

    intake: Intake
    profile: Profile
    analysis: SchemaAnalysis
    decided: Decisions
    demands: Sequence[Any]
    limits: dict[str, Any]
    mask: Mask


@dataclass(frozen=True, slots=True)
class _Shown:
    """What may be read of rows as a target would get them."""

    mask: Mask
    plain: frozenset[tuple[str, str]]  # target table and field: filled by nothing that is personal

    @classmethod
    def of(cls, mapping: Mapping, target: Target, mask: Mask) -> _Shown:
        from discovery_pipeline.engine.mapping.transformations import read_by

        personal = {column for _, column in mask.personal}
        by: dict[tuple[str, str], bool] = {}
        for one in mapping.fields:
            field = target.table(one.target_table).field(one.target_field)
            name = field.keyed_by(one.source_field).name if field.template else field.name
            place = one.target_table, name
            by[place] = by.get(place, True) and personal.isdisjoint(read_by(one))
        return cls(mask.filling(mapping.fields), frozenset(place for place, plain in by.items() if plain))

    def cell(self, table: str, name: str, value: str | None) -> str | None:
        """A value; of a field that nobody can tell where it comes from, as of one that is personal."""
        if value is None or self.mask.raised or not self.mask.personal:
            return value
        return self.mask.text(value) if (table, name) in self.plain else initials(value)

    def example(self, one: RejectedExample) -> str:
        """Where a rejected row stands, and what was said of it where that quotes nobody."""
        return f"{one.place}, line {one.line:,}: {self.mask.refusal(one.reason)}"


class RehearsingService:
    """Works out beforehand what a mapping would deliver."""

    def __init__(self, flows: Flows, values: Values, mapping: MappingService, settings: Settings) -> None:
        self._flows, self._values, self._mapping, self._settings = flows, values, mapping, settings

    @rereads
    async def of(self, who: Caller, ref: str, wanted: Submission) -> Rehearsal:
        """What submitting this would deliver, by the first rows of each table. Changes nothing.

        Raises
        ------
        InvalidRequest
            The mapping can't be followed; lists every error.
        NotYet
            The files aren't read yet.
        """
        flow = await self._flows.get(who.tenant, checked(ref))
        found = await self._mapping.check(flow, wanted)
        intake = await self._values.of(flow, "source_tables", Intake)
        profile = await self._values.of(flow, "column_profile", Profile)
        analysis = await self._values.of(flow, "schema_analysis", SchemaAnalysis)
        if intake is None or profile is None or analysis is None:
            raise NotYet("The files aren't read yet.")
        decided = decisions.cleansing((await self._flows.decisions(who.tenant, flow)).values())
        demands = flow.data.get(mappings.DEMANDS, []) if found.demands is None else found.demands
        limits = {"threads": self._settings.threads, "memory_limit": self._settings.memory_limit}
        mask = mask_for(who, profile)
        known = _Known(intake, profile, analysis, decided, demands, limits, mask)
        wanted_by = [(mapping, contract(flow, mapping.target)) for mapping in found.mappings]
        targets = await asyncio.to_thread(_rehearsed, known, wanted_by)
        return Rehearsal(
            flow_id=str(flow.id),
            version=flow.version,
            rows=sum(min(table.row_count, ROWS) for table in intake.tables),
            rows_in=sum(table.row_count for table in intake.tables),
            losses=[mask.quoting(said) for said in found.warnings],
            targets=targets,
        )


def _rehearsed(known: _Known, wanted: Sequence[tuple[Mapping, Target]]) -> list[RehearsedTarget]:
    from discovery_pipeline.engine import cleansing, validation
    from discovery_pipeline.engine.validation import asked
    from discovery_pipeline.engine.validation.demands import Demand

    today, asks = datetime.now(UTC).date(), tuple(Demand.model_validate(one) for one in known.demands)
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as name, duck.connect(**known.limits) as con:
        folder = Path(name)
        first = tuple(_first(con, known.intake.tables, folder))
        plan = cleansing.plan(con, first, known.profile, known.analysis, tier="auto")
        tables = cleansing.cleanse(con, first, plan, folder / "cleansed", decisions=known.decided).tables
        told = []
        for mapping, target in wanted:
            its = asked.resolved(asks, tables, mapping)
            into = folder / target.name
            verdict = validation.validate(con, tables, mapping, target, into, demands=its, today=today)
            told.append(_told(con, verdict, target, _Shown.of(mapping, target, known.mask)))
        return told


def _first(con: duckdb.DuckDBPyConnection, tables: Tables, folder: Path) -> Iterator[Table]:
    """The tables, each with its first rows."""
    for number, table in enumerate(tables):
        if table.row_count <= ROWS:
            yield table
            continue
        query = f"SELECT * EXCLUDE (file_row_number) FROM {duck.scan(table)} WHERE file_row_number < {ROWS}"
        path = folder / f"{number}.parquet"
        rows = duck.write(con, f"{query} ORDER BY file_row_number", path)
        yield table.model_copy(update={"path": path, "row_count": rows})


def _told(con: duckdb.DuckDBPyConnection, verdict: Verdict, target: Target, may: _Shown) -> RehearsedTarget:
    from discovery_pipeline.engine.delivery.files import columns
    from discovery_pipeline.engine.delivery.report.samples import rejections
    from discovery_pipeline.engine.risk.outcomes import outcomes

    files = []
    for valid in verdict.valid:
        names = columns(con, valid)
        shown = ", ".join(map(duck.name, names))
        rows = con.execute(f"SELECT {shown} FROM {duck.parquet(valid.path)} LIMIT {SHOWN}").fetchall()
        files.append(
            FirstRows(
                target_table=valid.target_table,
                file=target.table(valid.target_table).file,
                rows=valid.row_count,
                columns=list(names),
                first=[[may.cell(valid.target_table, *cell) for cell in zip(names, row, strict=True)] for row in rows],
            )
        )
    causes = [
        Cause(reason=may.mask.refusal(one.reason), rows=one.count, examples=[*map(may.example, one.examples)])
        for one in rejections(con, outcomes(con, [verdict]))
    ]
    return RehearsedTarget(
        target_system=verdict.target,
        delivered=verdict.rows_delivered,
        rejected=verdict.rows_rejected,
        blanked=verdict.blanked,
        causes=causes,
        files=files,
    )
