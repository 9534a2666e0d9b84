"""Units in a profile: the one that bare numbers are in, apart from those that other values state."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from discovery_pipeline.engine.profiling import ColumnProfile

Of = Callable[[str, Sequence[str | None]], ColumnProfile]


@pytest.mark.parametrize(
    ("header", "cells", "unit", "meaning"),
    [
        ("ram", ["16384", "32768", "8192", "16 GB"], "MB", "ram"),
        ("ram", ["8", "16", "32"], "GB", "ram"),
        ("ram_gb", ["16384", "16 MB"], "GB", "ram"),
        ("disk_space", ["250", "500", "900", "1.5 TB"], "GB", "disk"),
        ("disk_space", ["250", "500", "900", "1,5 TB", "2,25 TB"], "GB", "disk"),
        ("cpu_speed", ["2400", "3100", "2600", "2.4 GHz"], "MHz", "frequency"),
        ("memory", ["16 GB", "512 MB", "8 GB"], "GB", "ram"),
        ("ram", ["400", "500", "600"], None, "ram"),
        ("monthly_cost_usd", ["12.5", "80"], "USD", "currency"),
    ],
)
def test_the_unit_is_that_of_a_bare_number(column: Of, header: str, cells: list[str], unit: str, meaning: str) -> None:
    found = column(header, cells * 5)
    assert (found.unit, found.semantic_type) == (unit, meaning)


def test_text_is_in_no_unit(column: Of) -> None:
    assert column("ram_notes_gb", ["plenty", "a lot", "little"]).unit is None


def test_units_keep_what_is_stated(column: Of) -> None:
    found = column("ram", ["16384"] * 20 + ["16 GB", "16GB", "8192 MB"])
    assert found.unit == "MB"
    assert {u.value: u.count for u in found.units} == {"GB": 2, "MB": 1}


def test_units_are_counted_over_the_whole_column(column: Of) -> None:
    found = column("price", [f"${i}.{i % 97:02d}" for i in range(30_000)])
    assert [(u.value, u.count) for u in found.units] == [("$", 30_000)]
