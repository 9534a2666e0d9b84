"""Time series: how the dates of a column run, from how many stand in each period."""

from __future__ import annotations

from collections.abc import Sequence

from discovery_pipeline.engine.profiling.model import TimeSeries
from discovery_pipeline.engine.profiling.periods import Period, is_weekend
from discovery_pipeline.engine.profiling.sketch import Buckets

_CYCLES: dict[Period, tuple[int, str]] = {
    "minute": (60, "hourly"),
    "hour": (24, "daily"),
    "day": (7, "weekly"),
    "week": (52, "yearly"),
    "month": (12, "yearly"),
    "quarter": (4, "yearly"),
}

SEASONAL = 0.5
"""Autocorrelation over one cycle from which a column is seasonal."""


def describe(period: Period, buckets: Buckets) -> TimeSeries | None:
    """Gaps, trend and season of dates that were counted between starts of periods; None where there are none.

    What lies before the first period counts to it. A series of working days has no gaps at weekends.
    """
    before, *heights = buckets.counts
    heights[0] += before
    filled = [i for i, height in enumerate(heights) if height]
    if not filled:
        return None
    run = heights[filled[0] : filled[-1] + 1]
    empty = [start for start, height in zip(buckets.edges[filled[0] :], run, strict=False) if not height]
    if period == "day" and not any(is_weekend(buckets.edges[i]) for i in filled):
        empty = [start for start in empty if not is_weekend(start)]
    return TimeSeries(
        granularity=period,
        gaps=len(empty),
        trend=_trend(run),
        seasonality=_season(period, run),
    )


def _trend(heights: Sequence[int]) -> float | None:
    """Slope of a straight line through the counts, in shares of their mean a period; None below three periods."""
    n = len(heights)
    if n < 3:
        return None
    mean_x, mean_y = (n - 1) / 2, sum(heights) / n
    spread = sum((i - mean_x) ** 2 for i in range(n))
    slope = sum((i - mean_x) * (h - mean_y) for i, h in enumerate(heights)) / spread
    return slope / mean_y if mean_y else None


def _season(period: Period, heights: Sequence[int]) -> str | None:
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
