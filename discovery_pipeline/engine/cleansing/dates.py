"""Dates, written one way in a column.

A column that keeps one way of writing keeps it, and what departs is written like it; but where months are named as
DuckDB can't write them, as in another language, all become ISO 8601. Which of day and month comes first is the
column's to tell; where it doesn't, a person says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from discovery_pipeline.engine import months
from discovery_pipeline.engine.cleansing.doubts import doubt
from discovery_pipeline.engine.cleansing.evidence import MONTHS
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.findings import Dimension, Finding

MAIN = 0.7
"""Share of a column's dates from which the others are written as they are, and not all of them anew."""

NEARLY_ALL = 0.95
"""Share of the dates of a shape that a format must write just as they are to be theirs."""

ALIKE = 0.9
"""Share of a column's moments that must name one zone, or no seconds, for the others to follow."""

DECISIVE = 3
"""Cells with a day above 12 that it takes to tell day-month from month-day."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """A way to write a date: what it looks like, and the formats it may be read by.

    With a separator, day and month are both numbers, and the formats are day first, then month first.
    """

    name: str
    pattern: str
    formats: tuple[str, ...]
    separator: str = ""
    foreign: bool = False  # months in any language, which can't be written again


_TIME = r"( \d{1,2}:\d{2}(:\d{2})?)?"
_SHAPES = (
    _Shape("iso", r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?", ()),
    _Shape("year first", r"\d{4}[/.-]\d{1,2}[/.-]\d{1,2}" + _TIME, ("%Y-%m-%d",)),
    *(
        _Shape(f"{digits} digits {mark}", rf"\d{{1,2}}[{mark}]\d{{1,2}}[{mark}]\d{{{digits}}}{_TIME}", formats, mark)
        for digits, formats in ((4, ("%d-%m-%Y", "%m-%d-%Y")), (2, ("%d-%m-%y", "%m-%d-%y")))
        for mark in "/.-"
    ),
    _Shape("day month", rf"\d{{1,2}}[ -]{months.NATIVE_NAME}\.?[ ,-]+\d{{4}}" + _TIME, ("%d-%b-%Y", "%d-%B-%Y")),
    _Shape("day month, short year", rf"\d{{1,2}}[ -]({MONTHS})[ -]\d{{2}}" + _TIME, ("%d-%b-%y",)),
    _Shape("month day", rf"{months.NATIVE_NAME}\.? \d{{1,2}},? \d{{4}}" + _TIME, ("%b-%d-%Y", "%B-%d-%Y")),
    _Shape("day and any month", months.DAY_FIRST + _TIME, ("%d-%B-%y", "%d-%B-%Y"), foreign=True),
    _Shape("any month and day", months.MONTH_FIRST + _TIME, ("%B-%d-%Y",), foreign=True),
    _Shape("compact", r"(19|20)\d{6}", ("%Y%m%d",)),
)
_ISO = "%Y-%m-%d"
_DATE = r"regexp_extract($v, '^(.*?)( \d{1,2}:.*)?$', 1)"
_FORMATS: Mapping[str, tuple[str, ...]] = {
    "year first": ("%Y/%m/%d", "%Y.%m.%d", "%Y/%-m/%-d", "%Y.%-m.%-d", "%Y-%-m-%-d"),
    "day month": tuple(f"{d}{mark}{m}{mark}%Y" for mark in " -" for m in ("%B", "%b") for d in ("%d", "%-d")),
    "day month, short year": tuple(f"{d}{mark}%b{mark}%y" for mark in " -" for d in ("%d", "%-d")),
    "month day": tuple(f"{m} {d}{mark} %Y" for mark in (",", "") for m in ("%B", "%b") for d in ("%d", "%-d")),
    "compact": ("%Y%m%d",),
}
"""How dates of a shape may be written; in those with a separator the column tells day from month."""
_AMBIGUOUS = tuple(s.name for s in _SHAPES if s.separator)
_SECONDS, _ZONE = r":\d{2}(?:\.\d+)?", r"Z|[+-]\d{2}:?\d{2}"
_DAY = f"regexp_replace({_DATE}, '[ ,./-]+', '-', 'g')"
"""A date without the time after it, its parts between hyphens."""
_PARTED = rf"regexp_replace(regexp_replace(lower({_DATE}), '^(\d+)(er|º)', '\1'), '( del? |[ ,./-])+', '-', 'g')"
_ENGLISH = months.english(_PARTED)
"""The same where the month is named in any language, with its English name."""
_FOREIGN = tuple(s.name for s in _SHAPES if s.foreign)


@dataclass(frozen=True, slots=True)
class _Moments:
    """How nearly all moments of a column are written in ISO 8601."""

    mark: str  # between date and time; empty where both stand
    seconds: bool  # whether any are told
    zone: str  # empty without one, or with several


class _Counts(NamedTuple):
    """How many cells a shape has, how many of these a first number above 12, and a second one."""

    cells: int
    days: int
    months: int
    lengths: int  # how many lengths its dates have


def plan(values: Values, positions: tuple[int, ...]) -> None:
    """Plan to write a column's dates as most of them are, and as ISO 8601 where none prevails."""
    for position, shapes in _written(values, positions).items():
        total = sum(counts.cells for counts in shapes.values())
        own = max(shapes, key=lambda s: shapes[s].cells)
        orders = _orders(shapes)
        if own != "iso" and shapes[own].cells >= MAIN * total and not shapes.keys() & set(_FOREIGN):
            shape = next(s for s in _SHAPES if s.name == own)
            mixed = len(shapes) > 1 or shapes[own].lengths > 1
            if mixed and (written := _format(values, position, shape, orders)):
                odd = f"NOT regexp_full_match($v, '{shape.pattern}') OR {_departs(written)}"
                values.offer("date.column", {position: _dated(orders, written)}, odd)
            continue
        moments = _moments(values, position)
        # Of a moment without a zone amid others with one nobody knows which it is in.
        odd = "$v NOT LIKE '____-__-__%'" + (" AND NOT contains($v, ':')" if moments and moments.zone else "")
        values.offer("date.iso", {position: _dated(orders, _ISO)}, odd)
        if own == "iso" and moments:
            _written_alike(values, position, moments)


