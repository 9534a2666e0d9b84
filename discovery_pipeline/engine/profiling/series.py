"""Time series: how the dates of a column run, from how many stand in each period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from discovery_pipeline.engine.profiling.model import TimeSeries

_CYCLES = {"hour": (24, "daily"), "day": (7, "weekly"), "month": (12, "yearly")}

SEASONAL = 0.5
"""Autocorrelation over one cycle from which a column is seasonal."""


def describe(period: str, counts: Mapping[datetime, int]) -> TimeSeries | None:
    """Gaps, trend and season of the counts by period; None where there are no dates."""
    if not counts:
        return None
    known = {_plain(when): n for when, n in counts.items() if when is not None}
    run = _run(period, min(known), max(known))
    heights = [known.get(when, 0) for when in run]
    return TimeSeries(
        granularity=period,
        gaps=sum(1 for h in heights if not h),
        trend=_trend(heights),
        seasonality=_season(period, heights),
    )


def _plain(when: object) -> datetime:
    if isinstance(when, datetime):
        return when
    return datetime.fromisoformat(str(when))


def _run(period: str, first: datetime, last: datetime) -> list[datetime]:
    """Every period from the first to the last, at most ten thousand."""
    run = [first]
    while run[-1] < last and len(run) < 10_000:
        run.append(_next(period, run[-1]))
    return run


def _next(period: str, when: datetime) -> datetime:
    if period == "hour":
        return when + timedelta(hours=1)
    if period == "day":
        return when + timedelta(days=1)
    if period == "month":
        return when.replace(year=when.year + when.month // 12, month=when.month % 12 + 1)
    return when.replace(year=min(9999, when.year + 1))


def _trend(heights: Sequence[int]) -> float | None:
    """Slope of a straight line through the counts, in shares of their mean a period; None below three periods."""
    n = len(heights)
    if n < 3:
        return None
    mean_x, mean_y = (n - 1) / 2, sum(heights) / n
    spread = sum((i - mean_x) ** 2 for i in range(n))
    slope = sum((i - mean_x) * (h - mean_y) for i, h in enumerate(heights)) / spread
    return slope / mean_y if mean_y else None


def _season(period: str, heights: Sequence[int]) -> str | None:
    if period not in _CYCLES:
        return None
    lag, name = _CYCLES[period]
    if len(heights) < 3 * lag:
        return None
    mean = sum(heights) / len(heights)
    around = [h - mean for h in heights]
    power = sum(a * a for a in around)
    if not power:
        return None
    alike = sum(a * b for a, b in zip(around, around[lag:], strict=False)) / power
    return name if alike >= SEASONAL else None


__all__ = ["describe"]
