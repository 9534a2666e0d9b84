"""Temperatures: degrees Fahrenheit amid degrees Celsius, or the other way round, in the unit of the column.

Only where both are written: the odd unit beside its number, the column's own beside nearly all others or in the header.
The two don't convert by a factor, as the units of quantities do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.profiling import headers

RULE = "temperature.unit"

MAIN = 0.8
"""Share of a column's cells that must be numbers of its unit."""

CELLS = 20
"""Cells a column must hold before its habit is known."""

Scale = Literal["c", "f"]

_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?"
_WRITTEN: Mapping[Scale, str] = {
    "c": r"\s*(?:\x{00B0}\s?|deg\.?\s?)?(?:C|Celsius)",
    "f": r"\s*(?:\x{00B0}\s?|deg\.?\s?)?(?:F|Fahrenheit)",
}
"""What stands behind a number of degrees."""
_NAMES: Mapping[Scale, frozenset[str]] = {
    "c": frozenset(("c", "celsius", "degc")),
    "f": frozenset(("f", "fahrenheit", "degf")),
}
_TEMPERATURE = frozenset(("temp", "temps", "temperature", "temperatures", "temperatur", "température", "temperatura"))
_CONVERTED: Mapping[Scale, str] = {"c": "({x} - 32) * 5 / 9", "f": "{x} * 9 / 5 + 32"}
"""Degrees of each scale from those of the other."""


@dataclass(frozen=True, slots=True)
class _Own:
    """How most temperatures of a column are written."""

    ending: str
    decimals: int
    cells: int
    least: float
    most: float


def plan(values: Values, evidence: Evidence) -> None:
    """Plan to convert what is in the other unit."""
    for position in _measured(values):
        own, total = _own(values, position), evidence.seen[position].cells
        if own is None or total < CELLS or own.cells < MAIN * total:
            continue
        scale = _scale(own.ending, values.column(position).name)
        if scale:
            odd = duck.text(_NUMBER + _WRITTEN["f" if scale == "c" else "c"])
            values.offer(RULE, {position: _written(own, scale)}, f"regexp_full_match($v, {odd})")


def _measured(values: Values) -> list[int]:
    """The columns in which any number has a sign of degrees behind it."""
    signed = duck.text(f"{_NUMBER}({_WRITTEN['c']}|{_WRITTEN['f']})")
    found = values.ask(
        f"SELECT DISTINCT position FROM {{values}} WHERE regexp_matches(value, '^[+0-9-].*[a-zA-Z]$') "
        f"AND regexp_full_match(value, {signed}) ORDER BY position"
    )
    return [position for (position,) in found]


def _own(values: Values, position: int) -> _Own | None:
    found = values.ask(
        rf"""
        WITH split AS (
            SELECT cells, regexp_extract(value, '^({_NUMBER})([^0-9]*)$', ['number', 'ending']) AS m
            FROM {{values}} WHERE position = {position}
        )
        SELECT m.ending, mode(length(split_part(m.number, '.', 2)))::INTEGER, sum(cells)::BIGINT AS n,
            min(m.number::DOUBLE), max(m.number::DOUBLE)
        FROM split WHERE m.number <> '' GROUP BY m.ending ORDER BY n DESC, 1 LIMIT 1"""
    )
    return _Own(*found[0]) if found else None


def _scale(ending: str, header: str) -> Scale | None:
    """The scale that the column's numbers are of, if they or the header say."""
    named = ending.strip().lstrip("\u00b0").strip().lower().removeprefix("deg").lstrip(". ")
    words = headers.words(header)
    said: set[Scale] = {scale for scale, names in _NAMES.items() if (named in names if named else bool(words & names))}
    about_degrees = named or words & _TEMPERATURE
    return said.pop() if about_degrees and len(said) == 1 else None


def _written(own: _Own, scale: Scale) -> str:
    """An expression that writes a temperature as the column does, if others are as high and as low."""
    degrees = rf"try_cast(regexp_extract($v, '^({_NUMBER})', 1) AS DOUBLE)"
    converted = f"(round({_CONVERTED[scale].format(x=degrees)}, {own.decimals}) + 0)"  # or -0.0 stays
    number = f"printf('%.{own.decimals}f', {converted})"
    fits = f"{converted} BETWEEN {own.least!r} AND {own.most!r}"
    return f"CASE WHEN {fits} THEN {number} || {duck.text(own.ending)} ELSE $v END"
