"""Conversions: which unit a source's numbers are in, and how they come to the one that the target takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from discovery_pipeline.engine import magnitudes, units
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.matcher.fields import Field
from discovery_pipeline.engine.profiling import numerals
from discovery_pipeline.engine.profiling.model import ColumnProfile
from discovery_pipeline.engine.targets import TargetField

_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?$")
_MEASURED = re.compile(r"\s*[+-]?\d[\d.,]*\s*([^\W\d_][\w()/ -]*)$")
_FOLLOWED = re.compile(r"(?P<begun>\s*[+-]?\d[\d., ]*(?P<unit>[A-Za-z]+(?:/s)?))[\s,;(+-].*\S")
_BEGINNING = r'regex_extract("^\s*([+-]?\d[\d., ]*(?:[A-Za-z]+(?:/s)?)?)")'
_SCALED = frozenset(("size", "rate", "frequency", "duration", "power", "mass", "length", "volume"))
"""Quantities in which another unit is another number."""
_MOST = 0.5  # share of values that must be numbers
_READERS = {"to_integer": 0, "to_number": 0, "convert": 2}  # how many arguments stand before the mark
_READING = {"integer": 'to_integer(",")', "number": 'to_number(",")'}
_LEAVING = frozenset(("trim", "upper", "lower", "split", "regex_extract", "coalesce"))
"""Operations that write no number otherwise than it stands."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """The unit of bare numbers, and what says so."""

    unit: str
    by: str


def conversion(
    source: Field, values: Sequence[str], profile: ColumnProfile | None, target: TargetField
) -> tuple[str, str] | None:
    """A conversion of units and its reason.

    None where all values are in the target's unit already and state none, where they measure something else, and
    where nothing says what they are in.
    """
    wanted = units.unit(target.unit or "")
    if wanted is None:
        return None
    if begun := _begun(values, wanted):
        found = conversion(source, begun, None, target)
        return (f"{_BEGINNING} | {found[0]}", found[1]) if found else None
    written = _written(values, profile, wanted)
    read = _read(source, values, profile, target, wanted)
    if read is None and not written:
        return None
    if read and read.unit == wanted.name and not written:
        return None
    whole = " | round(0)" if target.type == "integer" else ""
    unit = read.unit if read else wanted.name
    mark = _mark_argument(values, profile)
    return f'convert("{unit}","{wanted.name}"{mark}){whole}', _reason(read, wanted, written=written)


def unknown_unit(values: Sequence[str], target: TargetField) -> str:
    """What stands beside most numbers and comes to no unit of the field; empty where that may be anything."""
    wanted = units.unit(target.unit or "")
    if wanted is None or wanted.quantity not in _SCALED:
        return ""
    beside = [found[1] for found in map(_MEASURED.match, values) if found]
    return max(beside, key=beside.count) if beside and len(beside) >= _MOST * len(values) else ""


def in_several_units(source: Field, values: Sequence[str], profile: ColumnProfile | None, target: TargetField) -> bool:
    """Whether bare numbers are in more than one unit, so that no conversion is right for all of them."""
    wanted = units.unit(target.unit or "")
    expected = magnitudes.expectation(source.own) or magnitudes.expectation(target.name)
    if wanted is None or expected is None or expected.quantity != wanted.quantity:
        return False
    if source.unit or (profile and profile.unit):
        return False
    return magnitudes.several_units(numerals.measured((value, 1) for value in values), expected)


def _written(values: Sequence[str], profile: ColumnProfile | None, wanted: units.Unit) -> bool:
    """Whether any value states a unit that converts to this one."""
    profiled = profile.units if profile else ()
    stated = (units.unit(u.value) for u in profiled) if profiled else map(units.in_value, values)
    return any(unit and unit.quantity == wanted.quantity for unit in stated)


def _mark_argument(values: Sequence[str], profile: ColumnProfile | None) -> str:
    """What stands before decimals: in a column that has "0,5 TB", "65.536 MB" is 65,536 and "1,024 TB" hardly more."""
    return ',","' if decimal_mark(values, profile) == "," else ""


def decimal_mark(values: Sequence[str], profile: ColumnProfile | None) -> numerals.Mark | None:
    """What stands before decimals in a column: its profile has seen more of it than these values."""
    return (profile and profile.decimal_mark) or numerals.decimal_mark(values)


def read_as_written(transformation: str | None, profile: ColumnProfile | None, target: TargetField) -> str | None:
    """The same transformation, which reads the decimals of a column as its profile says that they are written."""
    mark = profile.decimal_mark if profile else None
    if mark is None:
        return transformation
    if transformation is None:
        return _READING.get(target.type) if mark == "," else None
    steps = list(transformations.parse(transformation).steps)
    place = next((n for n, step in enumerate(steps) if step.operation not in _LEAVING), None)
    if place is None or steps[place].operation not in _READERS:
        return transformation
    step, own = steps[place], _READERS[steps[place].operation]
    arguments = step.arguments[:own] + ((mark,) if mark == "," else ())
    if arguments == step.arguments or step.arguments[own:] == (mark,):
        return transformation
    steps[place] = transformations.Step(step.operation, arguments)
    return str(transformations.Transformation(tuple(steps)))


def _begun(values: Sequence[str], wanted: units.Unit) -> list[str]:
    """Values without what stands behind their unit, as in "16 GB DDR4"; none where that is nothing, or no unit."""
    found = [_FOLLOWED.match(value) for value in values]
    stated = [units.unit(match["unit"]) for match in found if match]
    if sum(bool(unit) and unit.quantity == wanted.quantity for unit in stated) < _MOST * len(values) or not stated:
        return []
    return [match["begun"] if match else value for match, value in zip(found, values, strict=True)]


def _read(
    source: Field, values: Sequence[str], profile: ColumnProfile | None, target: TargetField, wanted: units.Unit
) -> _Reading | None:
    """The unit that bare numbers are in; the header goes before the values, and these before what one expects."""
    if source.unit:
        found = _Reading(source.unit.name, "by the header")
    elif profile and profile.unit:
        found = _Reading(profile.unit, "by the values that state one" if profile.units else "by their magnitude")
    elif wanted.name == "percent" and _are_ratios(values):
        found = _Reading("ratio", "by their magnitude")
    else:
        found = _by_values(source, values, target)
    known = units.unit(found.unit) if found else None
    return found if known and known.quantity == wanted.quantity else None


def _by_values(source: Field, values: Sequence[str], target: TargetField) -> _Reading | None:
    measured = numerals.measured((value, 1) for value in values)
    if len(measured) < _MOST * len(values):
        return None
    names = (source.own, target.name)
    expected = next(filter(None, map(magnitudes.expectation, names)), None)
    expected = expected or next(filter(None, (magnitudes.of_a_part(name, measured) for name in names)), None)
    unit = magnitudes.bare_unit(measured, expected)
    stated = any(value.unit for value in measured)
    return _Reading(unit, "by the values that state one" if stated else "by their magnitude") if unit else None


def _are_ratios(values: Sequence[str]) -> bool:
    """A share of at most 1 with decimals is no percentage."""
    numbers = sorted(float(value) for value in values if _PLAIN_NUMBER.match(value))
    if len(numbers) < _MOST * len(values) or not numbers:
        return False
    return numbers[-1] <= 1 and numbers[len(numbers) // 2] not in (0, 1)


def _reason(read: _Reading | None, wanted: units.Unit, *, written: bool) -> str:
    if read is None:
        return f"values with a unit come to {wanted.name}; nothing says what bare numbers are in, so they stay"
    if read.unit == wanted.name:
        return f"bare numbers are in {wanted.name} already {read.by}; values with another unit come to it"
    times = units.factor(read.unit, wanted.name) or 1.0
    formula = f"× {units.readable(times)}" if times >= 1 else f"÷ {units.readable(1 / times)}"
    own = "; a unit beside a value wins" if written else ""
    return f"values are in {read.unit} {read.by}; the target is in {wanted.name}, so {formula}{own}"
