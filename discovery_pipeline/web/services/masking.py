"""Masking: what is personal is hidden from who only reads.

A reviewer and an admin see what they decide on; a viewer sees initials, in answers of the API, on pages and in
downloads alike. What is personal, the profile says. Where an answer doesn't say which column a value is of, a viewer
sees initials, if there are personal columns at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from discovery_pipeline.engine.delivery.report.masking import Mask, initials, mask_of
from discovery_pipeline.engine.mapping.model import Mapping as FieldMapping
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.reviews.decisions import CELL, VALUE
from discovery_pipeline.web.faults import NotAuthorized
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.values import Values

QUOTED = frozenset({"samples", "examples", "top_values", "exceptions", "patterns"})
"""Members of answers that hold values, at any depth."""
LISTED = frozenset({"values"})
"""Members whose keys are values, too; of what is personal they are left empty."""
CHANGED = frozenset({"before", "after"})
"""Members that hold values where a cell or a value is decided on."""
SAID = frozenset({"evidence", "anomalies", "reason"})
"""Sentences, which may quote values after a colon or between quotes."""
DEMANDS = "demands"
"""The member under which a state keeps the user's rules."""
ASKED = frozenset({"allowed", "pattern", "where"})
"""What of a rule lists values, or describes them."""
STATISTICS = ("min", "max", "median", "q1", "q3", "p05", "p95")
"""Statistics that are somebody's own value."""

T = TypeVar("T", bound=BaseModel)


class MaskingService:
    """Hides what is personal."""

    def __init__(self, values: Values) -> None:
        self._values = values

    async def mask(self, who: Caller, flow: Flow) -> Mask:
        """What is hidden from this caller in this flow."""
        mask = mask_for(who, await self._values.of(flow, "column_profile", Profile))
        if mask.raised or not mask.personal:
            return mask
        approved = await self._values.all_of(flow, "approved_mapping", FieldMapping)
        return mask.filling(field for mapping in approved for field in mapping.fields)

    async def shown(self, who: Caller, flow: Flow, answer: T) -> T:
        """The answer as this caller may read it."""
        return await asyncio.to_thread(masked, answer, await self.mask(who, flow))

    async def told(self, who: Caller, flow: Flow, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """What an event says, as this caller may read it."""
        mask = await self.mask(who, flow)
        return data if mask.raised else _walked(data, mask, _Place())

    async def allow(self, who: Caller, flow: Flow, what: str) -> None:
        """Refuse rows to who only reads, where the flow has personal columns.

        Raises
        ------
        NotAuthorized
            Names the columns, and says where there is something to read instead.
        """
        personal = sorted((await self.mask(who, flow)).personal)
        if who.may("reviewer") or not personal:
            return
        named = ", ".join(f"{table}.{column}" for table, column in personal[:5])
        more = f" and {len(personal) - 5} more" if len(personal) > 5 else ""
        raise NotAuthorized(
            f"{what} holds rows with personal data ({named}{more}): that takes the role reviewer; yours here is "
            f"{who.role}. The report shows them masked."
        )


def mask_for(who: Caller, profile: Profile | None) -> Mask:
    """What is hidden from this caller: one rule for every door."""
    return mask_of(profile or Profile(tables=()), raised=who.may("reviewer"))


def masked(answer: T, mask: Mask) -> T:
    """The answer with what is personal as initials."""
    if mask.raised:
        return answer
    return type(answer).model_validate(_walked(answer.model_dump(mode="json"), mask, _Place()))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands, as far as the answer has said."""

    table: str | None = None
    columns: tuple[str, ...] = ()

    def hidden(self, mask: Mask) -> bool:
        """Whether its values are. Of an unknown column they are where any column may be meant that is personal."""
        if self.table is None:
            return bool(mask.personal)
        if not self.columns:
            return any(table == self.table for table, _ in mask.personal)
        return any(mask.column(self.table, column) for column in self.columns)


def _walked(node: Any, mask: Mask, place: _Place) -> Any:
    """An answer's part in which nothing is a value unless a member's name says so."""
    match node:
        case str():
            return mask.text(node)
        case list():
            return [_walked(part, mask, place) for part in node]
        case {"inferred_type": _}:
            node = _without_statistics(node, mask, _placed(node, place))
        case {"kind": kind, "subject": [*subject]} if kind in {VALUE, CELL}:
            return _decision(node, mask, _Place(str(subject[0]), (str(subject[1]),)))
    if not isinstance(node, Mapping):
        return node
    here = _placed(node, place)
    values = QUOTED | CHANGED if "row" in node else QUOTED
    told = {}
    for name, part in node.items():
        if name == DEMANDS and isinstance(part, list):
            told[name] = [_demand(one, mask) for one in part]
        elif name in LISTED and here.hidden(mask):
            told[name] = type(part)()
        elif name in values or (name == "rule" and "violations" in node):
            told[name] = _value(part, mask, here)
        elif name in SAID and here.columns:
            told[name] = _sentence(part, mask, here)
        else:
            told[name] = _walked(part, mask, here)
    return told


def _demand(node: Mapping[str, Any], mask: Mask) -> Mapping[str, Any]:
    """One of the user's rules. It may name its column as a target did that fills the field no more."""
    return {
        name: _value(part, mask, _Place()) if name in ASKED else _walked(part, mask, _Place())
        for name, part in node.items()
    }


def _placed(node: Mapping[str, Any], place: _Place) -> _Place:
    """The place that an object is about: its own where it says one."""
    match node:
        case {"name": str(table), "columns": [*_]}:
            return _Place(table)
        case {"table": str(table), "columns": [*columns]}:
            return _Place(table, tuple(map(str, columns)))
        case (
            {"table": str(table), "column": str(column)}
            | {"source_table": str(table), "source_field": str(column)}
            | {"table": str(table), "name": str(column)}
        ):
            return _Place(table, (column,))
        case {"table": str(table)}:
            return _Place(table)
        case {"name": str(column)} if place.table is not None:
            return _Place(place.table, (column,))
    return place


def _value(node: Any, mask: Mask, place: _Place) -> Any:
    """A part that holds nothing but values, and their counts."""
    match node:
        case str():
            return initials(node) if place.hidden(mask) else mask.text(node)
        case list():
            return [_value(part, mask, place) for part in node]
        case Mapping():
            return {name: _value(part, mask, place) for name, part in node.items()}
    return node


def _sentence(node: Any, mask: Mask, place: _Place) -> Any:
    if isinstance(node, list):
        return [_sentence(part, mask, place) for part in node]
    if not isinstance(node, str):
        return _walked(node, mask, place)
    about = next((c for c in place.columns if mask.column(place.table or "", c)), None)
    return mask.said(place.table or "", about, node)


def _without_statistics(column: Mapping[str, Any], mask: Mask, place: _Place) -> Mapping[str, Any]:
    if not place.hidden(mask):
        return column
    few = column["outliers"] and {**column["outliers"], "examples": []}
    return {**column, **dict.fromkeys(STATISTICS), "histogram": [], "outliers": few}


def _decision(node: Mapping[str, Any], mask: Mask, place: _Place) -> Mapping[str, Any]:
    subject = [*node["subject"][:2], *(_value(part, mask, place) for part in node["subject"][2:])]
    changed = {name: _value(node[name], mask, place) for name in CHANGED if name in node}
    return {**node, **changed, "subject": subject}
