"""Patterns of others: RE2's, so that none of them can hold a process up."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine import patterns

NEVER_ENDING = "^(a+)+$"
"""Python's `re` looks at the value below for longer than anybody lives."""
VALUE = "a" * 200 + "!"


def test_a_pattern_is_found_anywhere_in_a_value_and_never_in_nothing():
    assert patterns.fitting("^b|c$", ["bd", "abc", "cb", "", None]) == [True, True, False, False, False]


@pytest.mark.parametrize("pattern", [NEVER_ENDING, "(a|aa)+$", "(.*)*x", "(a?){40}a{40}$"])
def test_every_pattern_ends(pattern: str):
    assert patterns.fitting(pattern, [VALUE]) == [False]


@pytest.mark.parametrize("pattern", [r"^\p{Lu}+$", r"(?i)server-\d{1,3}", "(?P<name>x)", "^[a-zß]+$", ""])
def test_what_can_be_used_has_no_fault(pattern: str):
    assert patterns.fault(pattern) == ""


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(", "missing )"), ("(?=x)", "invalid perl operator"), (r"(x)\1", "invalid escape"),
        ("x{2000}", "repetition size"), ("((x{100}){100}){100}", "repetition size"), ("\ud800", "surrogates"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_with_its_fault(pattern: str, said: str):
    assert said in patterns.fault(pattern)
