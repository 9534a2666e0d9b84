"""Decimals: numbers written with as many as nearly all of their column has.

A whole number that went through a program of floating-point numbers comes back as "8.0"; a price typed in haste lacks
its zeros. The number stays what it is, and its digits are left alone where one of them says something.
"""

from __future__ import annotations

from dataclasses import dataclass

from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.profiling import headers

RULE = "number.decimals"

MAIN = 0.9
"""Share of a column's cells that must have as many decimals as most, or none."""

CELLS = 20
"""Cells a column must hold before its habit is known."""

GROUP = 3
"""Digits behind a point that may part thousands: 1.000 can be a thousand."""

_ZEROS = rf"[+-]?[0-9]+\.(0{{1,{GROUP - 1}}}|0{{{GROUP + 1},}})"
_NUMBER = r"[+-]?[0-9]+(\.[0-9]+)?"


@dataclass(frozen=True, slots=True)
class _Written:
    """How the numbers of a column are written that have as many decimals as most of them."""

    decimals: int
    cells: int
    padded: int  # cells whose last decimal is a zero
    deepest: int  # decimals that any number has, but for zeros at its end
    least: float
    most: float


def plan(values: Values, evidence: Evidence) -> None:
    """Plan to write numbers with the decimals of their column."""
    for position in evidence.of("integer", "float"):
        total = evidence.seen[position].cells
        if total < CELLS or headers.words(values.column(position).name) & headers.VERSION:
            continue  # 8 and 8.0 are two versions
        own = _own(values, position)
        if own is None or own.cells < MAIN * total or own.deepest > own.decimals:
            continue
        if not own.decimals:
            values.offer(RULE, {position: "regexp_replace($v, '\\.0+$', '')"}, _fits(_ZEROS))
        elif own.padded and own.decimals != GROUP:
            padded = f"split_part($v, '.', 1) || '.' || rpad(split_part($v, '.', 2), {own.decimals}, '0')"
            # A number far from all others may lack its point, not its zeros.
            alike = f"try_cast($v AS DOUBLE) BETWEEN {own.least!r} AND {own.most!r}"
            values.offer(RULE, {position: padded}, f"{_fits(_NUMBER)} AND {alike}")


def _fits(pattern: str) -> str:
    return f"regexp_full_match($v, '{pattern}')"


def _own(values: Values, position: int) -> _Written | None:
    found = values.ask(
        f"""
        WITH numbers AS (
            SELECT cells, split_part(value, '.', 2) AS decimals, try_cast(value AS DOUBLE) AS x FROM {{values}}
            WHERE position = {position} AND regexp_full_match(value, '{_NUMBER}')
        )
        SELECT length(decimals), sum(cells)::BIGINT AS n,
            coalesce(sum(cells) FILTER (decimals LIKE '%0'), 0)::BIGINT,
            (SELECT max(length(rtrim(decimals, '0'))) FROM numbers), min(x), max(x)
        FROM numbers GROUP BY 1 ORDER BY n DESC, 1 LIMIT 1"""
    )
    return _Written(*found[0]) if found else None
