"""Multiples: "127k" amid numbers that are written out.

The letter is taken at its word only where the number without it would be far too small for its column, and the one
written out is of the size that the others are. Beside sizes of memory a K is a unit: see quantities.
"""

from __future__ import annotations

from discovery_pipeline.engine import duck, units
from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values

RULE = "number.multiple"

MAIN = 0.8
"""Share of a column's cells that must be plain numbers."""

CELLS = 20
"""Cells a column must hold before the size of its numbers is known."""

_TIMES = {"k": 1_000, "tsd": 1_000, "m": 1_000_000, "mn": 1_000_000, "mio": 1_000_000, "bn": 1_000_000_000}
_WRITTEN = rf"([0-9]+(?:\.[0-9]+)?)\s?({'|'.join(sorted(_TIMES, key=len, reverse=True))})\.?"


def plan(values: Values, evidence: Evidence) -> None:
    """Plan to write such numbers out."""
    columns = values.table.columns
    positions = [p for p in evidence.of("integer", "float") if not units.in_header(columns[p].name)]
    if not positions:
        return
    odd = f"regexp_full_match(value, '{_WRITTEN}', 'i')"
    found = values.ask(
        f"""
        SELECT position, min(x) FILTER (isfinite(x)), max(x) FILTER (isfinite(x)) FROM (
            SELECT position, cells, value, try_cast(value AS DOUBLE) AS x FROM {{values}}
            WHERE position IN ({", ".join(map(str, positions))}) AND value IS NOT NULL
        ) GROUP BY position HAVING bool_or({odd}) AND sum(cells) >= {CELLS}
            AND sum(cells) FILTER (x IS NOT NULL) >= {MAIN} * sum(cells) ORDER BY position"""
    )
    values_of = {position: _written_out(least, most) for position, least, most in found if least > 0}
    values.offer(RULE, values_of, f"regexp_full_match($v, '{_WRITTEN}', 'i')")


def _written_out(least: float, most: float) -> str:
    """An expression that writes a multiple out, if that lies between these and its number alone below them."""
    number, letter = (f"regexp_extract($v, '^{_WRITTEN}$', {group}, 'i')" for group in (1, 2))
    times = " ".join(f"WHEN {duck.text(word)} THEN {by}" for word, by in _TIMES.items())
    whole = f"try_cast({number} AS DECIMAL(18, 6)) * (CASE lower({letter}) {times} END)"
    fits = f"{whole} BETWEEN {least!r} AND {most!r} AND try_cast({number} AS DOUBLE) < {least!r}"
    return rf"CASE WHEN {fits} THEN regexp_replace(({whole})::VARCHAR, '\.?0+$', '') ELSE $v END"
