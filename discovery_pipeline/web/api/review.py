"""Reviews over HTTP: a draft that reviewers share, step by step, each step undone as easily as it was taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from discovery_pipeline.engine.mapping.memory import news_of
from discovery_pipeline.engine.mapping.model import MappedField
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.reviews.decisions import Decided, Undone
from discovery_pipeline.web.api.calls import FlowRef, Text, The, Who, on_flow
from discovery_pipeline.web.bodies import Body
from discovery_pipeline.web.services.deciding import LARGEST, AnyDecision
from discovery_pipeline.web.services.drafting import Challenge, Draft, Need
from discovery_pipeline.web.services.entries import Entry
from discovery_pipeline.web.services.masking import masked
from discovery_pipeline.web.services.review import Accepting, Reviewed
from discovery_pipeline.web.services.schemas import Alternative

router = APIRouter(prefix="/api/v1/review", tags=["Review"])

MANY = 5_000


class DecisionView(BaseModel):
    """A decision as it stands in the log."""

    id: int
    batch: UUID
    kind: str
    subject: list[Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    undoes: UUID | None = Field(description="the batch that this one takes back")
    reason: str
    by: str
    at: datetime


class Suited(BaseModel):
    """A field that suits a column which fills nothing."""

    target_table: str
    target_field: str
    confidence: float
    filled_by: list[str] = Field(description="the columns that fill it now; one step of two decisions swaps them")

    @classmethod
    def of(cls, challenge: Challenge | None) -> Suited | None:
        """As the draft has it."""
        if challenge is None:
            return None
        match, by = challenge.match, [entry.column for entry in challenge.by]
        return cls(
            target_table=match.target_table, target_field=match.target_field, confidence=match.confidence, filled_by=by
        )


class EntryView(BaseModel):
    """One source column under review."""

    target_system: str
    table: str
    column: str
    standing: Literal["open", "accepted", "rejected", "ignored"]
    fields: list[MappedField] = Field(description="what it fills, or would")
    alternatives: list[Alternative] = Field(description="other fields that it could fill, the likeliest first")
    again: str = Field(description="what is new since people rejected it before; empty where nobody did")
    changed: bool = Field(description="it fills something else than was offered")
    conflicts: list[str] = Field(description="columns that would fill the same field, or nearly as surely")
    suits: Suited | None = Field(
        description="the field that suits it best, where it fills none and another column does"
    )
    explanation: str = Field(description="what these columns hold in common, counted, and what may be done about it")
    seen: int = Field(description="number of the decision that holds; 0 for none")
    decided_by: str | None
    decided_at: datetime | None
    reason: str


class NeedView(BaseModel):
    """What the target can't do without."""

    target_system: str
    target_table: str
    wants: str
    met: bool
    proposed: str | None = Field(description="a constant that the contract or the file speaks for")
    why: str = Field(description="what speaks for it")


class ReviewView(BaseModel):
    """A review as it stands."""

    flow_id: str
    version: int
    entries: list[EntryView]
    total: int = Field(description="entries of that standing, on all pages")
    needs: list[NeedView]
    latest: int = Field(description="number of the newest decision")
    can_undo: bool
    can_redo: bool


class Step(Body):
    """Decisions of one click; they are undone together."""

    decisions: list[AnyDecision] = Field(min_length=1, max_length=MANY)
    reason: Text = ""


class Done(BaseModel):
    """What came of a step."""

    batch: UUID | None = Field(description="null where all of it held already")


class Accept(Body):
    """Which offers to accept."""

    what: Literal["high", "all"] = Field(default="high", description="sure offers only, or all", examples=["high"])
    target_system: Text = Field(default="", description="left out: of every target")
    dry_run: bool = Field(default=False, description="only say what would be accepted")


class AcceptedLine(BaseModel):
    """One offer that is accepted."""

    target_system: str
    table: str
    column: str
    target_fields: list[str]
    confidence: float


