"""Proposing: the transformation that a source column needs to become a target field.

Drawn from what the values look like and what the contract asks for; None where they can go as they are.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from discovery_pipeline.engine import units
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.matcher.fields import Field
from discovery_pipeline.engine.mapping.model import DataType, MappedField
from discovery_pipeline.engine.mapping.transformations import datatypes, vocabularies
from discovery_pipeline.engine.mapping.transformations.answers import answered
from discovery_pipeline.engine.mapping.transformations.conversions import (
    conversion,
    decimal_mark,
    in_several_units,
    read_as_written,
    unknown_unit,
)
from discovery_pipeline.engine.mapping.transformations.ranges import Delivered, suspicious
from discovery_pipeline.engine.mapping.transformations.vocabularies import NO_WORDS, Words
from discovery_pipeline.engine.profiling import dates, numerals
from discovery_pipeline.engine.profiling.model import ColumnProfile
from discovery_pipeline.engine.targets import TargetField

_DATE_FORMATS = (
    (re.compile(r"\d{4}-\d{2}-\d{2}$"), "%Y-%m-%d"),
    (re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}$"), "%Y-%m-%d %H:%M:%S"),
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2}$"), "%Y/%m/%d"),
    (re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}$"), "%d.%m.%Y"),
)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}$")
_COUNTED = re.compile(r"^\s*\d+(\.0*)?\s*[A-Za-z][\w() -]*$")
_PARTED = re.compile(r"\d[.,]\d")
_PLAIN_INTEGER = re.compile(r"^[+-]?\d+$")
_PLAIN_NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?$")
_DOT_GROUPS = re.compile(r"^[+-]?\d{1,3}(\.\d{3})+$")
_DOTS_OR_NONE = re.compile(r"^[+-]?(\d+|\d{1,3}(\.\d{3})+)$")
_FRACTIONS = {
    ".": re.compile(r"^\s*[+-]?[\d,' ]*\.\d*[1-9]\d*\s*$"),
    ",": re.compile(r"^\s*[+-]?[\d.' ]*,\d*[1-9]\d*\s*$"),
}
_MEASURED = re.compile(r"^\s*[+-]?\d[\d.,]*\s*(?!(?:EUR|USD|GBP|CHF|JPY|INR)\b)[^\W\d_]+[\w()/ -]*$")
_TIMED = re.compile(r"%-?[HIMS]|\"(epoch|excel)")
_WITH_PREFIX = re.compile(r"^[0-9a-fA-F.:]+/\d{1,3}$")
_COUNTS = {dates.EPOCH_SECONDS: "epoch", dates.EPOCH_MILLIS: "epoch ms"}
_COUNTED_DATES = (  # of a column that shall become dates; the ranges of no two overlap
    ("%Y%m%d", re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$")),
    ("epoch", re.compile(r"(9[4-9]|1\d|20)\d{8}$")),
    ("epoch ms", re.compile(r"(9[4-9]|1\d|20)\d{11}$")),
    ("excel", re.compile(r"[2-5]\d{4}(\.\d+)?$")),  # 1954 to 2064
)
_MOST = 0.5  # share of values from which a look is the column's look
_SEVERAL = "but bare numbers seem to be in several units, so no conversion is right for all of them"

_NO_DOMAIN = "but the names are without the domain that the target wants with them"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A transformation in the mini-language, the type of its result, and why."""

    transformation: str | None
    data_type: DataType
    reasons: tuple[str, ...] = ()
    doubtful: bool = False  # for a person to look at, whatever the confidence in the pair


def propose(
    source: Field,
    values: tuple[str, ...],
    profile: ColumnProfile | None,
    target: TargetField,
    before: Words = NO_WORDS,
) -> Proposal:
    """The transformation from these values (the most frequent ones) to this field.

    `before` is what people approved for values of this field.
    """
    data_type = datatypes.of_field(target.type)
    proposed = _proposed(source, values, profile, target, before)
    kind = profile.inferred_type if profile else _kind(values)
    if proposed.transformation or datatypes.passes(kind, data_type):
        return proposed
    return replace(proposed, transformation=datatypes.reading(kind, data_type))


