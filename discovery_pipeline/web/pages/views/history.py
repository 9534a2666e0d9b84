"""History on the page: the steps of all reviewers in words, and what going back to one would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from discovery_pipeline.engine.delivery.report.masking import Mask
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.store.reviews.decisions import CELL, MAPPING, RULE, Decided, origins, stacks
from discovery_pipeline.web.pages.views.flows import label
from discovery_pipeline.web.services.deciding import Restoring
from discovery_pipeline.web.services.seconding import PROPOSAL

_AGAIN = {"done": "", "undone": "took a step back", "redone": "did a step again"}
LINES = 4
"""Decisions of one step that are said one by one."""
MOST = 200
"""Changes of a way back that are shown."""


@dataclass(frozen=True, slots=True)
class Told:
    """How decisions are told: what a reader may see of values, and the line of the source in which a row stands."""

    mask: Mask
    lines: Mapping[tuple[str, int], int]  # by table and row


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One click of somebody."""

    at: datetime
    by: str
    reason: str
    lines: tuple[str, ...]
    more: int
    undone: bool
    href: str  # to what going back to it would change


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One thing that would stand otherwise."""

    what: str
    now: str
    then: str


@dataclass(frozen=True, slots=True)
class WayBack:
    """What going back would change."""

    to: int
    latest: int
    said: str
    changes: Sequence[Any]
    shown: tuple[ShownChange, ...]

    @property
    def more(self) -> int:
        """Changes that are not shown."""
        return len(self.changes) - len(self.shown)


def steps(log: Sequence[Decided], address: str, told: Told) -> list[ShownStep]:
    """Every step, the newest first."""
    done, _ = stacks(log)
    about = origins(log)
    batches = [(batch, list(mine)) for batch, mine in groupby(log, lambda d: d.batch)]
    made = [_step(mine, _AGAIN[about[batch][1]], batch not in done, address, told) for batch, mine in batches]
    return made[::-1]


def cells_of(log: Iterable[Decided], found: Restoring | None) -> set[tuple[str, int]]:
    """Table and row of the cells that are told of one by one."""
    said = [one for _, mine in groupby(log, lambda d: d.batch) for one in islice(mine, LINES)]
    said += [one for one, _ in found.changes[:MOST]] if found else []
    return {(str(one.subject[0]), int(one.subject[2] or 0)) for one in said if one.kind == CELL}


def way_back(found: Restoring, told: Told) -> WayBack:
    """What going back would change, in words."""
    shown = tuple(
        ShownChange(_what(one, told), _state(one, one.after, told.mask), _state(one, then, told.mask))
        for one, then in found.changes[:MOST]
    )
    return WayBack(found.to, found.latest, found.said, found.changes, shown)


def _step(mine: Sequence[Decided], again: str, undone: bool, address: str, told: Told) -> ShownStep:
    last = mine[-1]
    lines = tuple(f"{_what(one, told)}: {_state(one, one.after, told.mask)}" for one in mine[:LINES])
    return ShownStep(
        at=last.at,
        by=last.by,
        reason=told.mask.text(last.reason or again),
        lines=lines,
        more=len(mine) - len(lines),
        undone=undone and last.undoes is None,
        href=f"{address}?to={last.id}",
    )


def _filled(field: Mapping[str, Any]) -> str:
    """A target field, and how its values are made."""
    made = field.get("transformation")
    return f"{field.get('target_table')}.{field.get('target_field')}{f' by {made}' if made else ''}"


def _what(one: Decided, told: Told) -> str:
    first, second, third = (*one.subject, "", "", "")[:3]
    if one.kind == PROPOSAL:
        return "the whole mapping"
    if one.kind == MAPPING:
        return f"{second}.{third} for {label(str(first))}"
    if one.kind == RULE:
        return f"{third} on {first}.{second}"
    if one.kind == CELL:
        line = told.lines.get((str(first), int(third or 0)))
        return f"{first}.{second} in line {line:,}" if line else f"{first}.{second} in a row that isn't there any more"
    value = "empty cells" if third is None else told.mask.value(str(first), str(second), str(third))
    return f"{value} in {first}.{second}"


def _state(one: Decided, after: Mapping[str, Any] | None, mask: Mask) -> str:
    if one.kind == PROPOSAL:
        return f"proposed, {counted(after['fields'], 'field')}" if after else "no proposal waits"
    if after is None:
        return "not decided"
    if one.kind == MAPPING:
        fields = ", ".join(map(_filled, after.get("fields") or ()))
        return f"{after.get('standing')} {fields}".strip() if after.get("standing") == "accepted" else after["standing"]
    if one.kind == RULE:
        return {"accept": "taken", "reject": "left out"}.get(str(after.get("verdict")), "as planned")
    value = after.get("after")
    seen = after.get("seen") if one.kind == CELL else one.subject[-1]
    if value is not None and value == seen:
        return "stays as the source has it"
    return (
        "left empty" if value is None else f"becomes {mask.value(str(one.subject[0]), str(one.subject[1]), str(value))}"
    )
