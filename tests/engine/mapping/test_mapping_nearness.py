"""Nearness: listed values that come nearest to one that isn't listed, by their words first, then by version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery_pipeline.engine.mapping.transformations.nearness import Nearness

CARS = ("Great Wall Motors 3", "Great Wall Motors 5", "Great Northern", "Volvo Truck", "Volvo Truck 2008", "Mini")


@pytest.mark.parametrize(
    ("value", "near"),
    [
        ("Great Wall Motors 9.1", ("Great Wall Motors 5", "Great Wall Motors 3")),
        ("great wall motors", ("Great Wall Motors 3", "Great Wall Motors 5")),
        ("GWM 4", ("Great Wall Motors 3", "Great Wall Motors 5")),
        ("Volvo Tru. 2009", ("Volvo Truck 2008", "Volvo Truck")),
        ("Vovlo Truck", ("Volvo Truck", "Volvo Truck 2008")),
        ("minis", ("Mini",)),
        ("Saab 9", ()),
        ("2008", ()),
        ("", ()),
    ],
)
def test_words_count_first_and_then_the_version(value: str, near: tuple[str, ...]):
    assert Nearness(CARS).nearest(value) == near


def test_a_word_that_many_have_makes_nothing_near():
    listed = tuple(f"{name} Linux" for name in ("Alder", "Beech", "Cedar", "Dogwood", "Elder", "Fir"))
    assert Nearness(listed).nearest("Gorse Linux 8") == ()
    assert Nearness(listed).nearest("Linux Fir 8") == ("Fir Linux",)


@given(st.lists(st.text(max_size=12), max_size=8, unique=True), st.text(max_size=12))
def test_only_what_is_listed_is_near_and_each_once(listed: list[str], value: str):
    found = Nearness(tuple(listed)).nearest(value)
    assert len(found) == len(set(found)) <= 3
    assert set(found) <= set(listed)
