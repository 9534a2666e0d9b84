"""Clocks: times of a day, alone or after a date, by the twenty-four hours that nearly all of their column counts.

"2:30 PM" says what "14:30" says. Where no time is past noon by twenty-four hours, nothing tells that the column doesn't
mean the other twelve.
"""

from __future__ import annotations

from dataclasses import dataclass

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.values import Values

RULE = "time.clock"

MAIN = 0.7
"""Share of a column's cells that must tell a time without AM or PM."""

ALIKE = 0.9
"""Share of these that must have no seconds for a few zeros of seconds to go."""

CELLS = 20
"""Such cells that it takes to know the column's way."""

PAST_NOON = 3
"""Such cells that must be past noon."""

_DAY = r"(|.*\d[ T])"  # nothing, or a date
_TIME = rf"^{_DAY}([01]?\d|2[0-3]):([0-5]\d)((?::[0-5]\d)?)$"
_HALF = rf"^{_DAY}(0?[1-9]|1[0-2]):([0-5]\d)((?::[0-5]\d)?)\s?([AaPp])\.?[Mm]\.?$"


_BEFORE = rf"regexp_extract($v, '^{_DAY}\d{{1,2}}:', 1)"


def _mask(text: str) -> str:
    return f"regexp_replace({text}, '[0-9]', '9', 'g')"


@dataclass(frozen=True, slots=True)
class _Own:
    """How a column writes times of twenty-four hours."""

    day: str  # the mask of what stands before most of them
    padded: bool  # 09:05, not 9:05
    seconds: bool


def plan(values: Values) -> None:
    """Plan times as nearly all of their column are."""
    for position, own in _columns(values).items():
        written, odd = _in_full(own), f"regexp_full_match($v, '{_HALF}')"
        if own.padded and not own.seconds:
            # What begins with no hours is no time of a day among minutes and seconds.
            written = rf"regexp_replace({written}, '^{_DAY}(0[1-9]:\d{{2}}|[12]\d:\d{{2}}):00$', '\1\2')"
            odd += " OR ends_with($v, ':00')"
        # What is mended by half, its date left as nobody can read it, is one more way of writing.
        values.offer(RULE, {position: written}, f"({odd}) AND {_mask(_BEFORE)} = {duck.text(own.day)}")


def _columns(values: Values) -> dict[int, _Own]:
    """The columns that tell times by twenty-four hours, of those with any that tells them otherwise."""
    found = values.ask(
        f"""
        WITH cells AS (
            SELECT position, cells, regexp_full_match(value, '{_HALF}') AS half,
                regexp_extract(value, '{_TIME}', ['day', 'hour', 'minute', 'second']) AS t
            FROM {{values}} WHERE contains(value, ':')
        ),
        days AS (
            SELECT position, {_mask("t.day")} AS day, sum(cells) AS n FROM cells WHERE t.hour <> '' GROUP BY ALL
        )
        SELECT position, (SELECT arg_max(day, (n, day)) FROM days d WHERE d.position = c.position),
            coalesce(sum(cells) FILTER (t.hour LIKE '0_'), 0) >= coalesce(sum(cells) FILTER (t.hour LIKE '_'), 0),
            coalesce(sum(cells) FILTER (t.second = ''), 0) < {ALIKE} * sum(cells) FILTER (t.hour <> '')
        FROM cells c GROUP BY position
        HAVING bool_or(half OR t.second = ':00') AND sum(cells) FILTER (t.hour <> '') >= greatest({CELLS}, {MAIN} * (
                SELECT sum(v.cells) FROM {{values}} v WHERE v.position = c.position AND v.value IS NOT NULL))
            AND sum(cells) FILTER (try_cast(t.hour AS INTEGER) > 12) >= {PAST_NOON}
        ORDER BY position"""
    )
    return {position: _Own(day, padded, seconds) for position, day, padded, seconds in found}


def _in_full(own: _Own) -> str:
    """An expression that writes a time of twice twelve hours by twenty-four."""
    day, hour, minute, second, half = (f"regexp_extract($v, '{_HALF}', {group})" for group in range(1, 6))
    counted = f"({hour}::INTEGER % 12 + CASE WHEN lower({half}) = 'p' THEN 12 ELSE 0 END)::VARCHAR"
    shown = f"lpad({counted}, 2, '0')" if own.padded else counted
    return (
        f"CASE WHEN regexp_full_match($v, '{_HALF}') THEN {day} || {shown} || ':' || {minute} || {second} ELSE $v END"
    )
