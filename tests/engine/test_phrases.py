"""Phrases: counts and shares are said as a person would, never as 0% or 100% of what isn't."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine.phrases import counted, duration, listed, percent, size


@pytest.mark.parametrize(("number", "said"), [(0, "0 rows"), (1, "1 row"), (2_040, "2,040 rows")])
def test_a_count_agrees_with_its_noun(number: int, said: str) -> None:
    assert counted(number, "row") == said


def test_a_count_agrees_with_its_verb() -> None:
    assert counted(1, "value is", "values are") == "1 value is"
    assert counted(3, "value is", "values are") == "3 values are"


@pytest.mark.parametrize(
    ("words", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_words_are_joined_as_a_person_would(words: list[str], said: str) -> None:
    assert listed(words) == said


def test_what_is_neither_all_nor_nothing_is_never_said_to_be() -> None:
    assert percent(1, 1_000_000) == "< 0.1%"
    assert percent(999_999, 1_000_000) == "> 99.9%"
    assert (percent(0, 5), percent(5, 5), percent(0, 0)) == ("0.0%", "100%", "0.0%")


def test_spans_and_sizes_are_in_units_that_say_them() -> None:
    assert (duration(0.4), duration(1), duration(90), duration(9_000)) == (
        "under a second",
        "1 second",
        "1.5 minutes",
        "2.5 hours",
    )
    assert (size(900), size(1536), size(20 * 1024**3)) == ("900 bytes", "1.5 KB", "20 GB")
