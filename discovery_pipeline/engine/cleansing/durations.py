"""Durations of several parts: "2 h 30 min" amid "149 min", written in the column's own unit.

What has one number and one unit is a quantity. Here are those with hours, minutes and seconds beside each other, and
"1:30 h"; the column's unit is what its header names, or what nearly all cells have.
"""

from __future__ import annotations

from dataclasses import dataclass

from discovery_pipeline.engine import duck, units
from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.profiling import headers

RULE = "duration.unit"

MAIN = 0.8
"""Share of a column's cells that must be numbers of its unit."""

CELLS = 20
"""Cells a column must hold before its habit is known."""

_UNITS = units.written("duration")
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_HOUR = r"\s*(?:h|hr|hrs|hour|hours|std)\.?"
_MINUTE = r"\s*(?:m|min|mins|minute|minutes|minuten)\.?"
_SECOND = r"\s*(?:s|sec|secs|second|seconds|sekunden)\.?"
_SIXTY, _TWO_DIGITS, _AND = "([0-5]?[0-9])", "([0-5][0-9])", r"[\s,]*(?:(?:and|und)\s+)?"
_FORMS = (
    (rf"([0-9]{{1,3}}){_HOUR}{_AND}{_SIXTY}{_MINUTE}(?:{_AND}{_SIXTY}{_SECOND})?", (3600, 60, 1)),
    (rf"([0-9]{{1,3}})\s?h\s?{_TWO_DIGITS}", (3600, 60)),
    (rf"([0-9]{{1,3}}):{_TWO_DIGITS}(?::{_TWO_DIGITS})?{_HOUR}", (3600, 60, 1)),
    (rf"([0-9]{{1,4}}){_MINUTE}{_AND}{_SIXTY}{_SECOND}", (60, 1)),
)
"""How durations of several parts are written, and how many seconds each part is made of."""
_ANY = "|".join(form for form, _ in _FORMS)


@dataclass(frozen=True, slots=True)
class _Own:
    """How a column writes its durations."""

    unit: str
    ending: str  # what stands behind each number
    cells: int
    least: float
    most: float


def plan(values: Values, evidence: Evidence) -> None:
    """Plan to write durations of several parts as one number."""
    for position in evidence.of("integer", "float", "quantity"):
        total = evidence.seen[position].cells
        if total < CELLS or not _mixed(values, position):
            continue
        own = _own(values, position)
        if own and own.cells >= MAIN * total:
            values.offer(RULE, {position: _written(own)}, f"regexp_full_match($v, {duck.text(_ANY)}, 'i')")


def _mixed(values: Values, position: int) -> bool:
    [(mixed,)] = values.ask(
        f"SELECT coalesce(bool_or(regexp_full_match(value, {duck.text(_ANY)}, 'i')), false) FROM {{values}} "
        f"WHERE position = {position}"
    )
    return mixed


def _own(values: Values, position: int) -> _Own | None:
    """The unit that most numbers of the column are of; None where neither they nor the header say."""
    found = values.ask(
        rf"""
        WITH split AS (
            SELECT cells, regexp_extract(value, '^({_NUMBER})(\s*\pL*)$', ['number', 'ending']) AS m
            FROM {{values}} WHERE position = {position}
        )
        SELECT m.ending, sum(cells)::BIGINT, min(m.number::DOUBLE), max(m.number::DOUBLE) FROM split
        WHERE m.number <> '' GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT 1"""
    )
    if not found:
        return None
    ending, cells, least, most = found[0]
    written = ending.strip().lower()
    unit = _UNITS[written].name if written in _UNITS else None if written else _in_header(values.column(position).name)
    return _Own(unit, ending, cells, least, most) if unit else None


def _in_header(header: str) -> str | None:
    """The one unit of time that a header names: amid durations "min" is no minimum."""
    named = {_UNITS[word].name for word in headers.words(header) if word in _UNITS}
    return named.pop() if len(named) == 1 else None


def _written(own: _Own) -> str:
    """An expression that writes a duration in the column's unit, if two decimals say it all and others are as long."""
    cases = " ".join(
        f"WHEN regexp_full_match($v, {duck.text(f)}, 'i') THEN {_seconds(f, parts)}" for f, parts in _FORMS
    )
    hundredths = f"((CASE {cases} END) * 100 / {units.in_base(own.unit)!r})"
    number = rf"regexp_replace(printf('%.2f', {hundredths} / 100), '\.?0+$', '')"
    fits = f"{hundredths} = round({hundredths}) AND {hundredths} / 100 BETWEEN {own.least!r} AND {own.most!r}"
    return f"CASE WHEN {fits} THEN {number} || {duck.text(own.ending)} ELSE $v END"


def _seconds(form: str, parts: tuple[int, ...]) -> str:
    whole = duck.text(f"^{form}$")
    return " + ".join(
        f"{seconds} * coalesce(try_cast(regexp_extract($v, {whole}, {group}, 'i') AS INTEGER), 0)"
        for group, seconds in enumerate(parts, 1)
    )
