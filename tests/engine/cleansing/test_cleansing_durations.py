"""Durations of several parts, in columns that write one number."""

from __future__ import annotations

import pytest

MINUTES = [str(n) for n in range(60, 200, 3)]


@pytest.mark.parametrize(
    ("odd", "mended"),
    [
        ("2h 30m", "150 min"),
        ("1 hr. 29 min.", "89 min"),
        ("1:30 h", "90 min"),
        ("2 Hours and 5 Minutes", "125 min"),
        ("1h45", "105 min"),
        ("1 h 29 min 30 s", "89.5 min"),
        ("70 min 30 s", "70.5 min"),
    ],
)
def test_hours_and_minutes_are_written_as_the_column_does(bench, odd: str, mended: str):
    cells = [f"{n} min" for n in MINUTES]
    assert bench.column([*cells, odd], "runtime", tier="suggest")[-1] == mended
    assert bench.column([*cells, odd], "runtime")[-1] == odd


@pytest.mark.parametrize(
    ("header", "numbers", "odd", "mended"),
    [
        ("runtime_min", MINUTES, "2 h 30 min", "150"),
        ("Duration (hours)", [str(n / 2) for n in range(1, 60)], "2 h 30 min", "2.5"),
        ("elapsed_sec", [str(n) for n in range(10, 900, 15)], "2m 30s", "150"),
    ],
)
def test_the_header_says_which_unit_it_is(bench, header: str, numbers: list[str], odd: str, mended: str):
    assert bench.column([*numbers, odd], header, tier="suggest")[-1] == mended


@pytest.mark.parametrize(
    ("header", "odd"),
    [
        ("length", "2 h 30 min"),  # nothing says that these are minutes
        ("runtime_min", "22 h 30 min"),  # far longer than all others
        ("runtime_min", "1:30"),  # hours and minutes, or minutes and seconds
        ("runtime_min", "1 h 75 min"),
        ("runtime_min", "1 h 29 min 31 s"),  # two decimals would round it
        ("runtime_min_per_day", "2 h 30 min"),
    ],
)
def test_a_duration_in_doubt_stays(bench, header: str, odd: str):
    assert bench.column([*MINUTES, odd], header, tier="suggest")[-1] == odd


def test_a_column_of_durations_of_several_parts_stays(bench):
    cells = [f"{n % 5 + 1} h {n} min" for n in range(1, 50)] + ["149 min", "98 min"]
    assert bench.column(cells, "runtime", tier="suggest") == cells