def plan_zones(values: Values, positions: tuple[int, ...]) -> None:
    """Plan to write moments without a time zone in the one that nearly all others of their column name."""
    for position, shapes in _written(values, positions).items():
        moments = _moments(values, position)
        if moments and moments.zone:
            day, clock = r"^(\d{4}-\d{2}-\d{2})[ T]", rf"(\d{{2}}:\d{{2}}{_SECONDS if moments.seconds else ''})$"
            iso = f"CASE WHEN regexp_matches($v, '{day}') THEN $v ELSE {_dated(_orders(shapes), _ISO)} END"
            zoned = f"regexp_replace({iso}, '{day}{clock}', '\\1{moments.mark}\\2{moments.zone}')"
            # What is mended by half is two ways of writing, too.
            written = f"CASE WHEN ends_with({zoned}, '{moments.zone}') THEN {zoned} ELSE $v END"
            values.offer("date.zone", {position: written}, rf"regexp_matches($v, '\d:\d{{2}}{_SECONDS}?$')")


def _written(values: Values, positions: tuple[int, ...]) -> dict[int, dict[str, _Counts]]:
    """The shapes in which these columns write their dates, by position."""
    if not positions:
        return {}
    tests = " ".join(f"WHEN regexp_full_match(value, '{s.pattern}') THEN '{s.name}'" for s in _SHAPES)
    found = values.ask(
        rf"""
        SELECT position, shape, sum(cells)::BIGINT,
            coalesce(sum(cells) FILTER (one > 12), 0)::BIGINT, coalesce(sum(cells) FILTER (two > 12), 0)::BIGINT,
            count(DISTINCT length(value))
        FROM (
            SELECT *, CASE WHEN shape IN {_AMBIGUOUS} THEN regexp_extract(value, '^(\d+)', 1)::INT END AS one,
                CASE WHEN shape IN {_AMBIGUOUS} THEN regexp_extract(value, '^\d+\D(\d+)', 1)::INT END AS two
            FROM (SELECT *, CASE {tests} END AS shape FROM {{values}} WHERE value IS NOT NULL AND position IN
                ({", ".join(map(str, positions))}))
        ) WHERE shape IS NOT NULL GROUP BY position, shape ORDER BY position, shape"""
    )
    columns: dict[int, dict[str, _Counts]] = {}
    for position, shape, *counts in found:
        columns.setdefault(position, {})[shape] = _Counts(*counts)
    return columns


