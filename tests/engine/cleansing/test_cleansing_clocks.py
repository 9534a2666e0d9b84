"""Times of a day, in columns that count twenty-four hours."""

from __future__ import annotations

import pytest

TIMES = [f"{8 + n % 12:02d}:{n % 60:02d}" for n in range(60)]


@pytest.mark.parametrize(
    ("odd", "mended"),
    [("2:30 PM", "14:30"), ("12:05 am", "00:05"), ("12:00 p.m.", "12:00"), ("09:15AM", "09:15"), ("17:40:00", "17:40")],
)
def test_a_time_is_written_as_most_times_of_its_column(bench, odd: str, mended: str):
    assert bench.column([*TIMES, odd])[-1] == mended


def test_a_time_after_a_date_is_one_too(bench):
    moments = [f"{1 + n % 28:02d}/01/2024 {time}" for n, time in enumerate(TIMES)]
    assert bench.column([*moments, "14/01/2024 02:30 PM"])[-1] == "14/01/2024 14:30"


def test_a_time_stays_as_it_is_after_a_date_that_is_written_in_another_way(bench):
    moments = [f"2024-01-{1 + n % 28:02d}T{time}" for n, time in enumerate(TIMES)]
    assert bench.column([*moments, "01/02/2024 02:30 PM"])[-1] == "01/02/2024 02:30 PM"


def test_hours_keep_the_one_digit_that_their_column_has(bench):
    times = [f"{6 + n % 12}:{n % 60:02d}" for n in range(60)]
    assert bench.column([*times, "08:30 AM"])[-1] == "8:30"


@pytest.mark.parametrize(
    "cells",
    [
        [*(f"{1 + n % 12:02d}:15" for n in range(60)), "02:30 PM"],  # no time past noon
        [*TIMES[:30], *(f"0{1 + n % 9}:15 PM" for n in range(30))],  # two ways
        [*TIMES, "13:30 PM"],  # no time
        [*(f"{n % 9}:{n % 60:02d}" for n in range(60)), "13:15", "14:20", "18:30", "00:08:00"],  # minutes and seconds
        [*(f"{time}:{n % 60:02d}" for n, time in enumerate(TIMES)), "17:40:00"],  # seconds are told
    ],
)
def test_times_that_may_mean_something_else_stay(bench, cells: list[str]):
    assert bench.column(cells) == cells
