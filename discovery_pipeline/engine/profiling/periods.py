"""Calendar: periods of time, where they start, and which of them suits a span."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

Period = Literal["hour", "day", "month", "year"]

MOST = 400
"""Periods told of at most; dates beyond the last count as its."""

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


def _start(period: Period, when: datetime) -> datetime:
    hour = when.replace(minute=0, second=0, microsecond=0)
    if period == "hour":
        return hour
    day = hour.replace(hour=0)
    if period == "day":
        return day
    return day.replace(day=1) if period == "month" else day.replace(day=1, month=1)


def _next(period: Period, when: datetime) -> datetime:
    if period in ("hour", "day"):
        return when + (timedelta(hours=1) if period == "hour" else timedelta(days=1))
    if period == "month":
        return when.replace(year=min(9999, when.year + when.month // 12), month=when.month % 12 + 1)
    return when.replace(year=min(9999, when.year + 1))
