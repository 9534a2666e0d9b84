"""The made-up estate: the same every time, and what is planted is really there."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

import estate
import inventory


def test_the_same_seed_makes_the_same_estate():
    assert estate.build(60, seed=3) == estate.build(60, seed=3)
    assert estate.build(60, seed=3) != estate.build(60, seed=4)


def test_every_planted_fault_stands_where_it_is_said_to(tmp_path: Path):
    made = estate.build(300)
    estate.write(made, tmp_path)
    with (tmp_path / "servers.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    in_cells = [f for f in made.faults if f.file == "servers.csv" and f.row is not None and f.column != "*"]

    assert len(in_cells) > 100
    assert all(rows[f.row][f.column] == f.found != f.meant for f in in_cells if f.row is not None)


def test_all_kinds_of_faults_are_planted():
    kinds = {fault.kind for fault in estate.planted(600)}
    assert kinds >= {
        "date.format", "ip.invalid", "mac.notation", "mac.short", "unit.mixed", "vocabulary.variant", "number.format",
        "email.invalid", "text.mojibake", "null.token", "text.spaces", "duplicate.exact", "duplicate.near",
        "reference.orphan", "file.bom", "file.encoding",
    }  # fmt: skip


def test_umlauts_are_written_in_an_old_encoding(tmp_path: Path):
    estate.write(estate.build(10), tmp_path)
    raw = (tmp_path / "locations.csv").read_bytes()
    assert "München".encode("cp1252") in raw
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")


@pytest.mark.parametrize("columns", [7, 25, 31])
def test_the_large_table_has_the_rows_and_columns_asked_for(tmp_path: Path, columns: int):
    inventory.scale(tmp_path / "wide.csv", rows=400, columns=columns)
    with (tmp_path / "wide.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 401
    assert {len(row) for row in rows} == {columns}
