"""Rejected rows go out as they came, are corrected, and come back as decisions on the cells that were changed."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import openpyxl
import pytest

from discovery_pipeline.engine import duck, intake
from discovery_pipeline.engine.intake.kinds import Kind
from discovery_pipeline.engine.intake.writing import Form, form_of
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


def verdict(con: duckdb.DuckDBPyConnection, folder: Path, name: str = "servers") -> Verdict:
    """One that rejects the first row and the third."""
    log = folder / "rejected.parquet"
    duck.write(
        con,
        f"SELECT 'aws' AS target, '{name}' AS \"table\", unnest([0, 2]) AS row, "
        "unnest(['too small', 'RAM is empty']) AS reasons",
        log,
    )
    return Verdict(target="aws", rows_in=3, rows_delivered=1, rows_rejected=2, valid=(), rejected=log, patches=log)


class Desk:
    """A source, a verdict that rejects two of its rows, and a person who corrects."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.con, self.folder = con, folder
        self.source = table(con, folder / "a", "name,ram,note\nsrv1, 4 GB,=1+1\nsrv2,8,ok\nsrv3,,x\n")
        self.verdict = verdict(con, folder)
        self.out = folder / "out" / "servers.csv"

    def edited(self, edit: Edit) -> tuple[corrections.CellDecision, ...]:
        corrections.rejected(self.con, self.source, [self.verdict], self.out)
        with self.out.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        edit(rows)
        fields = list(rows[0]) if rows else []
        with self.out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fields)
            writer.writeheader()
            writer.writerows(rows)
        back = intake.read(self.con, [self.out], self.folder / "back").tables[0]
        return corrections.corrected(self.con, back, self.source, by="rita")