class AcceptedView(BaseModel):
    """What was accepted, or would be."""

    batch: UUID | None = Field(description="of the decisions, to be undone; null where there are none")
    accepted: list[AcceptedLine]


class Undo(Body):
    """Which step to take back."""

    batch: UUID | None = Field(
        default=None, description="left out: the newest that stands", examples=["0b8f5a52-6d0e-4c5e-9f0a-3f2c7b1d9e44"]
    )


To = Annotated[int, Field(ge=0, le=LARGEST, description="number of a decision; 0: before the first one", examples=[12])]


class Restore(Body):
    """How far to go back, and what the caller saw when they decided so."""

    to: To
    latest: int | None = Field(
        default=None, ge=0, le=LARGEST, description="as the preview said; refused where something was decided since"
    )


class WayBack(BaseModel):
    """One subject for which something else would hold."""

    kind: str
    subject: list[Any]
    before: Mapping[str, Any] | None = Field(description="what holds now; null: nothing is decided")
    after: Mapping[str, Any] | None = Field(description="what would hold")


class RestoreView(BaseModel):
    """What restoring would change."""

    to: int
    latest: int = Field(description="number of the newest decision there is")
    changes: list[WayBack]


class UndoneView(BaseModel):
    """A step that was taken back, or taken again."""

    batch: UUID | None
    of: UUID | None = Field(description="null where there was nothing to take back")
    kept: list[list[Any]] = Field(default=[], description="subjects that kept a newer decision")


@router.get("/{flow_id}", responses=on_flow(422))
async def read(
    flow_id: FlowRef,
    who: Who,
    the: The,
    standing: Annotated[
        Literal["open", "accepted", "rejected", "ignored"] | None, Query(description="only columns that stand so")
    ] = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=2_000)] = 500,
) -> ReviewView:
    """Every source column with what is offered and what was decided, and what the target still needs."""
    flow = await the.flow.get(who, flow_id)
    return _view(flow, await the.review.read(who, flow), standing, slice(offset, offset + limit))


@router.post("/{flow_id}/decisions", responses=on_flow(409, 422))
async def decide(flow_id: FlowRef, step: Step, who: Who, the: The) -> Done:
    """Decide on columns, cleansing rules, values or cells, as one step.

    A decision that names what its maker saw is refused where somebody else decided since (409, with who and what).
    Drafts change nothing until a mapping is submitted, or the run is made again.
    """
    who.must_be("reviewer")
    flow = await the.flow.get(who, flow_id)
    return Done(batch=await the.deciding.decide(who, flow, step.decisions, step.reason))


@router.post("/{flow_id}/accept", responses=on_flow(409, 422))
async def accept(flow_id: FlowRef, wanted: Accept, who: Who, the: The) -> AcceptedView:
    """Accept many offers as one step: every one that waits, or those that are High and in no conflict.

    What was edited, rejected or ignored is left alone. With `dry_run`, it says what would be accepted.
    """
    flow = await the.flow.get(who, flow_id)
    done = await the.review.accept(
        who, flow, Accepting(wanted.what == "high", wanted.target_system, None, wanted.dry_run)
    )
    lines = [
        AcceptedLine(
            target_system=entry.target, table=entry.table, column=entry.column, confidence=entry.confidence,
            target_fields=[field.target_field for field in entry.fields],
        )
        for entry in done.entries
    ]  # fmt: skip
    return AcceptedView(batch=done.batch, accepted=lines)


@router.post("/{flow_id}/undo", responses=on_flow(409, 422))
async def undo(flow_id: FlowRef, who: Who, the: The, wanted: Undo | None = None) -> UndoneView:
    """Take back a step, of anybody and from any session; newer decisions on the same subjects stay."""
    who.must_be("reviewer")
    flow = await the.flow.get(who, flow_id)
    return _undone(await the.review.undo(who, flow, wanted.batch if wanted else None))