def for_column(column: ColumnProfile, target: TargetField) -> Proposal:
    """The same from a column's profile alone, for a field that nobody offered it for."""
    source = Field(name=column.name, unit=units.in_header(column.name))
    return propose(source, tuple(top.value for top in column.top_values), column, target)


def as_before(
    approved: MappedField, values: tuple[str, ...], profile: ColumnProfile | None, target: TargetField, before: Words
) -> Proposal:
    """The transformation that was approved, with words for values of a list that are new since then.

    Numbers are read as this column writes them: an export may come with points before decimals, and then with commas.
    """
    read = read_as_written(approved.transformation, profile, target)
    matches = vocabularies.matched(vocabularies.listing(target), _counted_values(values, profile), before)
    transformation, new = vocabularies.completed(read, matches)
    otherwise = (f"numbers are written otherwise since then, so {read}",) if read != approved.transformation else ()
    return Proposal(transformation, approved.data_type, (*otherwise, *vocabularies.news(new)))


def _proposed(
    source: Field, values: tuple[str, ...], profile: ColumnProfile | None, target: TargetField, before: Words
) -> Proposal:
    data_type = datatypes.of_field(target.type)
    if not values:
        return Proposal(None, data_type)
    if target.unit and target.type in ("integer", "number"):
        measured = _measured(source, values, profile, target)
        if measured:
            return measured
    answer = answered(source.own, values, target)
    if not answer and target.allowed and data_type == "string":
        return _renamed(values, profile, target, before)
    doubts = (_NO_DOMAIN,) if target.type == "fqdn" and not any("." in value for value in values) else ()
    return Proposal(answer or _rewritten(values, profile, target), data_type, doubts, doubtful=bool(doubts))


def _measured(
    source: Field, values: tuple[str, ...], profile: ColumnProfile | None, target: TargetField
) -> Proposal | None:
    """Numbers brought to the target's unit; None where nothing speaks for another one."""
    data_type = datatypes.of_field(target.type)
    found = conversion(source, values, profile, target)
    if in_several_units(source, values, profile, target):
        written = found[0] if found else _rewritten(values, profile, target)
        return Proposal(written, data_type, (_SEVERAL,), doubtful=True)
    if found:
        return Proposal(found[0], data_type, (found[1],))
    if beside := unknown_unit(values, target):
        doubt = f"but {beside!r} stands beside the numbers, which doesn't come to {target.unit}"
        return Proposal("to_number", data_type, (doubt,), doubtful=True)
    if odd := suspicious([Delivered(value) for value in values], target):
        return Proposal(_rewritten(values, profile, target), data_type, (f"but {odd[0]}",), doubtful=True)
    return None


def _renamed(values: tuple[str, ...], profile: ColumnProfile | None, target: TargetField, before: Words) -> Proposal:
    """Values brought to the words that the target lists."""
    matches = vocabularies.matched(target, _counted_values(values, profile), before)
    rewritten = vocabularies.rewriting(matches)
    if rewritten is None:
        return Proposal(_rewritten(values, profile, target), "string")
    return Proposal(rewritten, "string", vocabularies.reasons(matches)[:1])


def _counted_values(values: tuple[str, ...], profile: ColumnProfile | None) -> list[tuple[str, int]]:
    """Values with the rows that hold them, as far as these were counted."""
    counted = [(v.value, v.count) for v in profile.top_values] if profile and profile.top_values else []
    return counted or [(value, 1) for value in values]


def _rewritten(values: tuple[str, ...], profile: ColumnProfile | None, target: TargetField) -> str | None:
    """What makes the target's type of values as they are written; None where they are of it."""
    match target.type:
        case "integer":
            return _integer(values, decimal_mark(values, profile))
        case "number":
            return _number(values, decimal_mark(values, profile))
        case "boolean":
            return None if {v.lower() for v in values} <= {"true", "false"} else "to_boolean"
        case "date" | "datetime":
            read = _date(values, profile)
            # A day is wanted: the time is left out, and the loss is told.
            return f'{read} | split(" ", 0)' if read and target.type == "date" and _TIMED.search(read) else read
        case _:
            return _list(values, target)


