"""Drift: what changed is told, what only trembled is not."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from discovery_pipeline.engine import profiling
from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.profiling import Profile, TableProfile
from discovery_pipeline.engine.profiling.drift import curve, ks, psi

Profiled = Callable[..., TableProfile]
Cells = Sequence[str | None]


def changes(profiled: Profiled, old: dict[str, Cells], new: dict[str, Cells]) -> dict[str, Finding]:
    before, after = (Profile(tables=(profiled(**cells),)) for cells in (old, new))
    return {f.rule: f for f in profiling.diff(before, after)}


def normal(mean: float, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [f"{draw.gauss(mean, 10):.3f}" for _ in range(1500)]


def test_the_same_data_shows_no_change(profiled: Profiled) -> None:
    cells = {"a": ["1", "2", "3"], "b": ["x", "y", None]}
    assert changes(profiled, cells, cells) == {}


def test_two_draws_from_one_distribution_show_no_change(profiled: Profiled) -> None:
    assert changes(profiled, {"load": normal(50, 1)}, {"load": normal(50, 2)}) == {}


def test_a_distribution_that_moved_is_told_with_its_measures(profiled: Profiled) -> None:
    found = changes(profiled, {"load": normal(50, 1)}, {"load": normal(65, 2)})
    assert "PSI" in found["drift.distribution"].evidence
    assert found["drift.distribution"].severity == "warning"


def test_one_far_value_does_not_move_a_distribution(profiled: Profiled) -> None:
    assert changes(profiled, {"load": [*normal(50, 1), "99999"]}, {"load": [*normal(50, 2), "12345"]}) == {}


def test_columns_come_go_and_change_their_type(profiled: Profiled) -> None:
    found = changes(profiled, {"a": ["1", "2"], "gone": ["x", "y"]}, {"a": ["one", "two"], "fresh": ["x", "y"]})
    assert found["drift.column_removed"].column == "gone"
    assert found["drift.column_added"].column == "fresh"
    assert found["drift.column_retyped"].column == "a"


def test_units_and_formats_that_change_are_told(profiled: Profiled) -> None:
    old: dict[str, Cells] = {
        "memory": ["16 GB", "32 GB", "8 GB"],
        "installed": ["2024-01-31", "2024-02-01", "2023-05-05"],
    }
    new: dict[str, Cells] = {
        "memory": ["16384 MB", "32768 MB", "8192 MB"],
        "installed": ["31.01.2024", "01.02.2024", "05.05.2023"],
    }
    found = changes(profiled, old, new)
    assert "MB after GB" in found["drift.unit"].evidence
    assert "%d.%m.%Y" in found["drift.date_format"].evidence


def test_new_values_and_moved_shares_are_told(profiled: Profiled) -> None:
    old, new = ["Prod"] * 80 + ["Dev"] * 20, ["Prod"] * 40 + ["Dev"] * 40 + ["Cloud"] * 20
    found = changes(profiled, {"env": old}, {"env": new})
    assert found["drift.new_values"].examples == ("Cloud",)
    assert "Prod: 80.0% → 40.0%" in found["drift.categories"].examples


def test_cells_that_became_empty_are_told(profiled: Profiled) -> None:
    found = changes(profiled, {"a": ["x", "y", "z", "w"]}, {"a": ["x", None, "N/A", "w"]})
    assert "50.0% of the cells hold no value, after 0.0%" in found["drift.nulls"].evidence


def test_measures_are_zero_for_equal_and_large_for_apart(profiled: Profiled) -> None:
    one, far = (curve(profiled(load=normal(mean, 1)).column("load")) for mean in (50, 500))
    assert (psi(one, one), ks(one, one)) == (0, 0)
    assert psi(one, far) > 5
    assert ks(one, far) == pytest.approx(1)


def test_a_column_that_holds_the_like_under_a_new_name_is_told(profiled: Profiled) -> None:
    old: dict[str, Cells] = {"load": normal(50, 1), "site": ["Bonn", "Kiel", "Ulm"] * 500, "up": ["yes", "no"] * 750}
    new: dict[str, Cells] = {
        "cpu_load": normal(50, 2),
        "location": ["Bonn", "Kiel", "Ulm"] * 500,
        "virtual": ["yes", "no"] * 750,
    }
    before, after = (Profile(tables=(profiled(**cells),)) for cells in (old, new))
    told = {f.column: f.evidence for f in profiling.diff(before, after)}
    assert "'cpu_load' is new" in told["load"]
    assert "'load' under a new name" in told["cpu_load"]
    assert "'location' is new" in told["site"]
    assert "new name" not in told["up"] + told["virtual"]  # two values say too little


def test_two_columns_that_hold_the_like_are_nobodys_new_name(profiled: Profiled) -> None:
    sites: Cells = ["Bonn", "Kiel", "Ulm"] * 500
    before, after = (
        Profile(tables=(profiled(**cells),)) for cells in ({"site": sites}, {"main_site": sites, "other_site": sites})
    )
    assert not any("new name" in f.evidence for f in profiling.diff(before, after))


def test_changes_are_told_in_the_order_of_the_columns(profiled: Profiled) -> None:
    names = [f"column_{i}" for i in range(12)]
    before = Profile(tables=(profiled(**{name: ["a", "b"] for name in names}),))
    after = Profile(tables=(profiled(**{name: ["1", "2"] for name in names}),))
    assert [f.column for f in profiling.diff(before, after)] == names
    gone = Profile(tables=(profiled(other=["a", "b"]),))
    assert [f.column for f in profiling.diff(before, gone) if f.rule == "drift.column_removed"] == names


def test_a_key_that_repeats_is_told(profiled: Profiled) -> None:
    keys = [str(1000 + i) for i in range(200)]
    found = changes(profiled, {"asset_id": keys}, {"asset_id": keys[:188] + keys[:12]})
    assert "6.0% of the values repeat another" in found["drift.repeats"].evidence
