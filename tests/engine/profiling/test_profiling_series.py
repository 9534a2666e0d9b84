"""Time series in a profile: the period that dates keep to, and which of its periods are missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from discovery_pipeline.engine.profiling import ColumnProfile, periods

Of = Callable[[str, Sequence[str | None]], ColumnProfile]

START = datetime(2023, 1, 2)  # a Monday


def _every(step: timedelta, times: int, *, without: Sequence[int] = ()) -> list[str]:
    return [str(START + i * step) for i in range(times) if i not in without]


def _months(step: int, times: int, *, without: Sequence[int] = ()) -> list[str]:
    months = [i * step for i in range(times) if i not in without]
    return [f"{2015 + m // 12}-{m % 12 + 1:02d}-28" for m in months]


@pytest.mark.parametrize(
    ("cells", "granularity", "gaps"),
    [
        (_every(timedelta(minutes=1), 300, without=(7, 90, 91)), "minute", 3),
        (_every(timedelta(hours=1), 400, without=(12,)), "hour", 1),
        (_every(timedelta(days=1), 800, without=(3, 4, 500)), "day", 3),
        (_every(timedelta(weeks=1), 120, without=(60,)), "week", 1),
        (_months(1, 60, without=(30, 31)), "month", 2),
        (_months(3, 30, without=(4,)), "quarter", 1),
        (_months(12, 9, without=(5,)), "year", 1),
    ],
)
def test_a_series_is_told_by_the_period_it_keeps_to(column: Of, cells: list[str], granularity: str, gaps: int) -> None:
    series = column("at", cells).time_series
    assert series
    assert (series.granularity, series.gaps) == (granularity, gaps)


def test_many_values_a_day_are_a_series_of_days(column: Of) -> None:
    series = column(
        "sold", [day for day in _every(timedelta(days=1), 500, without=(250,)) for _ in range(9)]
    ).time_series
    assert series
    assert (series.granularity, series.gaps) == ("day", 1)


def test_working_days_have_no_gaps_at_weekends(column: Of) -> None:
    days = [START + timedelta(days=i) for i in range(700)]
    closed = {datetime(2023, 5, 1), datetime(2023, 12, 25)}
    series = column("booked", [str(d.date()) for d in days if d.weekday() < 5 and d not in closed]).time_series
    assert series
    assert (series.granularity, series.gaps) == ("day", len(closed))


def test_moments_without_a_step_are_told_by_what_suits_their_span(column: Of) -> None:
    series = column("opened", [str(START + timedelta(seconds=i * i * 977)) for i in range(300)]).time_series
    assert series
    assert series.granularity == "month"


def test_a_season_of_days_is_found_over_years(column: Of) -> None:
    days = [START + timedelta(days=i) for i in range(500)]
    series = column("sold", [str(d.date()) for d in days for _ in range(1 if d.weekday() >= 5 else 6)]).time_series
    assert series
    assert (series.granularity, series.seasonality) == ("day", "weekly")


@pytest.mark.parametrize("period", ["minute", "hour", "day", "week", "month", "quarter", "year"])
def test_every_moment_lies_behind_the_start_of_its_period(period: periods.Period) -> None:
    for first in (datetime(2024, 2, 29, 13, 59, 59), datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59)):
        starts = periods.starts(period, first, first)
        assert len(starts) == 1
        assert starts[0] <= first or first == datetime(1, 1, 1)
