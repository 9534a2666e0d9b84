"""Rejected rows go out, are corrected, and come back as decisions on the cells that were changed."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from discovery_pipeline.engine import duck, intake
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.validation import corrections
from discovery_pipeline.engine.validation.model import Verdict
from discovery_pipeline.errors import InputRefused

Edit = Callable[[list[dict[str, str]]], None]


@pytest.fixture
def con():
    with duck.connect() as opened:
        yield opened


def table(con: duckdb.DuckDBPyConnection, folder: Path, text: str, name: str = "servers") -> Table:
    file = folder / f"{name}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return intake.read(con, [file], folder / "tables").tables[0]


class Desk:
    """Source and cleansed tables, a verdict that rejects two rows, and a person who corrects."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.con, self.folder = con, folder
        self.source = table(con, folder / "a", "name,ram,note\nsrv1, 4 GB,=1+1\nsrv2,8,ok\nsrv3,,x\n")
        self.cleansed = table(con, folder / "b", "name,ram,note\nsrv1,4,=1+1\nsrv2,8,ok\nsrv3,,x\n")
        log = folder / "rejected.parquet"
        duck.write(
            con,
            "SELECT 'aws' AS target, 'servers' AS \"table\", unnest([0, 2]) AS row, "
            "unnest(['too small', 'RAM is empty']) AS reasons",
            log,
        )
        self.verdict = Verdict(
            target="aws", rows_in=3, rows_delivered=1, rows_rejected=2, valid=(), rejected=log, patches=log
        )
        self.out = folder / "out" / "servers.csv"

    def edited(self, edit: Edit) -> tuple[corrections.CellDecision, ...]:
        corrections.rejected(self.con, self.cleansed, [self.verdict], self.out)
        with self.out.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        edit(rows)
        fields = list(rows[0]) if rows else []
        with self.out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fields)
            writer.writeheader()
            writer.writerows(rows)
        back = intake.read(self.con, [self.out], self.folder / "back").tables[0]
        return corrections.corrected(self.con, back, self.cleansed, self.source, by="rita")


@pytest.fixture
def desk(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Desk:
    return Desk(con, tmp_path)


def test_the_file_holds_the_rejected_rows_with_place_and_reasons(desk: Desk):
    assert corrections.rejected(desk.con, desk.cleansed, [desk.verdict], desk.out) == 2
    rows = list(csv.reader(desk.out.read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["name", "ram", "note", "discovery_line", "discovery_row", "discovery_reasons"]
    assert rows[1] == ["srv1", "4", "'=1+1", "2", "0", "aws: too small"]
    assert rows[2] == ["srv3", "", "x", "4", "2", "aws: RAM is empty"]


def test_a_file_that_comes_back_as_it_went_decides_nothing(desk: Desk):
    assert desk.edited(lambda _: None) == ()


def test_what_was_changed_is_decided_by_what_the_source_held(desk: Desk):
    def edit(rows: list[dict[str, str]]) -> None:
        rows[0]["ram"] = "64"
        rows[1]["ram"] = "16"

    found = [(d.column, d.row, (d.seen or "").strip(), d.after, d.by) for d in desk.edited(edit)]
    assert found == [("ram", 0, "4 GB", "64", "rita"), ("ram", 2, "", "16", "rita")]


def test_rows_and_columns_that_were_left_out_stay(desk: Desk):
    def edit(rows: list[dict[str, str]]) -> None:
        del rows[0]
        for row in rows:
            del row["note"]
            row["name"] = "srv-3"

    assert [(d.column, d.row, d.after) for d in desk.edited(edit)] == [("name", 2, "srv-3")]


@pytest.mark.parametrize("place", ["99", "-1", "two", ""])
def test_a_row_that_is_not_there_is_refused(desk: Desk, place: str):
    with pytest.raises(InputRefused, match="names no row"):
        desk.edited(lambda rows: rows[0].update(discovery_row=place))


def test_a_row_that_stands_twice_is_refused(desk: Desk):
    with pytest.raises(InputRefused, match="more than once"):
        desk.edited(lambda rows: rows.append(dict(rows[0])))


def test_another_file_is_refused(desk: Desk):
    def edit(rows: list[dict[str, str]]) -> None:
        for row in rows:
            del row["discovery_row"]

    with pytest.raises(InputRefused, match="no column discovery_row"):
        desk.edited(edit)