def _date(values: tuple[str, ...], profile: ColumnProfile | None) -> str | None:
    formats = _formats(values, profile) or _counted(values)
    if not formats or formats in (["%Y-%m-%d"], ["%Y-%m-%d %H:%M:%S"]):
        return None
    return f"parse_date({', '.join(transformations.quoted(f) for f in formats)})"


def _counted(values: tuple[str, ...]) -> list[str]:
    """The one way in which all numbers are dates; none where that is none, or not only one."""
    return next(([said] for said, numbers in _COUNTED_DATES if _share(values, numbers) == 1), [])


def _kind(values: tuple[str, ...]) -> str:
    """The type of values as they are written: whole numbers, decimals or text."""
    if values and _share(values, _PLAIN_INTEGER) == 1:
        return "integer"
    return "float" if values and _share(values, _PLAIN_NUMBER) == 1 else datatypes.ANY


def _integer(values: tuple[str, ...], mark: numerals.Mark | None) -> str | None:
    if _share(values, _PLAIN_INTEGER) == 1 and mark != ",":
        return None
    in_groups = _share(values, _DOTS_OR_NONE) == 1 and _share(values, _DOT_GROUPS) > 0
    if not (in_groups and mark is None) and _share(values, _FRACTIONS[mark or "."]) >= _MOST:
        # It measures something: the digits after the mark are left out, which is told, before its rows are.
        return 'to_number(",") | round(0)' if mark == "," else "to_number | round(0)"
    read = 'to_integer(",")' if mark == "," or (in_groups and mark is None) else "to_integer"
    if _share(values, _COUNTED) < _MOST:
        return read
    digits = r"[+-]?\d[\d.,]*" if mark or any(map(_PARTED.search, values)) else r"\d+"
    return f'regex_extract("({digits})") | {read}'


def _number(values: tuple[str, ...], mark: numerals.Mark | None) -> str | None:
    if _share(values, _PLAIN_NUMBER) == 1 and mark != ",":
        return None
    read = 'to_number(",")' if mark == "," else "to_number"
    return rf'regex_extract("([+-]?\d[\d.,]*)") | {read}' if _share(values, _MEASURED) >= _MOST else read


def _formats(values: tuple[str, ...], profile: ColumnProfile | None) -> list[str]:
    """Formats of dates, the most frequent first; day or month first is decided by values that can't be the other."""
    if profile and profile.date_formats:
        return [_COUNTS.get(f.value, f.value) for f in profile.date_formats]
    if profile and profile.date_format:
        return [_COUNTS.get(profile.date_format, profile.date_format)]
    found = Counter(fmt for value in values for pattern, fmt in _DATE_FORMATS if pattern.match(value))
    slashed = [m for m in map(_SLASHED.match, values) if m]
    if slashed:
        month_first = any(int(m[2]) > 12 for m in slashed) and not any(int(m[1]) > 12 for m in slashed)
        found["%m/%d/%Y" if month_first else "%d/%m/%Y"] += len(slashed)
    named = [(parsed, 1) for parsed in map(dates.parse, values) if parsed and parsed.month]
    found.update(dict(dates.formats(named).counts))
    return [fmt for fmt, _ in found.most_common()]


def dates_in(values: tuple[str, ...]) -> list[str]:
    """Formats of dates as these values are written, the most frequent first."""
    return _formats(values, None)


def _list(values: tuple[str, ...], target: TargetField) -> str | None:
    """Several items in one cell: rewritten for a target that takes several, the first taken for one that doesn't."""
    items = {"list<ip>", "list<mac>", "ip", "ipv4", "mac"}
    if target.type not in items:
        return None
    if target.type in ("ip", "ipv4") and _share(values, _WITH_PREFIX) >= _MOST:
        return 'split("/", 0)'
    separators = Counter(mark for value in values for mark in (";", "|", ",") if mark in value)
    if not separators:
        return None
    mark, seen = separators.most_common(1)[0]
    if target.type.startswith("list"):
        return f'replace("{mark}", "{target.separator}")' if target.separator and target.separator != mark else None
    return f'split("{mark}", 0)' if seen else None


def _share(values: tuple[str, ...], pattern: re.Pattern[str]) -> float:
    return sum(bool(pattern.match(v)) for v in values) / len(values)
