"""Calendar: periods of time, where they start, which of them a series keeps to, and which suits a span."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

Period = Literal["minute", "hour", "day", "week", "month", "quarter", "year"]

MOST = 4_000
"""Periods told of at most, eleven years of days; dates beyond the last count as its."""

_DAY = 86_400
_STEPS: dict[Period, tuple[float, float]] = {
    "minute": (60, 60),
    "hour": (3_600, 3_600),
    "day": (_DAY, _DAY),
    "week": (7 * _DAY, 7 * _DAY),
    "month": (28 * _DAY, 31 * _DAY),
    "quarter": (90 * _DAY, 92 * _DAY),
    "year": (365 * _DAY, 366 * _DAY),
}
"""From one moment of a regular series to the next: at least, at most, in seconds."""

_FEWEST = 6
"""Moments from which a series can be called regular."""

_EPOCH = datetime(1970, 1, 1)


def moment(seconds: float) -> datetime:
    """The moment so many seconds after 1970, in UTC and without a zone; the first or last there is, if beyond."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.min if seconds < 0 else datetime.max


def seconds(when: datetime) -> float:
    """Seconds since 1970."""
    return (when - _EPOCH).total_seconds()


def regular(moments: Sequence[float]) -> Period | None:
    """The period that lies between most neighbours among different moments, in ascending order; None without one."""
    steps = sorted(after - before for before, after in pairwise(moments))
    if len(steps) + 1 < _FEWEST:
        return None
    middle = steps[len(steps) // 2]
    for period, (least, most) in _STEPS.items():
        if least <= middle <= most and 2 * sum(least <= step <= most for step in steps) > len(steps):
            return period if (moments[-1] - moments[0]) / least <= MOST else None
    return None


def fitting(days: float) -> Period:
    """The period of which some ten to some hundred make such a span."""
    if days <= 3:
        return "hour"
    if days <= 120:
        return "day"
    return "month" if days <= 366 * 12 else "year"


def starts(period: Period, first: datetime, last: datetime) -> list[datetime]:
    """The start of every period from that of the first moment to that of the last."""
    run = [_start(period, first)]
    while len(run) < MOST and (after := _next(period, run[-1])) <= last and after > run[-1]:
        run.append(after)
    return run


def is_weekend(seconds: float) -> bool:
    """Whether that moment lies in a Saturday or a Sunday."""
    return moment(seconds).weekday() >= 5


def _start(period: Period, when: datetime) -> datetime:
    minute = when.replace(second=0, microsecond=0)
    if period == "minute":
        return minute
    hour = minute.replace(minute=0)
    if period == "hour":
        return hour
    day = hour.replace(hour=0)
    if period == "day":
        return day
    if period == "week":
        return max(day, datetime.min + timedelta(days=6)) - timedelta(days=day.weekday())
    if period == "year":
        return day.replace(day=1, month=1)
    return day.replace(day=1, month=when.month - (when.month - 1) % (_MONTHS[period]))


_MONTHS: dict[Period, int] = {"month": 1, "quarter": 3, "year": 12}


def _next(period: Period, when: datetime) -> datetime:
    if period not in _MONTHS:
        step = timedelta(seconds=_STEPS[period][0])
        return when + step if datetime.max - when >= step else when
    months = when.month - 1 + _MONTHS[period]
    return when.replace(year=min(9999, when.year + months // 12), month=months % 12 + 1)
