"""Charts are small PNGs of their own making, whatever they are to show."""

from __future__ import annotations

import base64

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discovery_pipeline.assets import charts

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)


def png(value: dg.MetadataValue) -> bytes:
    """The picture in the text."""
    assert isinstance(value, dg.MarkdownMetadataValue)
    return base64.b64decode(str(value.value).partition("base64,")[2].removesuffix(")"))


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(names, st.floats(0, 1e9), max_size=40))
def test_any_names_and_counts_make_a_small_picture(values: dict[str, float]):
    drawn = png(charts.bars(values, "Rows by table"))
    assert drawn.startswith(b"\x89PNG")
    assert len(drawn) <= charts.LARGEST


def test_as_many_bars_as_are_shown_fit():
    many = {f"some_table.a_long_column_{n} → target.field_{n}": float(n) for n in range(200)}
    assert len(png(charts.bars(many, "Confidence"))) <= charts.LARGEST


@pytest.mark.parametrize("share", [True, False])
def test_nothing_to_show_is_a_title(share: bool):
    assert png(charts.bars({}, "Quality by table", share=share))


def test_a_title_is_shown_whole_and_a_name_as_far_as_there_is_room():
    title = "Rows that maintenance moved and mended"
    drawn = charts._svg([("a" * 50, 1.0)], title, share=False)
    assert f">{title}</text>" in drawn
    assert f">{'a' * 35}…</text>" in drawn


def test_only_a_whole_share_is_drawn_as_100_per_cent():
    drawn = charts._svg([("a", 1.0), ("b", 0.9996), ("c", 0.0004)], "Quality now", share=True)
    assert [said in drawn for said in (">100%<", ">&gt;99.9%<", ">&lt;0.1%<")] == [True] * 3
