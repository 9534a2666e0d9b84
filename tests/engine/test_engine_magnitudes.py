"""Magnitudes: the unit of bare numbers, told by what they measure and by the numbers beside them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery_pipeline.engine.magnitudes import CLOCK, DISK, MEMORY, Measured, bare_unit, expectation, of_a_part


def _bare(*numbers: float) -> list[Measured]:
    return [Measured(number) for number in numbers]


def _stated(unit: str, *numbers: float) -> list[Measured]:
    return [Measured(number, unit) for number in numbers]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("ram", MEMORY),
        ("TotalMemory", MEMORY),
        ("disk_space", DISK),
        ("Processor Speed", CLOCK),
        ("memory_used", None),
        ("memory slots", None),
        ("disk_read_rate", None),
        ("Disk Count", None),
        ("speed", None),
        ("program", None),
    ],
)
def test_a_name_leads_one_to_expect_a_size_or_nothing(header, expected):
    assert expectation(header) == expected


@pytest.mark.parametrize(
    ("header", "numbers", "unit"),
    [
        ("ram", (4, 8, 16, 512), "GB"),
        ("ram", (1024, 16384, 1048576), "MB"),
        ("ram", (8_142_376, 16_300_000), "KB"),
        ("ram", (8_589_934_592, 17_179_869_184), "B"),
        ("ram", (400, 500, 600), None),
        ("ram", (8, 16, 16384, 32768), None),
        ("ram", (0, -1), None),
        ("disk_space", (40, 250, 1000, 4000), "GB"),
        ("storage capacity", (51_200, 102_400), "MB"),
        ("disks", (1, 2, 4, 8), None),
        ("cpu_speed", (2.4, 3.1), "GHz"),
        ("cpu_speed", (2400, 3100), "MHz"),
        ("memory_used", (1024, 16384), None),
        ("amount", (1024, 16384), None),
    ],
)
def test_bare_numbers_are_in_the_unit_that_makes_them_plausible(header, numbers, unit):
    assert bare_unit(_bare(*numbers), expectation(header)) == unit


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (_stated("GB", 8, 16) + _bare(8192, 16384, 32768), "MB"),
        (_stated("GB", 8, 16) + _bare(8, 16, 32), "GB"),
        (_stated("TB", 1.5, 2) + _bare(250, 500, 900), "GB"),
        (_stated("GB", 8, 16) + _stated("MB", 512), "GB"),
        (_stated("GHz", 2.4) * 4 + _bare(2100, 2600), "MHz"),
        (_stated("USD", 2.4) + _bare(2100, 2600), None),
        ([], None),
    ],
)
def test_numbers_that_state_their_unit_tell_that_of_the_others(values, unit):
    assert bare_unit(values) == unit


def test_the_minority_that_states_a_unit_doesnt_decide_by_being_there():
    mixed = [Measured(16384, count=900), Measured(32768, count=900), Measured(16, "GB", count=100)]
    assert bare_unit(mixed, MEMORY) == "MB"


def test_where_nearly_all_state_one_unit_the_others_are_in_it():
    assert bare_unit([Measured(5, "GB", count=95), Measured(160, count=5)]) == "GB"
    assert bare_unit([Measured(5, "GB", count=5), Measured(160, count=95)]) is None


MACHINES = st.lists(st.sampled_from([2, 4, 8, 16, 32, 64, 128, 256]), min_size=1, max_size=30)
FACTORS = {"GB": 1, "MB": 1024, "KB": 1024**2, "B": 1024**3}


@given(MACHINES, st.sampled_from(list(FACTORS)))
def test_the_memory_of_machines_is_never_read_in_a_wrong_unit(gigabytes, unit):
    found = bare_unit(_bare(*(n * FACTORS[unit] for n in gigabytes)), MEMORY)
    assert found in (unit, None)
    if unit != "GB" and min(gigabytes) >= 4 and max(gigabytes) <= 64:
        assert found == unit


@given(MACHINES, st.sampled_from(["GB", "MB"]), st.sampled_from(["GB", "MB"]))
def test_a_few_stated_values_of_the_same_machines_tell_the_unit_of_the_rest(gigabytes, unit, stated):
    bare = _bare(*(n * FACTORS[unit] for n in gigabytes))
    others = _stated(stated, *(n * FACTORS[stated] for n in gigabytes))
    assert bare_unit(bare + others, MEMORY) == unit


@given(st.lists(st.builds(Measured, st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([None, "GB"]))))
def test_any_numbers_have_a_unit_or_none(values):
    assert bare_unit(values, MEMORY) in {None, "B", "KB", "MB", "GB", "TB", "PB"}


@pytest.mark.parametrize(
    ("header", "numbers", "unit"),
    [
        ("VolumeSpaceUsed", (22_548_578_304, 53_687_091_200), "B"),
        ("memory_used", (2_147_483_648, 10_200_547_328), "B"),
        ("memory_used", (1024, 16384), None),
        ("disk_free", (20, 400), None),
        ("disk_used_percent", (20, 40), None),
        ("disk_space", (40, 250), None),
    ],
)
def test_of_parts_only_very_large_numbers_tell_their_unit(header, numbers, unit):
    expected = of_a_part(header, _bare(*numbers))
    assert (bare_unit(_bare(*numbers), expected) if expected else None) == unit
