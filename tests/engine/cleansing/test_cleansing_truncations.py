"""Values that a field of fixed length cut off."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine.cleansing.truncations import completed

ILLNESSES = [
    "Type 2 diabetes mellitus",
    "Chronic obstructive pulmonary disease",
    "Moderate depressive episode",
    "Asthma",
]


def test_what_was_cut_off_after_so_many_characters_is_completed(bench):
    cut = ["Type 2 diabetes mell", "Chronic obstructive ", "Moderate depressive "]
    assert bench.column([*ILLNESSES * 20, *cut], tier="suggest")[-3:] == ILLNESSES[:3]


def test_nothing_is_completed_without_asking(bench):
    cells = [*ILLNESSES * 20, "Type 2 diabetes mell", "Chronic obstructive"]
    assert bench.column(cells) == cells


@pytest.mark.parametrize(
    "cells",
    [
        {"Type 2 diabetes mellitus": 20, "Type 2 diabetes mell": 1},  # one alone
        {"Software Engineering": 20, "Hardware Engineering": 20, "Software Engineer": 1, "Hardware Engineer": 1},
        {"Windows Server 2012": 20, "Solaris Sparc T": 20, "Windows Server": 1, "Solaris Sparc": 1},  # whole words
        {"Windows Server 2012": 20, "Solaris Sparcstation": 20, "Windows Server": 1, "Solaris Sp": 1},  # other lengths
        {"unit-one-10": 20, "unit-two-201": 20, "unit-one-1": 1, "unit-two-2": 1},  # numbers
        {"Chronic kidney disease": 20, "Chronic kidney stones": 20, "Essential hypertension": 20,
         "Chronic kidney": 1, "Essential hype": 1},  # two begin so
        {"Chronic kidney disease": 20, "Essential hypertension": 20, "Chronic kidney": 9, "Essential hype": 9},
        {"Topics in Philosophy I": 20, "Foundations of Computing": 20, "Topics in Philosophy": 1,
         "Topics in Philosophy II": 1, "Foundations of Comput": 1},  # a numeral
    ],
)  # fmt: skip
def test_shorter_values_of_their_own_stay(cells: dict[str, int]):
    assert completed(cells) == {}


def test_slips_that_begin_so_don_t_hide_what_was_meant():
    cells = {"Chronic kidney disease": 40, "Chronic kidney diseash": 1, "Essential hypertension": 20}
    cut = {"Chronic kidney d": 1, "Essential hypert": 2}
    assert completed(cells | cut) == {
        "Chronic kidney d": "Chronic kidney disease",
        "Essential hypert": "Essential hypertension",
    }
