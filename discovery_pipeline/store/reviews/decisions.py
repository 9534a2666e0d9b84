"""Decisions of reviewers: a log that is only ever added to, with undo and redo over sessions.

A decision says what now holds for one subject (a mapping, a rule, a value, a cell), and what held before. Decisions
made with one click are a batch, and are taken back together, by a batch that says so. Nothing here changes the flow's
state: what holds in the end is submitted, or taken into the next run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.errors import FlowOperationError, StaleVersionError
from discovery_pipeline.flow.commands import Tell
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store import rows
from discovery_pipeline.store.rows import FlowRef
from discovery_pipeline.store.schema.work import review_decisions
from discovery_pipeline.store.state import FlowStateManager

if TYPE_CHECKING:
    from discovery_pipeline.engine.cleansing.decisions import Decisions  # its room imports DuckDB

MAPPING = "mapping"
"""Subject: target system, source table, source field."""
RULE = "cleansing.rule"
"""Subject: table, column, rule."""
VALUE = "cleansing.value"
"""Subject: table, column, value in the source (null for an empty cell)."""
CELL = "cleansing.cell"
"""Subject: table, column, 0-based row."""

Subject = tuple[str | int | None, ...]
What = tuple[str, Subject]
"""Kind and subject."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What shall hold for a subject; None takes back whatever held.

    `seen` is the number of the decision that the reviewer saw (0: none); where it isn't the newest any more, nothing
    is decided.
    """

    kind: str
    subject: Subject
    after: Mapping[str, Any] | None
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it stands in the log."""

    id: int
    batch: UUID
    kind: str
    subject: Subject
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    undoes: UUID | None
    reason: str
    by: str
    at: datetime

    @property
    def what(self) -> What:
        """Kind and subject."""
        return self.kind, self.subject


@dataclass(frozen=True, slots=True)
class Undone:
    """A batch that took another one back, and the subjects that kept a newer decision."""

    batch: UUID
    of: UUID
    kept: tuple[What, ...] = ()


async def decide(
    states: FlowStateManager, flow_id: FlowRef, decisions: Sequence[Decision], reason: str = ""
) -> UUID | None:
    """Write decisions as one batch; None where all of them held already.

    Raises
    ------
    StaleVersionError
        Somebody decided one of the subjects meanwhile; `details["changed"]` holds what, who and when.
    """
    flow = await rows.find(states.session, flow_id, lock=True)
    now = await current(states.session, flow)
    _refuse_stale(flow, decisions, now)
    changes = {(d.kind, d.subject): d.after for d in decisions}
    return await _add(states, flow, now, changes, reason=reason)


async def undo(states: FlowStateManager, flow_id: FlowRef, batch: UUID | None = None) -> Undone | None:
    """Take back a batch, or the newest one that stands; None where there is none.

    A subject that was decided again since keeps the newer decision, and is named in the answer.
    """
    flow = await rows.find(states.session, flow_id, lock=True)
    written = await history(states.session, flow)
    done, _ = stacks(written)
    wanted = batch or (done[-1] if done else None)
    if wanted is None:
        return None
    if wanted not in done:
        raise FlowOperationError(
            f"Batch {wanted} isn't there to be undone: it was undone before, or never made.",
            flow.id,
            {"error_type": "missing"},
        )
    return await _take_back(states, flow, written, wanted)


async def redo(states: FlowStateManager, flow_id: FlowRef) -> Undone | None:
    """Decide again what was undone last; None where nothing was, or something new was decided since."""
    flow = await rows.find(states.session, flow_id, lock=True)
    written = await history(states.session, flow)
    _, undone = stacks(written)
    return await _take_back(states, flow, written, undone[-1]) if undone else None


def changed_since(written: Iterable[Decided], moment: datetime | None) -> frozenset[What]:
    """What holds otherwise than at that moment; all that holds where there was none."""
    held: dict[What, Mapping[str, Any] | None] = {}
    now: dict[What, Mapping[str, Any] | None] = {}
    for one in written:
        now[one.what] = one.after
        if moment and one.at <= moment:
            held[one.what] = one.after
    return frozenset(what for what, after in now.items() if held.get(what) != after)


def restoring(written: Sequence[Decided], to: int) -> tuple[Decision, ...]:
    """What has to be decided so that all holds again that held after decision `to`, of 0 before the first one.

    Each names the decision that it takes the place of: where another one came meanwhile, none is made.
    """
    then = {one.what: one.after for one in written if one.id <= to}
    now = {one.what: one for one in written}
    return tuple(
        Decision(kind, subject, then.get((kind, subject)), one.id if one.after is not None else 0)
        for (kind, subject), one in now.items()
        if one.after != then.get((kind, subject))
    )


async def current(session: AsyncConnection, flow_id: FlowRef, kind: str | None = None) -> dict[What, Decided]:
    """The decision that holds, for each subject that has one."""
    flow = await rows.find(session, flow_id)
    columns = review_decisions.c.kind, review_decisions.c.subject
    mine = review_decisions.c.flow_id == flow.id
    if kind is not None:
        mine &= review_decisions.c.kind == kind
    newest = select(func.max(review_decisions.c.id)).where(mine).group_by(*columns)
    wanted = select(review_decisions).where(review_decisions.c.id.in_(newest)).order_by(review_decisions.c.id)
    found = [_read(row) for row in await session.execute(wanted)]
    return {one.what: one for one in found if one.after is not None}


