"""Groups: rows that are rejected for one reason, and one fix for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import Cleansed
from discovery_pipeline.engine.delivery.report.samples import RejectedExample, general, rejections, sharing
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping.model import Mapping as FieldMapping
from discovery_pipeline.engine.risk.outcomes import outcomes
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.validation.model import Verdict
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.reviews.decisions import CELL, Decision
from discovery_pipeline.web.faults import InvalidRequest, Missing
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.mending import MendingService
from discovery_pipeline.web.services.values import Values

MOST = 50_000
"""Rows that one fix changes."""
HELD = 8
"""Values that are shown of a column."""


@dataclass(frozen=True, slots=True)
class Place:
    """A table of the group, and the column that the reason is about."""

    table: str
    rows: int
    columns: tuple[str, ...]
    column: str  # what fills the field that the reason names; the first where it names none


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that are rejected for one reason."""

    reason: str
    examples: tuple[RejectedExample, ...]
    places: tuple[Place, ...]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(place.rows for place in self.places)


@dataclass(frozen=True, slots=True)
class Held:
    """A value that rows of the group have in a column."""

    value: str | None
    rows: int


class GroupService:
    """What rejected rows have in common, and what is done to all of them at once."""

    def __init__(self, flows: Flows, values: Values, mending: MendingService) -> None:
        self._flows, self._values, self._mending = flows, values, mending

    async def of(self, who: Caller, flow: Flow, reason: str) -> Group:
        """The rows with that reason, as a row has it or as the list of causes words it for all.

        Raises
        ------
        Missing
            No row is rejected for it.
        """
        who.must_be("reviewer")
        verdicts = await self._values.all_of(flow, "validated_tables", Verdict)
        cleansed = await self._values.of(flow, "cleansed_tables", Cleansed)
        if cleansed is None:
            raise Missing("Nothing was cleansed so far.")
        approved = await self._flows.approved_mappings(who.tenant, flow)
        return await asyncio.to_thread(_group, verdicts, cleansed, reason, approved)

    async def held(self, who: Caller, flow: Flow, group: Group, table: str, column: str) -> tuple[Held, ...]:
        """What the group's rows have in a column now, the most frequent first."""
        who.must_be("reviewer")
        now, _, rows = await self._rows(flow, group.reason, table, column)
        return await asyncio.to_thread(_held, now, column, rows)

    async def fix(self, who: Caller, flow: Flow, reason: str, place: tuple[str, str], value: str | None) -> int:
        """Let the column hold that value in every row of the group, as one step; the number of cells.

        Raises
        ------
        InvalidRequest
            There is no such column, or there are too many rows for one step.
        """
        who.must_be("reviewer")
        table, column = place
        _, source, rows = await self._rows(flow, reason, table, column)
        if len(rows) > MOST:
            raise InvalidRequest(f"{len(rows):,} rows are too many for one step; {MOST:,} at most. Change the mapping.")
        seen = await asyncio.to_thread(_cells, source, column, rows)
        wanted = [Decision(CELL, (table, column, row), {"seen": was, "after": value}) for row, was in seen]
        await self._mending.decide(who, flow, wanted, f"one fix for {len(wanted):,} rows: {reason}"[:300])
        return len(wanted)

    async def _rows(self, flow: Flow, reason: str, table: str, column: str) -> tuple[Table, Table, list[int]]:
        verdicts = await self._values.all_of(flow, "validated_tables", Verdict)
        cleansed = await self._values.of(flow, "cleansed_tables", Cleansed)
        intake = await self._values.of(flow, "source_tables", Intake)
        now = next((each for each in cleansed.tables if each.name == table), None) if cleansed else None
        source = next((each for each in intake.tables if each.name == table), None) if intake else None
        if now is None or source is None or column not in {each.name for each in source.columns}:
            raise InvalidRequest("There is no such column any more. Load the page again.")
        return now, source, (await asyncio.to_thread(_sharing, verdicts, reason)).get(table, [])


def _sharing(verdicts: tuple[Verdict, ...], reason: str) -> dict[str, list[int]]:
    with duck.connect() as con:
        return sharing(con, outcomes(con, verdicts), general(con, reason))


def _group(
    verdicts: tuple[Verdict, ...], cleansed: Cleansed, reason: str, approved: Mapping[str, FieldMapping]
) -> Group:
    with duck.connect() as con:
        ends, shared = outcomes(con, verdicts), general(con, reason)
        found = next((one for one in rejections(con, ends) if one.reason == shared), None)
        rows = sharing(con, ends, shared)
    if found is None:
        raise Missing("No row is rejected for that any more.")
    columns = {each.name: tuple(c.name for c in each.columns) for each in cleansed.tables}
    places = (
        Place(table, len(numbers), columns[table], _about(reason, table, columns[table], approved))
        for table, numbers in rows.items()
        if columns.get(table)
    )
    return Group(found.reason, found.examples, tuple(places))


def _about(reason: str, table: str, columns: tuple[str, ...], approved: Mapping[str, FieldMapping]) -> str:
    """The column, or what fills the field, with which the reason begins, by the longest such name; else the first."""
    fields = (f for mapping in approved.values() for f in mapping.fields if f.source_table == table and f.source_field)
    names = {field.target_field: field.source_field for field in fields} | {name: name for name in columns}
    named = [name for name in names if reason.startswith((f"{name}:", f"{name} "))]
    return names[max(named, key=len)] if named else columns[0]


def _held(table: Table, column: str, rows: list[int]) -> tuple[Held, ...]:
    query = f"SELECT {duck.col(table.column(column))}, count(*) FROM {duck.scan(table)} WHERE file_row_number IN"
    with duck.connect() as con:
        found = con.execute(
            f"{query} (SELECT unnest(?::BIGINT[])) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {HELD}", [rows]
        ).fetchall()
    return tuple(Held(value, count) for value, count in found)


def _cells(table: Table, column: str, rows: list[int]) -> list[tuple[int, str | None]]:
    """Row and what the source holds there."""
    key = duck.col(table.column(column))
    query = f"SELECT file_row_number, {key} FROM {duck.scan(table)} WHERE file_row_number IN"
    with duck.connect() as con:
        return con.execute(f"{query} (SELECT unnest(?::BIGINT[])) ORDER BY 1", [rows]).fetchall()
