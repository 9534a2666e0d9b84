"""Previews: before and after on samples, with what is lost and what can't be."""

from __future__ import annotations

from discovery_pipeline.engine import mapping


def test_values_before_and_after(con):
    found = mapping.preview(con, {"ram": ["8", "16 GB", None]}, "ram", 'convert("GB","MB")', "float")
    assert [(c.before, c.after) for c in found.changes] == [("8", "8192"), ("16 GB", "16384"), (None, None)]
    assert not found.errors


def test_other_columns_are_read(con):
    found = mapping.preview(con, {"first": ["Ann"], "last": ["Lang"]}, "first", 'concat(first, " ", last)')
    assert found.changes[0].after == "Ann Lang"


def test_what_becomes_empty_or_the_same_is_told(con):
    found = mapping.preview(con, {"n": ["1.5", "2.4", "2.1", "x"]}, "n", "round(0)", "integer")
    assert "'x' becomes empty" in found.losses
    assert "'1.5', '2.1', '2.4' become one, '2'" in found.losses


def test_results_of_another_type_are_errors(con):
    found = mapping.preview(con, {"n": ["4", "four"]}, "n", None, "integer")
    assert found.errors == ("'four' is not of type integer",)
    assert [c.fits for c in found.changes] == [True, False]


def test_a_transformation_that_cant_be_read_is_an_error_and_not_a_crash(con):
    found = mapping.preview(con, {"n": ["4"]}, "n", "explode")
    assert not found.changes
    assert "there is no operation 'explode'" in found.errors[0]


def test_a_constant_needs_no_source(con):
    assert mapping.preview(con, {"n": ["4", "5"]}, "", 'constant("a")').changes[1].after == "a"