async def history(session: AsyncConnection, flow_id: FlowRef) -> list[Decided]:
    """Every decision on the flow, oldest first."""
    flow = await rows.find(session, flow_id)
    wanted = select(review_decisions).where(review_decisions.c.flow_id == flow.id).order_by(review_decisions.c.id)
    return [_read(row) for row in await session.execute(wanted)]


def cleansing(decided: Iterable[Decided]) -> Decisions:
    """What of the decisions cleansing is to follow, as the engine takes it."""
    from discovery_pipeline.engine.cleansing.decisions import CellDecision, Decisions, RuleDecision, ValueDecision

    rules, values, cells = [], [], []
    for one in decided:
        if one.kind not in {RULE, VALUE, CELL} or one.after is None:
            continue
        table, column, subject = one.subject
        common = {"table": table, "column": column, "by": one.by, "reason": one.reason}
        if one.kind == RULE:
            rules.append(RuleDecision.model_validate({**common, "rule": subject, **one.after}))
        elif one.kind == VALUE:
            values.append(ValueDecision.model_validate({**common, "value": subject, **one.after}))
        else:
            cells.append(CellDecision.model_validate({**common, "row": subject, **one.after}))
    return Decisions(rules=tuple(rules), values=tuple(values), cells=tuple(cells))


def _refuse_stale(flow: Flow, decisions: Sequence[Decision], now: Mapping[What, Decided]) -> None:
    changed = []
    for decision in decisions:
        there = now.get((decision.kind, decision.subject))
        if decision.seen is not None and decision.seen != (there.id if there else 0):
            told = {"by": there.by, "at": there.at.isoformat(), "after": there.after} if there else {"after": None}
            changed.append({"kind": decision.kind, "subject": list(decision.subject), **told})
    if changed:
        raise StaleVersionError(
            f"Somebody else decided {'this' if len(changed) == 1 else f'{len(changed)} of these'} meanwhile. "
            "Look at what they chose, then decide again.",
            flow.id,
            {"error_type": "stale", "changed": changed},
        )


async def _take_back(states: FlowStateManager, flow: Flow, written: list[Decided], batch: UUID) -> Undone:
    """Write what held before the batch, except where a newer decision holds."""
    now = {one.what: one for one in written}  # the newest, since they come in order
    mine = [one for one in written if one.batch == batch]
    kept = tuple(one.what for one in mine if now[one.what].after != one.after)
    changes = {one.what: one.before for one in mine if one.what not in kept}
    held = {what: one for what, one in now.items() if one.after is not None}
    new = await _add(states, flow, held, changes, reason="", undoes=batch, again=True)
    return Undone(new or batch, batch, kept)


async def _add(  # noqa: PLR0913 - one row says all this
    states: FlowStateManager,
    flow: Flow,
    now: Mapping[What, Decided],
    changes: Mapping[What, Mapping[str, Any] | None],
    *,
    reason: str,
    undoes: UUID | None = None,
    again: bool = False,
) -> UUID | None:
    batch, moment = uuid4(), states.now()
    new = []
    for (kind, subject), after in changes.items():
        there = now.get((kind, subject))
        before = there.after if there else None
        if before == after and not again:
            continue
        new.append(
            {
                **rows.tenant_columns(flow),
                "flow_id": flow.id, "batch": batch, "kind": kind, "subject": json.dumps(subject, ensure_ascii=False),
                "before": before, "after": after, "undoes": undoes, "reason": reason,
                "decided_by": moment.by, "decided_at": moment.at,
            }
        )  # fmt: skip
    if not new:
        return None
    await states.session.execute(insert(review_decisions), new)
    kinds = sorted({kind for kind, _ in changes})
    told = {"batch": str(batch), "kinds": kinds, "count": len(new), "undoes": str(undoes) if undoes else None}
    await states.update_state(flow.id, Tell(EventType.REVIEW_DECIDED, told))
    return batch


def stacks(written: Iterable[Decided]) -> tuple[list[UUID], list[UUID]]:
    """The batches that stand, and the ones that undid others and may be undone themselves; the newest last."""
    done: list[UUID] = []
    undone: list[UUID] = []
    seen: set[UUID] = set()
    for one in written:
        if one.batch in seen:
            continue
        seen.add(one.batch)
        if one.undoes is None:
            done.append(one.batch)
            undone.clear()
        elif one.undoes in done:
            done.remove(one.undoes)
            undone.append(one.batch)
        else:
            undone.remove(one.undoes)
            done.append(one.batch)
    return done, undone


def origins(written: Iterable[Decided]) -> dict[UUID, tuple[UUID, Literal["done", "undone", "redone"]]]:
    """The step that each batch is about: its own, or the one that it took back or did again. The oldest first."""
    found: dict[UUID, tuple[UUID, Literal["done", "undone", "redone"]]] = {}
    for one in written:
        if one.undoes is None:
            found[one.batch] = one.batch, "done"
        else:
            of, became = found[one.undoes]
            found[one.batch] = of, "redone" if became == "undone" else "undone"
    return found


def _read(row: Row[Any]) -> Decided:
    return Decided(
        row.id, row.batch, row.kind, tuple(json.loads(row.subject)), row.before, row.after, row.undoes, row.reason,
        row.decided_by, row.decided_at,
    )  # fmt: skip
