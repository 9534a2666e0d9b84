"""Proposing: the transformation that a source column needs to become a target field.

Drawn from what the values look like and what the contract asks for; None where they can go as they are.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from discovery_pipeline.engine import units
from discovery_pipeline.engine.mapping import datatypes, transformations, vocabularies
from discovery_pipeline.engine.mapping.answers import answered
from discovery_pipeline.engine.mapping.conversions import conversion, in_several_units
from discovery_pipeline.engine.mapping.fields import Field
from discovery_pipeline.engine.mapping.model import DataType
from discovery_pipeline.engine.profiling.model import ColumnProfile
from discovery_pipeline.engine.targets import TargetField

_DATE_FORMATS = (
    (re.compile(r"\d{4}-\d{2}-\d{2}$"), "%Y-%m-%d"),
    (re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}$"), "%Y-%m-%d %H:%M:%S"),
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2}$"), "%Y/%m/%d"),
    (re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}$"), "%d.%m.%Y"),
    (re.compile(r"\d{1,2}-[A-Za-z]{3}-\d{4}$"), "%d-%b-%Y"),
)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}$")
_COUNTED = re.compile(r"^\s*\d+(\.0*)?\s*[A-Za-z][\w() -]*$")
_PLAIN_INTEGER = re.compile(r"^[+-]?\d+$")
_PLAIN_NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?$")
_MOST = 0.5  # share of values from which a look is the column's look
_SEVERAL = "but bare numbers seem to be in several units, so no conversion is right for all of them"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A transformation in the mini-language, the type of its result, and why."""

    transformation: str | None
    data_type: DataType
    reasons: tuple[str, ...] = ()
    doubtful: bool = False  # for a person to look at, whatever the confidence in the pair


def propose(source: Field, values: tuple[str, ...], profile: ColumnProfile | None, target: TargetField) -> Proposal:
    """The transformation from these values (the most frequent ones) to this field."""
    data_type = datatypes.of_field(target.type)
    proposed = _proposed(source, values, profile, target, data_type)
    kind = profile.inferred_type if profile else _kind(values)
    if proposed.transformation or datatypes.passes(kind, data_type):
        return proposed
    return replace(proposed, transformation=datatypes.reading(kind, data_type))


def for_column(column: ColumnProfile, target: TargetField) -> Proposal:
    """The same from a column's profile alone, for a field that nobody offered it for."""
    source = Field(name=column.name, unit=units.in_header(column.name))
    return propose(source, tuple(top.value for top in column.top_values), column, target)


def _proposed(
    source: Field, values: tuple[str, ...], profile: ColumnProfile | None, target: TargetField, data_type: DataType
) -> Proposal:
    if not values:
        return Proposal(None, data_type)
    if target.unit and target.type in ("integer", "number"):
        found = conversion(source, values, profile, target)
        if in_several_units(source, values, profile, target):
            written = found[0] if found else _rewritten(values, profile, target)
            return Proposal(written, data_type, (_SEVERAL,), doubtful=True)
        if found:
            return Proposal(found[0], data_type, (found[1],))
    answer = answered(source.own, values, target)
    if not answer and target.allowed and data_type == "string":
        return _renamed(values, profile, target, data_type)
    return Proposal(answer or _rewritten(values, profile, target), data_type)


def _renamed(
    values: tuple[str, ...], profile: ColumnProfile | None, target: TargetField, data_type: DataType
) -> Proposal:
    """Values brought to the words that the target lists."""
    counted = [(v.value, v.count) for v in profile.top_values] if profile and profile.top_values else []
    matches = vocabularies.matched(target, counted or [(value, 1) for value in values])
    rewritten = vocabularies.rewriting(matches)
    if rewritten is None:
        return Proposal(_rewritten(values, profile, target), data_type)
    first = next(m for m in matches if m.target and not m.read)
    return Proposal(rewritten, data_type, (f"{first.value!r} is {first.target!r} there: {first.reason}",))


def _rewritten(values: tuple[str, ...], profile: ColumnProfile | None, target: TargetField) -> str | None:
    """What makes the target's type of values as they are written; None where they are of it."""
    match target.type:
        case "integer":
            return _integer(values)
        case "number":
            return None if _share(values, _PLAIN_NUMBER) == 1 else "to_number"
        case "boolean":
            return None if {v.lower() for v in values} <= {"true", "false"} else "to_boolean"
        case "date" | "datetime":
            return _date(_formats(values, profile))
        case _:
            return _list(values, target)


def _date(formats: list[str]) -> str | None:
    if not formats or formats in (["%Y-%m-%d"], ["%Y-%m-%d %H:%M:%S"]):
        return None
    return f"parse_date({', '.join(transformations.quoted(f) for f in formats)})"


def _kind(values: tuple[str, ...]) -> str:
    """The type of values as they are written: whole numbers, decimals or text."""
    if values and _share(values, _PLAIN_INTEGER) == 1:
        return "integer"
    return "float" if values and _share(values, _PLAIN_NUMBER) == 1 else datatypes.ANY


def _integer(values: tuple[str, ...]) -> str | None:
    if _share(values, _PLAIN_INTEGER) == 1:
        return None
    if _share(values, _COUNTED) >= _MOST:
        return r'regex_extract("(\d+)") | to_integer'
    return "to_integer"


def _formats(values: tuple[str, ...], profile: ColumnProfile | None) -> list[str]:
    """Formats of dates, the most frequent first; day or month first is decided by values that can't be the other."""
    if profile and profile.date_formats:
        return [f.value for f in profile.date_formats]
    if profile and profile.date_format:
        return [profile.date_format]
    found = Counter(fmt for value in values for pattern, fmt in _DATE_FORMATS if pattern.match(value))
    slashed = [m for m in map(_SLASHED.match, values) if m]
    if slashed:
        month_first = any(int(m[2]) > 12 for m in slashed) and not any(int(m[1]) > 12 for m in slashed)
        found["%m/%d/%Y" if month_first else "%d/%m/%Y"] += len(slashed)
    return [fmt for fmt, _ in found.most_common()]


def dates_in(values: tuple[str, ...]) -> list[str]:
    """Formats of dates as these values are written, the most frequent first."""
    return _formats(values, None)


def _list(values: tuple[str, ...], target: TargetField) -> str | None:
    """Several items in one cell: rewritten for a target that takes several, the first taken for one that doesn't."""
    items = {"list<ip>", "list<mac>", "ip", "ipv4", "mac"}
    if target.type not in items:
        return None
    separators = Counter(mark for value in values for mark in (";", "|", ",") if mark in value)
    if not separators:
        return None
    mark, seen = separators.most_common(1)[0]
    if target.type.startswith("list"):
        return f'replace("{mark}", "{target.separator}")' if target.separator and target.separator != mark else None
    return f'split("{mark}", 0)' if seen else None


def _share(values: tuple[str, ...], pattern: re.Pattern[str]) -> float:
    return sum(bool(pattern.match(v)) for v in values) / len(values)
