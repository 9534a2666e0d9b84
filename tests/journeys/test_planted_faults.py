"""What is planted in the made-up estate is found, and what is mended becomes what it was."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

from discovery_pipeline.engine import cleansing, duck, intake, profiling
from discovery_pipeline.engine.schema import SchemaAnalysis

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

import estate

Place = tuple[int, str]
Patches = dict[Place, tuple[str | None, str]]


@pytest.fixture(scope="module")
def faults() -> dict[Place, estate.Fault]:
    """Planted faults of single cells of servers.csv, by row and column."""
    planted = (f for f in estate.planted(400) if f.file == "servers.csv" and f.column != "*")
    return {(f.row, f.column): f for f in planted if f.row is not None}


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Patches:
    """What cleansing without a person made of which cell, and by which rule."""
    folder = tmp_path_factory.mktemp("estate")
    estate.write(estate.build(400), folder / "in")
    with duck.connect() as con:
        tables = intake.read(con, [folder / "in" / "servers.csv"], folder / "tables").tables
        profile = profiling.profile(con, tables, today=date(2026, 6, 30))
        plan = cleansing.plan(con, tables, profile, SchemaAnalysis(), tier="auto")
        done = cleansing.cleanse(con, tables, plan, folder / "out", "auto")
        log = f"read_parquet({duck.text(str(done.patches.path))})"
        rows = con.execute(f'SELECT "row", "column", after, rule FROM {log}').fetchall()
    return {(row, column): (after, rule) for row, column, after, rule in rows}


@pytest.mark.parametrize("kind", ["text.mojibake", "text.spaces", "mac.notation", "number.format"])
def test_what_can_be_mended_for_sure_is_mended(kind: str, faults: dict[Place, estate.Fault], patches: Patches):
    planted = {place for place, fault in faults.items() if fault.kind == kind}
    assert planted
    assert planted <= patches.keys()


def test_what_is_mended_becomes_what_it_was(faults: dict[Place, estate.Fault], patches: Patches):
    # A quantity may keep its unit, so that 16384 may become 16 GB; a MAC address may be written in capitals.
    known = {p: f for p, f in faults.items() if f.meant is not None and f.kind != "unit.mixed" and p in patches}
    wrong = {p: (f, patches[p]) for p, f in known.items() if (patches[p][0] or "").lower() != str(f.meant).lower()}
    assert len(known) > 150
    assert not wrong


def test_what_was_good_keeps_what_it_says(faults: dict[Place, estate.Fault], patches: Patches):
    rules = {rule for place, (_, rule) in patches.items() if place not in faults}
    assert rules <= {"mac.canonical", "text.trim"}


def test_what_nobody_can_know_is_left_alone(faults: dict[Place, estate.Fault], patches: Patches):
    unknowable = {place for place, fault in faults.items() if fault.kind in {"ip.invalid", "mac.short"}}
    assert unknowable
    assert not unknowable & patches.keys()