@pytest.fixture
def desk(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Desk:
    return Desk(con, tmp_path)


def test_the_file_holds_the_rejected_rows_as_they_came_with_place_and_reasons(desk: Desk):
    assert corrections.rejected(desk.con, desk.source, [desk.verdict], desk.out) == 2
    rows = list(csv.reader(desk.out.read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["name", "ram", "note", "discovery_table", "discovery_line", "discovery_row", "discovery_reasons"]
    assert rows[1] == ["srv1", " 4 GB", "'=1+1", "servers", "2", "0", "aws: too small"]
    assert rows[2] == ["srv3", "", "x", "servers", "4", "2", "aws: RAM is empty"]


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
            del row["discovery_row"], row["discovery_line"]

    with pytest.raises(InputRefused, match="no column discovery_line"):
        desk.edited(edit)


def test_rows_of_another_table_correct_nothing_though_it_has_the_same_columns(desk: Desk, tmp_path: Path):
    corrections.rejected(desk.con, desk.source, [desk.verdict], desk.out)
    back = intake.read(desk.con, [desk.out], tmp_path / "back").tables[0]
    other = table(desk.con, tmp_path / "b", "name,ram,note\nvm1,1,\nvm2,2,\nvm3,3,\n", "=vms")
    with pytest.raises(InputRefused, match="holds rejected rows of servers, and not of =vms"):
        corrections.corrected(desk.con, back, other)
    assert desk.edited(lambda rows: rows[0].pop("discovery_table") and rows[1].pop("discovery_table")) == ()


def test_of_a_workbook_with_the_rows_of_two_tables_each_table_takes_its_own(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
):
    book, sources = openpyxl.Workbook(), []
    for name in ("servers", "vms"):
        source = table(con, tmp_path / name, "name,ram\na,1\nb,2\nc,3\n", name)
        out = tmp_path / name / "rejected.csv"
        corrections.rejected(con, source, [verdict(con, tmp_path / name, name)], out)
        sheet = book.create_sheet(name)
        for row in csv.reader(out.read_text(encoding="utf-8").splitlines()):
            sheet.append([f"{name}-a" if cell == "a" else cell for cell in row])
        sources.append(source)
    book.save(tmp_path / "both.xlsx")
    came_back = intake.read(con, [tmp_path / "both.xlsx"], tmp_path / "back").tables
    for source in sources:
        (found,) = corrections.corrected(con, corrections.about(con, came_back, source), source)
        assert (found.table, found.after) == (source.name, f"{source.name}-a")


def test_the_byte_order_mark_of_the_source_is_kept_or_a_spreadsheet_would_misread_the_file(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
):
    came = Came(con, tmp_path, "servers.csv", "name;ram\nsüd;1\nost;2\nnörd;3\n".encode("utf-8-sig"))
    assert came.out.read_bytes().startswith("\ufeffname;ram;".encode())
    assert came.form.media_type == "text/csv; charset=utf-8"
    assert came.back(came.out) == []


def test_the_line_alone_says_which_row_it_is_wherever_it_stands(desk: Desk):
    def edit(rows: list[dict[str, str]]) -> None:
        for row in rows:
            del row["discovery_row"]
        rows.reverse()
        rows[0]["ram"] = "16"
        rows[:] = [dict(reversed(row.items())) for row in rows]

    assert [(d.column, d.row, d.after) for d in desk.edited(edit)] == [("ram", 2, "16")]


def test_white_space_that_a_spreadsheet_took_away_is_no_correction(desk: Desk):
    assert desk.edited(lambda rows: rows[0].update(ram="4 GB")) == ()


class Came:
    """A file of three servers of which two are rejected, and the file of these."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path, name: str, content: bytes) -> None:
        self.con, self.folder = con, folder
        file = folder / name
        file.write_bytes(content)
        self.intake = intake.read(con, [file], folder / "tables")
        (self.source,) = self.intake.tables
        self.form = form_of(self.intake, self.source.name)
        self.out = folder / f"rejected{self.form.suffix}"
        corrections.rejected(con, self.source, [verdict(con, folder)], self.out, self.form)

    def back(self, file: Path) -> list[tuple[str, int, str | None, str | None]]:
        came = intake.read(self.con, [file], self.folder / "back").tables[0]
        return [(d.column, d.row, d.seen, d.after) for d in corrections.corrected(self.con, came, self.source)]


SHEET = (("name", "ram", "note"), ("srv1", "007", "=1+1"), ("srv2", "8", "ok"), ("srv3", None, "x"))


def workbook() -> bytes:
    import io

    book, out = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    book.active.title = "Servers"
    for row in SHEET:
        book.active.append(row)
        for cell in book.active[book.active.max_row]:
            cell.data_type = "s" if cell.value is not None else "n"
    book.save(out)
    return out.getvalue()


RECORDS = [
    {"name": "srv1", "ram": 4, "os": {"name": "Ubuntu", "lts": True}, "tags": ["a", "b"], "serial": "007"},
    {"name": "srv2", "ram": 8, "os": {"name": "RHEL", "lts": False}, "tags": [], "serial": "8"},
    {"name": "srv3", "ram": None, "os": {"name": "Ubuntu", "lts": True}, "tags": ["c"], "serial": "9"},
]
CAME = {
    "semicolons": ("servers.csv", "name;ram;note\nsrv1;4,5;'Köln; Süd'\nsrv2;8;ok\nsrv3;;'x'\n".encode("cp1252")),
    "tabs": ("servers.tsv", b'name\tram\tnote\nsrv1\t 4 GB\t"a\nb"\nsrv2\t8\tok\nsrv3\t\tx\n'),
    "utf-16": ("servers.csv", "name,ram,note\nsrv1,4,Zürich\nsrv2,8,ok\nsrv3,,x\n".encode("utf-16")),
    "json": ("servers.json", json.dumps(RECORDS).encode()),
    "lines": ("servers.jsonl", "\n".join(map(json.dumps, RECORDS)).encode()),
    "workbook": ("servers.xlsx", workbook()),
}


@pytest.mark.parametrize("case", CAME)
def test_the_file_has_the_form_of_the_source_and_nothing_of_it_is_a_correction(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, case: str
):
    came = Came(con, tmp_path, *CAME[case])
    assert came.out.suffix == Path(CAME[case][0]).suffix
    again = intake.read(con, [came.out], tmp_path / "again")
    table = again.tables[0]
    assert [c.name for c in table.columns[: len(came.source.columns)]] == [c.name for c in came.source.columns]
    assert table.row_count == 2
    shapes = [(f.tables[0].encoding, f.tables[0].delimiter) for f in (came.intake.files[0], again.files[0])]
    assert shapes[0] == shapes[1]
    assert came.back(came.out) == []


def test_json_comes_back_with_its_objects_numbers_and_lists(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    came = Came(con, tmp_path, *CAME["json"])
    first = json.loads(came.out.read_text(encoding="utf-8"))[0]
    about = {
        "discovery_table": "servers",
        "discovery_line": 1,
        "discovery_row": 0,
        "discovery_reasons": "aws: too small",
    }
    assert first == {**RECORDS[0], **about}


def test_a_cell_of_a_workbook_is_text_and_its_correction_is_taken(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    came = Came(con, tmp_path, *CAME["workbook"])
    book = openpyxl.load_workbook(came.out)
    sheet = book["Servers"]
    assert [c.value for c in sheet[2]][:3] == ["srv1", "007", "=1+1"]
    assert {c.data_type for c in sheet[2]} == {"s"}
    sheet["B3"] = 64
    book.create_sheet("My notes", 0).append(["what", "ever"])
    book["My notes"].append(["I", "think"])
    book.save(came.out)
    came_back = intake.read(con, [came.out], tmp_path / "back").tables
    found = corrections.corrected(con, corrections.about(con, came_back, came.source), came.source)
    assert [(d.column, d.row, d.seen, d.after) for d in found] == [("ram", 2, None, "64")]


def test_what_a_spreadsheet_makes_of_a_csv_file_is_read(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    came = Came(con, tmp_path, "servers.csv", b"name,ram,note\nsrv1,4,x\nsrv2,8,ok\nsrv3,,x\n")
    text = came.out.read_text(encoding="utf-8").replace(",", ";").replace("srv3;;", "srv3;16;")
    came.out.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert came.back(came.out) == [("ram", 2, None, "16")]


def test_what_the_form_has_no_place_for_is_no_correction_and_stays(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    towns = "".join(f"srv{n};8;Köln-Süd, große Straße\n" for n in range(4, 60)).encode("cp1252")
    content = b"name;ram;note\nsrv1;4;gro\x81e Stra\x8de\nsrv2;8;ok\nsrv3;;x\n" + towns
    came = Came(con, tmp_path, "servers.csv", content)
    assert came.form.encoding == "cp1252"
    assert came.back(came.out) == []
    came.out.write_bytes(came.out.read_bytes().replace(b"srv1;4;", b"srv1;64;"))
    assert came.back(came.out) == [("ram", 0, "4", "64")]


def test_a_cell_that_a_workbook_cannot_hold_is_no_correction(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    came = Came(con, tmp_path, "servers.csv", f"name,note\nsrv1,a\x01b\nsrv2,ok\nsrv3,{'x' * 32_770}\n".encode())
    out = tmp_path / "servers.xlsx"
    corrections.rejected(con, came.source, [verdict(con, tmp_path)], out, Form(Kind.WORKBOOK))
    assert came.back(out) == []


def test_parquet_comes_as_csv(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    file = tmp_path / "servers.parquet"
    con.execute(f"COPY (SELECT 'srv' || n AS name, n AS ram FROM range(3) t(n)) TO '{file}' (FORMAT parquet)")
    read = intake.read(con, [file], tmp_path / "tables")
    assert form_of(read, "servers") == Form()
