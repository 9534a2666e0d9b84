"""Deciding: what a client sends about a column, a rule, a value or a cell, as a decision that the log takes.

Whatever is named has to be there; what holds and what was seen is the log's to compare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import DataType, MappedField
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.errors import TransformationError
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.reviews.decisions import CELL, MAPPING, RULE, VALUE, Decided, Decision, restoring
from discovery_pipeline.web.bodies import Body
from discovery_pipeline.web.faults import InvalidRequest, NotWaiting, NotYet
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.drafting import Draft
from discovery_pipeline.web.services.entries import Choice, Entry
from discovery_pipeline.web.services.fitting import FittingService
from discovery_pipeline.web.services.review import Reviewed, ReviewService
from discovery_pipeline.web.services.submissions import Steps, Text
from discovery_pipeline.web.services.values import Values

LARGEST = 2**53
"""The largest whole number that every reader of JSON keeps as it is."""


class _Decided(Body):
    table: Text = Field(description="the source's")
    column: Text
    seen: int | None = Field(
        default=None, ge=0, le=LARGEST,
        description="number of the decision that the caller saw, 0 for none: where another holds, nothing is decided",
    )  # fmt: skip


class WantedField(Body):
    """A target field that the column shall fill."""

    target_field: Text
    target_table: Text | None = None
    transformation: Steps | None = None
    data_type: DataType | None = Field(default=None, description="left out: as it was offered")


class MappingDecision(_Decided):
    """What becomes of one source column; without a column, which fields hold the same in every row of the table."""

    kind: Literal["mapping"]
    standing: Literal["accepted", "rejected", "ignored"] | None = Field(description="null takes back what was decided")
    fields: list[WantedField] | None = Field(default=None, max_length=20, description="left out: as they are offered")
    target_system: Text | None = Field(default=None, description="where the flow has several")


class RuleDecision(_Decided):
    """Whether a cleansing rule runs on a column."""

    kind: Literal["rule"]
    rule: Text = Field(examples=["mac.canonical"])
    verdict: Literal["accept", "reject"] | None = Field(description="null takes back what was decided")


class ValueDecision(_Decided):
    """What stands wherever the source holds a value."""

    kind: Literal["value"]
    value: Text | None = Field(description="as the source has it; null for an empty cell")
    after: Text | None = Field(default=None, description="what stands there then; null for an empty cell")
    withdraw: bool = Field(default=False, description="take back what was decided")


class CellDecision(_Decided):
    """What stands in one cell."""

    kind: Literal["cell"]
    row: int = Field(ge=0, le=LARGEST, description="0-based row of the source")
    before: Text | None = Field(default=None, description="what the source held there; else the decision doesn't count")
    after: Text | None = None
    withdraw: bool = False


AnyDecision = Annotated[MappingDecision | RuleDecision | ValueDecision | CellDecision, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Restoring:
    """A way back to what held before: what now holds for each subject that differs, and what would."""

    to: int
    at: datetime | None  # when that was decided; None: before anything was
    latest: int  # the newest decision there is
    wanted: tuple[Decision, ...]
    changes: tuple[tuple[Decided, Mapping[str, Any] | None], ...]

    @property
    def said(self) -> str:
        """The point that it leads back to, as people read it."""
        return f"{self.at:%Y-%m-%d %H:%M} UTC" if self.at else "before anything was decided"


class DecidingService:
    """Decisions of every kind in one step, and their log."""

    def __init__(self, flows: Flows, values: Values, review: ReviewService, fitting: FittingService) -> None:
        self._flows, self._values, self._review, self._fitting = flows, values, review, fitting

    async def decide(self, who: Caller, flow: Flow, wanted: Sequence[AnyDecision], reason: str) -> UUID | None:
        """Write decisions as one step that can be undone; None where all of them held already.

        Raises
        ------
        InvalidRequest
            Lists everything that is named and isn't there, or that a target doesn't take.
        StaleVersionError
            Somebody decided one of the subjects since the caller looked.
        """
        who.must_be("reviewer")
        reviewed = await self._review.read(who, flow)
        intake = await self._values.of(flow, "source_tables", Intake)
        if intake is None:
            raise NotYet("The files aren't read yet.")
        asked = decisions(wanted, reviewed, intake)
        await self._fitting.refuse(who, flow, asked)
        return await self._flows.decide(who.tenant, flow, asked, reason)

    async def restoring(self, who: Caller, flow: Flow, to: int) -> Restoring:
        """What would be decided to restore what held after decision `to`. Changes nothing.

        Raises
        ------
        InvalidRequest
            There is no such decision.
        """
        log = await self.history(who, flow)
        at = next((one.at for one in log if one.id == to), None)
        if to and at is None:
            raise InvalidRequest(f"There is no decision {to} on this flow. Its history lists them.")
        now = {one.what: one for one in log}
        wanted = restoring(log, to)
        changes = tuple((now[one.kind, one.subject], one.after) for one in wanted)
        return Restoring(to, at, log[-1].id if log else 0, wanted, changes)

    async def restore(self, who: Caller, flow: Flow, to: int, latest: int | None = None) -> UUID | None:
        """Have everything hold again that held after decision `to`, as one step that can be undone like any other.

        Raises
        ------
        NotWaiting
            Something was decided after `latest`, which is as far as the caller saw.
        """
        who.must_be("reviewer")
        found = await self.restoring(who, flow, to)
        if latest is not None and latest != found.latest:
            raise NotWaiting(
                "Somebody decided something since you looked. Look at what would change now, then restore."
            )
        return await self._flows.decide(who.tenant, flow, found.wanted, f"back to {found.said}")

    async def history(self, who: Caller, flow: Flow) -> Sequence[Decided]:
        """Every decision on the flow, oldest first."""
        return await self._flows.decision_history(who.tenant, flow)


def decisions(wanted: Sequence[AnyDecision], reviewed: Reviewed, intake: Intake) -> list[Decision]:
    """As the log takes them.

    Raises
    ------
    InvalidRequest
        Lists everything that is named and isn't there.
    """
    made, faults = [], []
    for one in wanted:
        try:
            made.append(_mapping(one, reviewed) if isinstance(one, MappingDecision) else _cleansing(one, intake))
        except InvalidRequest as fault:
            faults.append(fault.detail)
    if faults:
        raise InvalidRequest(" ".join(faults), errors=faults)
    return made


def _mapping(one: MappingDecision, reviewed: Reviewed) -> Decision:
    draft = _draft(one, reviewed)
    if not one.column:
        return _constants(one, draft)
    entry = next((e for e in draft.entries if (e.table, e.column) == (one.table, one.column)), None)
    if entry is None:
        raise InvalidRequest(f"There is no column {one.column!r} in a table {one.table!r}.")
    if one.standing is None:
        return Decision(MAPPING, entry.subject, None, one.seen)
    fields = entry.offered if one.fields is None else tuple(_field(draft, entry, wanted) for wanted in one.fields)
    if one.standing == "accepted" and not fields:
        raise InvalidRequest(f"Nothing is offered for {one.column!r}: say which fields it shall fill.")
    return Choice(standing=one.standing, fields=fields).decision(entry.subject, one.seen)


def _constants(one: MappingDecision, draft: Draft) -> Decision:
    """Fields that hold the same in every row of what the table delivers; these, and no others from then on."""
    if one.table not in draft.constants:
        raise InvalidRequest(f"There is no table {one.table!r}.")
    subject = (draft.target.name, one.table, "")
    if one.standing is None:
        return Decision(MAPPING, subject, None, one.seen)
    made = tuple(_constant(one.table, draft, wanted) for wanted in one.fields or ())
    if one.standing != "accepted" or not made:
        raise InvalidRequest("Without a column, a decision accepts fields that a constant fills, or takes that back.")
    return Choice(standing="accepted", fields=made).decision(subject, one.seen)


def _constant(table: str, draft: Draft, wanted: WantedField) -> MappedField:
    if not (wanted.transformation or "").startswith("constant("):
        raise InvalidRequest(f"{wanted.target_field}: without a column, its transformation is a constant(…).")
    _parsed(wanted.transformation, wanted.target_field)
    into = _target_table(draft, wanted)
    return draft.constant(table, into, wanted.target_field, wanted.transformation or "", wanted.data_type or "string")


def _draft(one: MappingDecision, reviewed: Reviewed) -> Draft:
    there = [draft.target.name for draft in reviewed.drafts]
    if one.target_system is None and len(there) > 1:
        raise InvalidRequest(f"Say which target_system: {', '.join(there)}.")
    if one.target_system not in (None, *there):
        raise InvalidRequest(f"The flow has no target {one.target_system!r}, but {', '.join(there)}.")
    return reviewed.of(one.target_system or there[0])


def _field(draft: Draft, entry: Entry, wanted: WantedField) -> MappedField:
    table = _target_table(draft, wanted)
    offered = draft.offer(entry, table, wanted.target_field)
    _parsed(wanted.transformation, entry.column)
    changed = {"transformation": wanted.transformation, "data_type": wanted.data_type or offered.data_type}
    same = all(getattr(offered, name) == value for name, value in changed.items())
    return offered if same else offered.model_copy(update={**changed, "origin": "user"})


def _parsed(transformation: str | None, about: str) -> None:
    try:
        transformations.parse(transformation) if transformation else None
    except TransformationError as error:
        raise InvalidRequest(f"{about}: {error}") from None


def _target_table(draft: Draft, wanted: WantedField) -> str:
    tables = [table for table in draft.target.tables if wanted.target_table in (None, table.name)]
    for table in tables:
        try:
            table.field(wanted.target_field)
        except KeyError:
            continue
        return table.name
    raise InvalidRequest(f"{draft.target.name} has no field {wanted.target_field!r}.")


def _cleansing(one: RuleDecision | ValueDecision | CellDecision, intake: Intake) -> Decision:
    table = _table(one, intake)
    if isinstance(one, RuleDecision):
        after = None if one.verdict is None else {"verdict": one.verdict}
        return Decision(RULE, (one.table, one.column, one.rule), after, one.seen)
    if isinstance(one, ValueDecision):
        after = None if one.withdraw else {"after": one.after}
        return Decision(VALUE, (one.table, one.column, one.value), after, one.seen)
    if one.row >= table.row_count:
        raise InvalidRequest(f"{one.table} has {table.row_count:,} rows; there is no row {one.row}.")
    after = None if one.withdraw else {"seen": one.before, "after": one.after}
    return Decision(CELL, (one.table, one.column, one.row), after, one.seen)


def _table(one: _Decided, intake: Intake) -> Table:
    for table in intake.tables:
        if table.name == one.table and any(column.name == one.column for column in table.columns):
            return table
    raise InvalidRequest(f"There is no column {one.column!r} in a table {one.table!r}.")
