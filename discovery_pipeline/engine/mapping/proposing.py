"""Proposing: the transformation that a source column needs to become a target field.

Drawn from what the values look like and what the contract asks for; None where they can go as they are.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from discovery_pipeline.engine import units
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.fields import Field
from discovery_pipeline.engine.mapping.model import DataType
from discovery_pipeline.engine.profiling.model import ColumnProfile
from discovery_pipeline.engine.targets import TargetField

_TYPES: dict[str, DataType] = {
    "integer": "integer", "number": "float", "boolean": "boolean", "date": "datetime", "datetime": "datetime",
    "map<string,string>": "json",
}  # fmt: skip
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


@dataclass(frozen=True, slots=True)
class Proposal:
    """A transformation in the mini-language, the type of its result, and why."""

    transformation: str | None
    data_type: DataType
    reasons: tuple[str, ...] = ()


def propose(source: Field, values: tuple[str, ...], profile: ColumnProfile | None, target: TargetField) -> Proposal:
    """The transformation from these values (the most frequent ones) to this field."""
    data_type = _TYPES.get(target.type, "string")
    if not values:
        return Proposal(None, data_type)
    if target.unit and target.type in ("integer", "number"):
        found = _conversion(source, values, profile, target)
        if found:
            return Proposal(found[0], data_type, (found[1],))
    return Proposal(_rewritten(values, profile, target), data_type)


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


def _conversion(
    source: Field, values: tuple[str, ...], profile: ColumnProfile | None, target: TargetField
) -> tuple[str, str] | None:
    """A conversion of units and its reason; None where the source has the target's unit, or nobody knows."""
    wanted = units.unit(target.unit or "")
    if wanted is None:
        return None
    written = Counter(u.name for u in map(units.in_value, values) if u and u.quantity == wanted.quantity)
    stated = source.unit or (units.unit(profile.unit) if profile and profile.unit else None)
    if stated and stated.quantity != wanted.quantity:
        stated = None
    guess = "" if stated or written else _by_magnitude(values, target, wanted)
    unit = stated.name if stated else written.most_common(1)[0][0] if written else guess
    if not unit or (unit == wanted.name and not written):
        return None
    whole = " | round(0)" if target.type == "integer" else ""
    times = units.factor(unit, wanted.name) or 1.0
    origin = "by their magnitude" if guess else "by the unit beside them" if written and not stated else "by the header"
    formula = f"× {times:g}" if times >= 1 else f"÷ {1 / times:g}"
    return (
        f'convert("{unit}","{wanted.name}"){whole}',
        f"values are in {unit} {origin}; the target is in {wanted.name}, so {formula}",
    )


def _by_magnitude(values: tuple[str, ...], target: TargetField, wanted: units.Unit) -> str:
    """The unit that bare numbers must be in to make sense; empty where several would.

    A server's memory lies between 512 MB and some TB, so numbers up to 384 are GB where no MB make sense, and
    thousands are MB. A share of at most 1 with decimals is no percentage.
    """
    numbers = sorted(float(v) for v in values if _PLAIN_NUMBER.match(v))
    if len(numbers) < _MOST * len(values) or not numbers:
        return ""
    middle, largest = numbers[len(numbers) // 2], numbers[-1]
    about = f"{target.name} {target.description}".lower()
    if wanted.quantity == "share" and wanted.name == "percent" and largest <= 1 and middle not in (0, 1):
        return "ratio"
    if wanted.quantity != "size" or not re.search(r"\bram\b|memory", about) or re.search(r"used|usage|use\b", about):
        return ""
    if largest >= 1e9:
        return "B"
    if middle <= 384 and largest <= 24_576 and numbers[0] < 256:
        return "GB"
    return "MB" if 512 <= middle <= 2e6 else ""


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