def _format(values: Values, position: int, shape: _Shape, orders: Mapping[str, str | None]) -> str | None:
    """The format in which nearly all dates of this shape are written; None where the column doesn't tell."""
    candidates = _FORMATS.get(shape.name, ())
    if shape.separator:
        order = orders[shape.separator]
        year = shape.formats[0][-2:]
        days = ("%d", "%m") if order == "day" else ("%m", "%d")
        padded, plain = ((f"%{mark}{days[0][1]}", f"%{mark}{days[1][1]}", year) for mark in ("", "-"))
        candidates = tuple(shape.separator.join(parts) for parts in (padded, plain)) if order else ()
    if not candidates:
        return None
    same = ", ".join(f"sum(cells) FILTER (strftime(try_strptime(d, '{f}'), '{f}') = d)" for f in candidates)
    [(total, *kept)] = values.ask(
        rf"SELECT sum(cells), {same} FROM (SELECT cells, {_DATE.replace('$v', 'value')} AS d FROM {{values}} "
        f"WHERE position = {position} AND regexp_full_match(value, '{shape.pattern}'))"
    )
    return next((f for f, n in zip(candidates, kept, strict=True) if (n or 0) >= NEARLY_ALL * total), None)


def _departs(written: str) -> str:
    """Whether a date isn't written in this format."""
    return f"strftime(try_strptime({_DATE}, '{written}'), '{written}') IS DISTINCT FROM {_DATE}"


def _moments(values: Values, position: int) -> _Moments | None:
    """How a column writes moments in ISO 8601; None where it has none."""
    form = rf"^\d{{4}}-\d{{2}}-\d{{2}}([ T])\d{{2}}:\d{{2}}({_SECONDS})?({_ZONE})?$"
    found = values.ask(
        f"""
        SELECT m.mark, m.seconds <> '', m.zone, sum(cells)::BIGINT FROM (
            SELECT cells, regexp_extract(value, '{form}', ['mark', 'seconds', 'zone']) AS m FROM {{values}}
            WHERE position = {position} AND value LIKE '____-__-__%:%'
        ) WHERE m.mark <> '' GROUP BY ALL ORDER BY ALL"""
    )
    if not found:
        return None
    total = sum(cells for *_, cells in found)
    marks, seconds, zones = (
        {key: sum(row[3] for row in found if row[part] == key) / total for key in sorted({row[part] for row in found})}
        for part in range(3)
    )
    mark, zone = max(marks, key=lambda m: marks[m]), max(zones, key=lambda z: zones[z])
    return _Moments(
        mark=mark if marks[mark] >= MAIN else "",
        seconds=seconds.get(False, 0) < ALIKE,
        zone=zone if zones[zone] >= ALIKE else "",
    )


def _written_alike(values: Values, position: int, own: _Moments) -> None:
    """Plan the T or the blank between date and time, and no seconds where none are told, as in most of the column."""
    written, odd = "$v", []
    day, zone = r"\d{4}-\d{2}-\d{2}", re.escape(own.zone)
    if own.mark:
        other = " " if own.mark == "T" else "T"
        moment = rf"^({day}){other}(\d{{2}}:\d{{2}}({_SECONDS})?{zone})$"
        written = rf"regexp_replace($v, '{moment}', '\1{own.mark}\2')"
        odd.append(f"$v LIKE '____-__-__{other}%'")
    if not own.seconds:
        written = rf"regexp_replace({written}, '^({day}[ T]\d{{2}}:\d{{2}}):00({zone})$', '\1\2')"
        odd.append("$v LIKE '____-__-__%:%:00%'")
    if odd:
        values.offer("date.column", {position: written}, " OR ".join(odd))


def _orders(shapes: Mapping[str, _Counts]) -> dict[str, str | None]:
    """What comes first in a column's dates, by separator."""
    return {
        mark: _order(mark, [shapes[s.name] for s in _SHAPES if s.separator == mark and s.name in shapes])
        for mark in "/.-"
    }


