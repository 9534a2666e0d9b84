"""Clusters: spellings of one value, which people make one; what is kept is a rule by value that each run follows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing import clusters as engine
from discovery_pipeline.engine.cleansing.clusters import Cluster, Method
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.reviews.decisions import VALUE, Decision
from discovery_pipeline.web.faults import InvalidRequest, NotYet
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.values import Values

DISTINCT = 20_000
"""Distinct values up to which a column is looked at."""
REPEATED = 0.8
"""Share of the rows that distinct values may be, so that a column says words and not names of things."""
LOOKED = 60
"""Columns of a flow that are counted for the overview, those with fewest values first."""


@dataclass(frozen=True, slots=True)
class Clustered:
    """A column with several spellings."""

    table: str
    column: str
    distinct: int
    clusters: int


@dataclass(frozen=True, slots=True)
class Merge:
    """Values of a column that become one."""

    table: str
    column: str
    members: tuple[str, ...]
    winner: str


@dataclass(frozen=True, slots=True)
class Merged:
    """What becomes of a merge, or would."""

    batch: UUID | None
    changed: dict[str, int]  # value to the cells that hold it

    @property
    def rows(self) -> int:
        """Rows that change."""
        return sum(self.changed.values())


class ClusterService:
    """Looks for spellings of one value, and makes them one."""

    def __init__(self, flows: Flows, values: Values) -> None:
        self._flows, self._values = flows, values

    async def columns(self, who: Caller, flow: Flow) -> list[Clustered]:
        """Columns in which values cluster, those with most clusters first. Reviewers alone see values."""
        who.must_be("reviewer")
        intake, profile = await self._known(flow)
        return await asyncio.to_thread(_columns, intake, profile)

    async def of(self, who: Caller, flow: Flow, table: str, column: str, method: Method) -> tuple[Cluster, ...]:
        """The clusters of one column."""
        who.must_be("reviewer")
        intake, _ = await self._known(flow)
        there = _table(intake, table, column)

        def found() -> tuple[Cluster, ...]:
            with duck.connect() as con:
                return engine.clusters(con, there, column, method)

        return await asyncio.to_thread(found)

    async def merge(self, who: Caller, flow: Flow, wanted: Merge, reason: str = "", *, dry_run: bool = False) -> Merged:
        """Make values one wherever the source holds them, as one step that can be undone. Counts from the next run on.

        Raises
        ------
        InvalidRequest
            There is nothing to change: no such column, no such value, or nothing but the winner.
        """
        who.must_be("reviewer")
        intake, _ = await self._known(flow)
        there, losers = _table(intake, wanted.table, wanted.column), [m for m in wanted.members if m != wanted.winner]

        def counted() -> dict[str, int]:
            with duck.connect() as con:
                return engine.counts(con, there, wanted.column, losers)

        changed = await asyncio.to_thread(counted)
        if not wanted.winner or not changed:
            raise InvalidRequest("Choose the value that stays, and another one at least that the column holds.")
        batch = None
        if not dry_run:
            made = [_becomes(wanted, value) for value in (*changed, wanted.winner)]
            batch = await self._flows.decide(who.tenant, flow, made, reason or f"spellings of {wanted.winner}"[:300])
        return Merged(batch, changed)

    async def _known(self, flow: Flow) -> tuple[Intake, Profile]:
        intake = await self._values.of(flow, "source_tables", Intake)
        profile = await self._values.of(flow, "column_profile", Profile)
        if intake is None or profile is None:
            raise NotYet("The files aren't read and profiled yet.")
        return intake, profile


def _columns(intake: Intake, profile: Profile) -> list[Clustered]:
    tables = {table.name: table for table in intake.tables}
    wordy = [(t, c) for t in profile.tables for c in t.columns if t.name in tables and _wordy(c, t.row_count)]
    found = []
    with duck.connect() as con:
        for about, column in sorted(wordy, key=lambda pair: pair[1].distinct_count)[:LOOKED]:
            several = engine.clusters(con, tables[about.name], column.name)
            if several:
                found.append(Clustered(about.name, column.name, column.distinct_count, len(several)))
    return sorted(found, key=lambda one: (-one.clusters, one.table, one.column))


def _wordy(column: ColumnProfile, rows: int) -> bool:
    return column.inferred_type == "string" and 2 <= column.distinct_count <= min(DISTINCT, REPEATED * rows)


def _table(intake: Intake, table: str, column: str) -> Table:
    for each in intake.tables:
        if each.name == table and any(one.name == column for one in each.columns):
            return each
    raise InvalidRequest(f"There is no column {column[:200]!r} in a table {table[:200]!r}.")


def _becomes(wanted: Merge, value: str) -> Decision:
    return Decision(VALUE, (wanted.table, wanted.column, value), {"after": wanted.winner})
