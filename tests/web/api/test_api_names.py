"""A name of an upload is harmless whatever it was, and harmless ones stay as they are."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery_pipeline.web.names import LONGEST, plain


@given(st.text(max_size=400))
def test_a_name_leads_nowhere_and_shows_what_it_is(name: str):
    made = plain(name)
    assert "/" not in made
    assert "\\" not in made
    assert not made.startswith(".")
    assert len(made.encode()) <= LONGEST
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs"} for c in made)
    assert plain(made) == made


@pytest.mark.parametrize("name", ["servers.csv", "Q3 estate (final).xlsx", "naïve.json", "数据.parquet", "a.b.c.zip"])
def test_an_ordinary_name_stays(name: str):
    assert plain(name) == name


@pytest.mark.parametrize("name", ["", "..", "...", "/", "a/", "\u202e", "\n", ". ."])
def test_of_some_names_nothing_is_left(name: str):
    assert plain(name) == ""