def _order(separator: str, counts: list[_Counts]) -> str | None:
    """Which comes first in dates with this separator: "day", "month", or None where the column can't tell."""
    days, of_months = sum(c.days for c in counts), sum(c.months for c in counts)
    # Where points are written, the day is written first.
    if (days >= DECISIVE or separator == ".") and not of_months:
        return "day"
    if of_months >= DECISIVE and not days:
        return "month"
    return None


def _dated(orders: Mapping[str, str | None], written: str) -> str:
    """An expression that writes a date in a format, and the time after it; what it can't tell it leaves."""
    time = r"regexp_extract($v, ' (\d{1,2}:.*)$', 1)"
    width = f"CASE WHEN length({time}) > 5 THEN 8 ELSE 5 END"
    clock = f"CASE WHEN {time} = '' THEN '' ELSE ' ' || lpad({time}, {width}, '0') END"
    cases = []
    for shape in _SHAPES[1:]:
        formats = list(shape.formats)
        # A short year is read in this century and the last as strptime does it.
        if shape.separator:
            order = orders[shape.separator]
            by_day, by_month = _readings(shape)
            if order == "day":
                read = by_day
            elif order == "month":
                read = by_month
            else:
                # A day above 12 tells by itself; day and month alike are the same either way.
                read = (
                    f"CASE WHEN {by_day} IS NULL OR {by_day} = {by_month} THEN {by_month} "
                    f"WHEN {by_month} IS NULL THEN {by_day} END"
                )
        else:
            read = f"try_strptime({_ENGLISH if shape.foreign else _DAY}, {formats})"
        cases.append(f"WHEN regexp_full_match($v, '{shape.pattern}') THEN {_kept(read, written)} || {clock}")
    return f"coalesce(CASE {' '.join(cases)} END, $v)"


def _readings(shape: _Shape) -> list[str]:
    """What a date of that shape is by each of its formats; null where there is no such day."""
    day = _ENGLISH if shape.foreign else _DAY
    return [f"try_strptime({day}, '{reading}')" for reading in shape.formats]


def _kept(read: str, written: str) -> str:
    """A date in a format; null where the format would make another date of it, as short years do."""
    text = f"strftime({read}, '{written}')"
    return text if "%y" not in written else f"CASE WHEN strptime({text}, '{written}') = {read} THEN {text} END"


def doubtful(values: Values, positions: tuple[int, ...]) -> list[Finding]:
    """Dates that can be read two ways, and those that are no day, by column."""
    found = []
    for position, shapes in _written(values, positions).items():
        found += filter(None, (_ambiguous(values, position, shapes), _impossible(values, position)))
    return found


def _ambiguous(values: Values, position: int, shapes: Mapping[str, _Counts]) -> Finding | None:
    """Days and months that nothing tells apart, where the column writes dates in other shapes, too."""
    orders = _orders(shapes)
    open_ = [s for s in _SHAPES if s.separator and s.name in shapes and orders[s.separator] is None]
    if not open_ or not shapes.keys() - set(_AMBIGUOUS):
        return None
    whens = " ".join(
        f"WHEN regexp_full_match($v, '{s.pattern}') THEN coalesce({' <> '.join(_readings(s))}, false)" for s in open_
    )
    return doubt(
        values,
        position,
        f"CASE {whens} ELSE false END",
        "date.ambiguous",
        values_are=("date", "dates"),
        evidence="can be read as day-month or as month-day, and the column shows neither",
        action="Say which comes first in this column; nothing was changed.",
        dimension=Dimension.CONSISTENCY,
    )


def _impossible(values: Values, position: int) -> Finding | None:
    """Dates of a day that no calendar has."""
    whens = " ".join(
        f"WHEN regexp_full_match($v, '{s.pattern}') THEN coalesce({', '.join(_readings(s))}) IS NULL"
        for s in _SHAPES
        if s.formats
    )
    iso = f"WHEN regexp_full_match($v, '{_SHAPES[0].pattern}') THEN TRY_CAST($v[:10] AS DATE) IS NULL"
    return doubt(
        values,
        position,
        # A cast is cheap, and reads most of what is a date.
        f"CASE WHEN TRY_CAST($v AS DATE) IS NOT NULL THEN false {iso} {whens} ELSE false END",
        "date.impossible",
        values_are=("date names", "dates name"),
        evidence="a day that no calendar has",
        action="Look these dates up at their source, or say what they become; nothing was changed.",
    )