@router.post("/{flow_id}/redo", responses=on_flow(409))
async def redo(flow_id: FlowRef, who: Who, the: The) -> UndoneView:
    """Take again what was taken back last."""
    who.must_be("reviewer")
    flow = await the.flow.get(who, flow_id)
    return _undone(await the.review.redo(who, flow))


@router.get("/{flow_id}/restore", responses=on_flow(422))
async def restoring(flow_id: FlowRef, who: Who, the: The, to: To = 0) -> RestoreView:
    """What would change if everything were as it was after decision `to`. Changes nothing; `restore` does it."""
    flow = await the.flow.get(who, flow_id)
    found = await the.deciding.restoring(who, flow, to)
    mask = await the.masking.mask(who, flow)
    changes = [
        masked(WayBack(kind=one.kind, subject=list(one.subject), before=one.after, after=then), mask)
        for one, then in found.changes
    ]
    return RestoreView(to=to, latest=found.latest, changes=changes)


@router.post("/{flow_id}/restore", responses=on_flow(409, 422))
async def restore(flow_id: FlowRef, wanted: Restore, who: Who, the: The) -> Done:
    """Have all decisions stand as after decision `to`. It is one step, and undone like any other."""
    who.must_be("reviewer")
    flow = await the.flow.get(who, flow_id)
    return Done(batch=await the.deciding.restore(who, flow, wanted.to, wanted.latest))


@router.get("/{flow_id}/history", responses=on_flow())
async def history(flow_id: FlowRef, who: Who, the: The) -> list[DecisionView]:
    """Every decision, oldest first: who, when, what and why."""
    flow = await the.flow.get(who, flow_id)
    mask = await the.masking.mask(who, flow)
    return [masked(_decision(one), mask) for one in await the.deciding.history(who, flow)]


def _view(flow: Flow, reviewed: Reviewed, standing: str | None, page: slice) -> ReviewView:
    entries = [
        (draft, entry) for draft in reviewed.drafts for entry in draft.entries if standing in (None, entry.standing)
    ]
    done, undone = reviewed.steps
    return ReviewView(
        flow_id=str(flow.id),
        version=flow.version,
        entries=[_entry(draft, entry) for draft, entry in entries[page]],
        total=len(entries),
        needs=[_need(draft, need) for draft in reviewed.drafts for need in draft.needs],
        latest=reviewed.latest,
        can_undo=bool(done),
        can_redo=bool(undone),
    )


def _need(draft: Draft, need: Need) -> NeedView:
    offer = need.proposed
    return NeedView(
        target_system=draft.target.name,
        target_table=need.table,
        wants=need.wants,
        met=need.met,
        proposed=offer.transformation if offer else None,
        why=" ".join(offer.evidence) if offer else "",
    )


def _entry(draft: Draft, entry: Entry) -> EntryView:
    return EntryView(
        target_system=entry.target,
        table=entry.table,
        column=entry.column,
        standing=entry.standing,
        fields=list(entry.fields),
        alternatives=[Alternative.of(match) for match in entry.alternatives],
        again=next((news for field in entry.fields if (news := news_of(field.evidence))), ""),
        changed=entry.changed,
        conflicts=[other.column for other in draft.conflicts.get(entry.key, ())],
        suits=Suited.of(draft.challenges.get(entry.key)),
        explanation=draft.explained(entry),
        seen=entry.seen,
        decided_by=entry.decided.by if entry.decided else None,
        decided_at=entry.decided.at if entry.decided else None,
        reason=entry.decided.reason if entry.decided else "",
    )


def _decision(one: Decided) -> DecisionView:
    return DecisionView.model_validate(one, from_attributes=True)


def _undone(done: Undone | None) -> UndoneView:
    if done is None:
        return UndoneView(batch=None, of=None)
    return UndoneView(batch=done.batch, of=done.of, kept=[[kind, *subject] for kind, subject in done.kept])
