"""Ranges: numbers that can't be what a field means are told, and others never."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery_pipeline.engine.mapping.transformations.ranges import Delivered, suspicious
from discovery_pipeline.engine.targets import TargetField

RAM = TargetField(name="RAM.TotalSizeInMB", type="number", unit="MB")
SHARE = TargetField(name="CPU utilization", type="number", unit="percent", minimum=0, maximum=100)


def of(*values: str, count: int = 1) -> list[Delivered]:
    return [Delivered(value, count) for value in values]


def test_gigabytes_that_were_taken_for_megabytes_are_told():
    (said,) = suspicious(of("4", "8", "16", "32", count=9), RAM)
    assert said.startswith("100% of the values are hardly possible, such as 4 MB; 256 to 67,108,864 MB is usual")


def test_megabytes_that_were_multiplied_once_more_are_told():
    assert "hardly possible" in suspicious(of("8388608000", "16777216000"), RAM)[0]


def test_what_the_target_would_refuse_is_told_by_its_worst_value():
    assert suspicious(of("12", "250", "101"), SHARE) == (
        "67% of the values are out of range: 250 percent, where the most is 100 percent",
    )
    assert "where the least is 0" in suspicious(of("-3", "5"), SHARE)[0]


@pytest.mark.parametrize("code", ["12e456", "inf", "nan"])
def test_codes_that_are_read_as_no_finite_number_are_none(code: str):
    assert suspicious(of(code), SHARE) == suspicious(of(code), RAM) == ()


def test_a_part_may_be_as_small_as_it_likes_and_is_no_larger_than_a_whole():
    used = TargetField(name="RAM.UsedSizeInMB.Max", type="number", unit="MB")
    assert suspicious(of("0.5", "3"), used) == ()
    (said,) = suspicious(of("17179869184"), used)
    assert said.endswith("such as 17,179,869,184 MB; at most 67,108,864 MB is usual. Is the unit right?")


def test_sizes_of_what_nobody_says_are_held_to_the_largest_disks():
    archive = TargetField(name="SizeInGib", type="number", unit="GB")
    assert suspicious(of("0.1", "250000"), archive) == ()
    assert "hardly possible" in suspicious(of("17179869184"), archive)[0]


@given(st.lists(st.integers(256, 64 * 1024 * 1024).map(str), min_size=1))
def test_nothing_is_said_of_what_machines_have(values):
    assert suspicious(of(*values), RAM) == ()


@pytest.mark.parametrize("values", [(), ("", "n/a"), ("web01",), ("nan",)])
def test_nothing_is_said_of_what_is_no_number(values):
    assert suspicious(of(*values), RAM) == ()
    assert suspicious(of(*values), SHARE) == ()


def test_a_few_odd_ones_among_many_are_no_wrong_unit():
    assert suspicious([*of("8192", count=99), *of("1")], RAM) == ()


def test_a_field_that_says_nothing_of_size_is_left_alone():
    assert suspicious(of("1", "1000000000"), TargetField(name="Cores", type="integer", unit="cores")) == ()
