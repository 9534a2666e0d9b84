"""Decisions: what a person made of a plan and its patches.

A rule is taken or left out as a whole; a value is kept or replaced wherever the source holds it; a cell is set, or
keeps what the source has. People come last: values and cells are decided after every rule has run, and by what the
source holds, so that a decision means the same however the rules around it change.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import groupby
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.draft import Draft
from discovery_pipeline.engine.cleansing.model import CleansingPlan, PlannedRule
from discovery_pipeline.engine.findings import Dimension, Finding, Severity

VALUE, CELL = "person.value", "person.cell"
"""The rules under which a person's own changes stand in the log."""


class _Decision(BaseModel):
    model_config = ConfigDict(frozen=True)

    table: str
    column: str
    by: str = ""
    reason: str = ""


D = TypeVar("D", bound=_Decision)


class RuleDecision(_Decision):
    """A planned rule is taken, though it is only suggested, or left out, though it is sure."""

    rule: str
    verdict: Literal["accept", "reject"]


class ValueDecision(_Decision):
    """Every cell in which the source holds `value` holds `after`; the same value keeps it from every rule."""

    value: str | None
    after: str | None


class CellDecision(_Decision):
    """One cell holds `after`, whatever rules say. It counts while the source still holds `seen` there."""

    row: int = Field(ge=0, description="0-based row of the source")
    seen: str | None = Field(description="what the source held when it was decided")
    after: str | None


class Decisions(BaseModel):
    """All decisions on the cleansing of one flow; of several on one thing, the last counts."""

    model_config = ConfigDict(frozen=True)

    rules: tuple[RuleDecision, ...] = ()
    values: tuple[ValueDecision, ...] = ()
    cells: tuple[CellDecision, ...] = ()


def decided(plan: CleansingPlan, decisions: Decisions) -> CleansingPlan:
    """The plan without the rules that were left out; suggested ones that were taken are sure."""
    verdicts = {(d.table, d.column, d.rule): d for d in decisions.rules}

    def kept(rule: PlannedRule) -> PlannedRule | None:
        decision = verdicts.get((rule.table, rule.column, rule.rule))
        if decision is None:
            return rule
        return rule.model_copy(update={"tier": "auto"}) if decision.verdict == "accept" else None

    return plan.model_copy(update={"rules": tuple(filter(None, map(kept, plan.rules)))})


def apply(draft: Draft, decisions: Decisions) -> list[Finding]:
    """Write what was decided on the table's values and cells over what its rules left; what no longer fits is told."""
    columns = {c.name for c in draft.table.columns}
    values = [d for d in decisions.values if d.table == draft.table.name and d.column in columns]
    cells = [d for d in decisions.cells if d.table == draft.table.name and d.column in columns]
    for column, mine in _by_column(_last(values, lambda d: (d.column, d.value))):
        _write(draft, column, VALUE, mine, [(None, d.value, d.after) for d in mine])
    stale: list[Finding] = []
    for column, mine in _by_column(_last(cells, lambda d: (d.column, d.row))):
        written = _write(draft, column, CELL, mine, [(d.row, d.seen, d.after) for d in mine])
        if written < len(mine):
            stale.append(_stale(draft, column, len(mine) - written))
    return stale


def _write(
    draft: Draft,
    column: str,
    rule: str,
    decisions: Sequence[_Decision],
    wanted: list[tuple[int | None, object, object]],
) -> int:
    """Log what changes, a step for each who and why; the number of cells that hold what the decisions speak of."""
    place = draft.table.column(column)
    key, start = duck.col(place), len(draft.rules)
    steps: dict[tuple[str, str], int] = {}
    for decision in decisions:
        steps.setdefault((decision.by, decision.reason), start + len(steps))
    draft.rules.extend(_decided_rule(draft, column, rule, *who) for who in steps)
    draft.con.execute(
        "CREATE OR REPLACE TEMP TABLE __decided AS SELECT unnest($1::BIGINT[]) AS row, unnest($2::VARCHAR[]) AS seen, "
        "unnest($3::VARCHAR[]) AS after, unnest($4::INTEGER[]) AS step",
        [*(list(part) for part in zip(*wanted, strict=True)), [steps[d.by, d.reason] for d in decisions]],
    )
    meant = f"""
        SELECT n.__row AS row, n.{key} AS before, d.after, d.step
        FROM {draft.now(place)} n JOIN {duck.scan(draft.table)} s ON s.file_row_number = n.__row
        JOIN __decided d ON {"n.__row = d.row AND " if rule == CELL else ""}s.{key} IS NOT DISTINCT FROM d.seen"""
    found = draft.con.execute(f"SELECT count(*) FROM ({meant})").fetchone()
    draft.con.execute(
        f"INSERT INTO {draft.log} BY NAME (SELECT row, {place.position} AS position, step, before, after, step AS rule "
        f"FROM ({meant}) WHERE before IS DISTINCT FROM after)"
    )
    draft.con.execute("DROP TABLE __decided")
    draft.moved(place)
    return found[0] if found else 0


def _decided_rule(draft: Draft, column: str, rule: str, by: str, reason: str) -> PlannedRule:
    told = f"decided by {by}" if by else "decided by a person"
    return PlannedRule(
        rule=rule,
        table=draft.table.name,
        column=column,
        tier="review",
        confidence=1,
        reason=f"{told}: {reason}" if reason else told,
    )


def _stale(draft: Draft, column: str, count: int) -> Finding:
    return Finding(
        table=draft.table.name,
        column=column,
        rule="person.stale",
        severity=Severity.WARNING,
        dimension=Dimension.ACCURACY,
        count=count,
        evidence=f"{count} decided cells hold something else by now: the file was replaced since",
        action="Look at these cells again, and decide anew.",
    )


def _last(decisions: Iterable[D], what: Callable[[D], Hashable]) -> list[D]:
    """Of several decisions on one thing, the last."""
    return list({what(d): d for d in decisions}.values())


def _by_column(decisions: Iterable[D]) -> list[tuple[str, list[D]]]:
    ordered = sorted(decisions, key=lambda d: d.column)
    return [(column, list(mine)) for column, mine in groupby(ordered, key=lambda d: d.column)]
