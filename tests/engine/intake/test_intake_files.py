"""Files of every kind: read, or refused with a reason; none stops the others."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import duckdb
import openpyxl
import pytest

from discovery_pipeline.engine import duck, intake
from discovery_pipeline.engine.intake import Intake, Options


@pytest.fixture(name="con")
def _con() -> duckdb.DuckDBPyConnection:
    return duck.connect()


def read(con: duckdb.DuckDBPyConnection, folder: Path, name: str, data: bytes | str) -> Intake:
    source = folder / name
    source.write_bytes(data.encode() if isinstance(data, str) else data)
    return intake.read(con, [source], folder / "tables")


def rows(con: duckdb.DuckDBPyConnection, found: Intake, at: int = 0) -> list[tuple[object, ...]]:
    return con.execute(f"SELECT * FROM {duck.text(str(found.tables[at].path))}").fetchall()


def workbook(sheets: dict[str, list[list[object]]], *, merged: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
        for where in merged:
            sheet.merge_cells(where)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.csv", b"", "0 bytes"),
        ("blank.csv", b"\n\n \n", "no rows"),
        ("bom.csv", b"\xef\xbb\xbf", "no rows"),
        ("report.csv", b"%PDF-1.7\n", "PDF"),
        ("photo.csv", b"\x89PNG\r\n\x1a\n", "PNG"),
        ("noise.csv", bytes(range(256)) * 50, "binary"),
        ("zeros.csv", b"\0" * 5000, "binary"),
        ("page.xls", b"<html><table><tr><td>1</td></tr></table></html>", "HTML"),
        ("broken.xlsx", b"PK\x03\x04 and then nothing", "damaged"),
        ("broken.parquet", b"PAR1 and then nothing PAR1", "damaged"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "damaged"),
        ("wide.csv", b",".join(b"c%d" % i for i in range(300_000)) + b"\n1\n", "columns"),
        ("cut.json", b'[{"a": 1}, {"a"', "not valid JSON"),
        ("nan.json", b'[{"a": NaN}]', "NaN is not"),
        ("infinite.json", b'[{"a": -Infinity}]', "Infinity is not"),
        ("deep.json", b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        ("deeper.json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        ("two.json", b"[1][2]", "not valid JSON"),
        ("number.json", b"{}", "no records"),
        ("none.jsonl", b"{\n}\n", "None of its lines"),
    ],
)
def test_what_holds_no_table_is_refused_with_a_reason(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, data: bytes, reason: str
):
    found = read(con, tmp_path, name, data)
    assert found.files[0].status == "refused"
    assert reason in (found.files[0].reason or "")
    assert found.rejected.is_file()


def test_a_bad_file_does_not_stop_the_others(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    good, bad, folder = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "folder"
    folder.mkdir()
    good.write_text("id,n\n1,2\n")
    bad.write_bytes(b"")
    (folder / "a.csv").write_text("id,n\n3,4\n")
    found = intake.read(con, [tmp_path / "missing.csv", bad, good, folder], tmp_path / "tables")
    assert [file.status for file in found.files] == ["refused", "refused", "read", "read"]
    assert [table.name for table in found.tables] == ["a", "a_2"]


def test_hidden_files_and_folders_are_not_read(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    for name in ("a.csv", ".b.csv", ".git/c.csv", ".discovery/artifacts/d.csv", "deep/er/e.csv", "out/f.csv"):
        place = tmp_path / "all" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("id,n\n1,2\n")
    found = intake.read(con, [tmp_path / "all"], tmp_path / "tables")
    assert [table.name for table in found.tables] == ["a", "e", "f"]
    left = intake.inside(tmp_path / "all", without=tmp_path / "all" / "out")
    assert [file.name for file in left] == ["a.csv", "e.csv"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_opened_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    source = tmp_path / "secret.csv"
    source.write_text("id,n\n1,2\n")
    source.chmod(0)
    assert "permission" in (intake.read(con, [source], tmp_path / "tables").files[0].reason or "").lower()


def test_each_sheet_is_a_table_below_its_titles(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    hosts = [
        ["All hosts"],
        [],
        ["Host", "CPUs", "Since"],
        ["a", 4, date(2020, 5, 1)],
        ["b", 8.5, datetime(2021, 1, 2, 3)],
    ]
    data = workbook({"Hosts": hosts, "Apps": [["App", "Cost"], ["mail", "=1+1"], ["web", 3]], "Empty": []})
    found = read(con, tmp_path, "estate.xlsx", data)
    assert [table.name for table in found.tables] == ["estate.Hosts", "estate.Apps"]
    assert rows(con, found) == [("a", "4", "2020-05-01", 4), ("b", "8.5", "2021-01-02T03:00:00", 5)]


def test_a_workbook_of_one_sheet_is_named_by_its_file(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "estate.xlsx", workbook({"Sheet1": [["Host", "CPUs"], ["a", 4]]}))
    assert [table.name for table in found.tables] == ["estate"]


def test_merged_headers_name_the_columns_under_them(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    lines = [["Host", "Size", None], [None, "CPUs", "RAM"], ["a", 4, 16], ["b", 8, 32], ["c", 2, 4]]
    found = read(con, tmp_path, "estate.xlsx", workbook({"Sheet1": lines}))
    assert [column.name for column in found.tables[0].columns] == ["Host", "Size CPUs", "Size RAM"]


def test_numbers_in_json_keep_their_digits(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    text = '[{"a": 1.10, "b": 1e9999, "c": 123456789012345678901234567890, "d": {"e": [1.0, null], "f": true}}]'
    found = read(con, tmp_path, "x.json", text)
    assert [column.name for column in found.tables[0].columns] == ["a", "b", "c", "d.e", "d.f"]
    assert rows(con, found) == [("1.10", "1e9999", "123456789012345678901234567890", "[1.0,null]", "true", 1)]


def test_a_document_of_several_arrays_gives_several_tables(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    text = json.dumps({"hosts": [{"id": 1}], "apps": [{"id": 2, "name": "x"}, {"name": "y"}]})
    found = read(con, tmp_path, "x.json", text)
    assert [table.name for table in found.tables] == ["x.hosts", "x.apps"]
    assert rows(con, found, 1) == [("2", "x", 1), (None, "y", 2)]


def test_names_that_repeat_in_json_are_kept_apart(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "x.json", '[{"a": 1, "a": 2}]')
    assert rows(con, found) == [("1", "2", 1)]


def test_half_a_surrogate_pair_is_kept_as_it_was_written(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "x.json", r'[{"a\udc00": "b\ud800"}]')
    assert found.tables[0].columns[0].name == r"a\udc00"
    assert rows(con, found) == [(r"b\ud800", 1)]


@pytest.mark.parametrize("none", ["", None, {}])
def test_a_missing_object_is_no_column_of_its_own(con: duckdb.DuckDBPyConnection, tmp_path: Path, none: object):
    owner = {"display_value": "Ann", "link": "/users/1"}
    found = read(con, tmp_path, "x.json", json.dumps([{"owner": none, "n": 1}, {"owner": owner, "n": ""}]))
    assert [c.name for c in found.tables[0].columns] == ["n", "owner.display_value", "owner.link"]
    assert [c.position for c in found.tables[0].columns] == [0, 1, 2]
    assert [row[:3] for row in rows(con, found)] == [("1", None, None), (None, "Ann", "/users/1")]


def test_a_value_beside_objects_is_kept(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "x.json", json.dumps([{"owner": "Bob"}, {"owner": {"name": "Ann"}}]))
    assert [c.name for c in found.tables[0].columns] == ["owner", "owner.name"]


def test_a_bad_line_of_json_lines_is_rejected_alone(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "x.jsonl", '{"a": 1}\n{"a": \n\n{"a": 3, "b": 4}\n')
    assert rows(con, found) == [("1", None, 1), ("3", "4", 4)]
    kept = con.execute(f"SELECT line, raw FROM {duck.text(str(found.rejected))}").fetchall()
    assert kept == [(2, '{"a": ')]


def test_parquet_keeps_the_types_it_declares(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    source = tmp_path / "x.parquet"
    con.execute(f"COPY (SELECT 1::BIGINT AS id, DATE '2020-01-02' AS day, [1, 2] AS list, '' AS none) TO '{source}'")
    found = intake.read(con, [source], tmp_path / "tables")
    assert rows(con, found) == [("1", "2020-01-02", "[1,2]", None, 1)]
    assert [column.declared_type for column in found.tables[0].columns][:2] == ["BIGINT", "DATE"]


def test_an_archive_is_unpacked_under_harmless_names(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../evil.csv", "id,n\n1,2\n")
        archive.writestr("C:\\win\\other.csv", "id,n\n3,4\n")
        archive.writestr("__MACOSX/._x.csv", "junk")
        archive.writestr("note.pdf", "%PDF-1.4")
        archive.writestr("inner.zip", b"PK\x05\x06" + b"\0" * 18)
    found = read(con, tmp_path, "all.zip", data.getvalue())
    assert [table.name for table in found.tables] == ["evil", "other"]
    assert {table.path.parent for table in found.tables} == {tmp_path / "tables"}
    assert [file.status for file in found.files] == ["read", "read", "refused", "refused"]


def test_a_bomb_in_an_archive_is_refused_alone(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.csv", "id,n\n1,2\n")
        archive.writestr("bomb.csv", b"0" * 80_000_000)
    found = read(con, tmp_path, "all.zip", data.getvalue())
    assert [file.status for file in found.files] == ["read", "refused"]
    assert "far more" in (found.files[1].reason or "")


@pytest.mark.parametrize(
    ("name", "content"), [("servers.csv.gz", b"id,n\n1,2\n"), ("servers.json.GZ", b'[{"id": "1", "n": "2"}]')]
)
def test_what_gzip_packed_is_read_under_its_own_name(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, content: bytes
):
    found = read(con, tmp_path, name, gzip.compress(content))
    assert [(file.file, file.status) for file in found.files] == [(name, "read")]
    assert [(table.name, table.source.file, table.row_count) for table in found.tables] == [("servers", name, 1)]
    assert not list((tmp_path / "tables").glob(".*"))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (gzip.compress(b"0" * 80_000_000), "far more"),
        (gzip.compress(b"id,n\n1,2\n" * 9_000)[:-9], "can't be unpacked"),
        (b"\x1f\x8b\x08\x00", "can't be unpacked"),
        (gzip.compress(gzip.compress(b"id,n\n1,2\n")), "archive inside an archive"),
        (gzip.compress(b""), "empty"),
        (gzip.compress(b"%PDF-1.7"), "PDF"),
    ],
)
def test_what_gzip_packed_badly_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes, why: str):
    (file,) = read(con, tmp_path, "servers.csv.gz", content).files
    assert file.status == "refused"
    assert why in (file.reason or "")


def test_cells_that_look_filled_and_are_read_as_empty_are_told(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["host", "label", "owner"])
    for row in range(2, 5):
        sheet.append([f"web{row}", f'=A{row}&"x"', "#N/A"])
        sheet.cell(row, 3).data_type = "e"
    data = io.BytesIO()
    book.save(data)
    found = read(con, tmp_path, "estate.xlsx", data.getvalue())
    told = {note.rule: note.count for note in found.files[0].tables[0].findings}
    assert (told["intake.uncalculated"], told["intake.error_cells"]) == (3, 3)


def test_a_workbook_without_formulas_is_told_nothing_of_them(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "estate.xlsx", workbook({"A": [["x", "y"], [1, "=f"[1:]], [3, None]]}))
    assert not [note.rule for note in found.files[0].tables[0].findings if note.rule != "intake.short_rows"]


@pytest.mark.parametrize("codec", ["cp037", "cp500", "cp1140", "cp273"])
def test_text_of_a_mainframe_is_told_by_name_instead_of_being_read_as_gibberish(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, codec: str
):
    text = "name,ip,os\r\n" + "".join(f"srv{n},10.0.0.{n},LINUX\r\n" for n in range(9))
    (file,) = read(con, tmp_path, "servers.csv", text.encode(codec)).files
    assert file.status == "refused"
    assert "EBCDIC" in (file.reason or "")


def test_a_long_word_of_letters_that_a_mainframe_has_for_marks_is_no_text_of_one(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
):
    (file,) = read(con, tmp_path, "servers.csv", b"a" * 70_000 + b",b\n1,2\n").files
    assert "EBCDIC" not in (file.reason or "")


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1251", "имя;город\nсервер;Москва\nхост;Тверь\n"),
        ("cp1253", "όνομα;πόλη\nδιακομιστής;Αθήνα\n"),
        ("cp932", "名前,都市\nサーバ,東京\n"),
        ("latin-1", "é\nà\nü\n"),
    ],
)
def test_text_in_other_alphabets_is_no_mainframes(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, codec: str, text: str
):
    (file,) = read(con, tmp_path, "servers.csv", text.encode(codec)).files
    assert file.status == "read"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PARE\x15\x00\x01PARE", "an encrypted Parquet file"),
        (b"-----BEGIN PGP MESSAGE-----\n\nhQEMA0\n=abcd\n-----END PGP MESSAGE-----\n", "encrypted with PGP"),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nname,ip\na,10.0.0.1\n", "signed with PGP"),
        (b"ORC\n\x05\x00\x01name", "an ORC file"),
    ],
)
def test_what_has_to_be_opened_first_is_told_by_name(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes, what: str
):
    (file,) = read(con, tmp_path, "servers.csv", content).files
    assert (file.status, what in (file.reason or "")) == ("refused", True)


@pytest.mark.parametrize("header", ["ORCID", "ARROW1", "GIF8"])
def test_a_header_that_begins_like_another_kind_of_file_is_a_header(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, header: str
):
    (file,) = read(con, tmp_path, "people.csv", f"{header},name\n1,Zoë\n2,Ben\n".encode()).files
    assert file.status == "read"


@pytest.mark.parametrize("content", [b"\xe9", "aå".encode()])
def test_a_letter_or_two_are_not_taken_for_a_mainframes(con: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes):
    (file,) = read(con, tmp_path, "servers.json", content).files
    assert "not valid JSON" in (file.reason or "")


def test_a_line_without_end_is_rejected_in_bounded_memory(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "x.csv", "id,n\n1,2\n" + "x" * 9_000_000 + "\n3,4\n")
    assert rows(con, found) == [("1", "2", 2), ("3", "4", 4)]
    kept = con.execute(f"SELECT line, length(raw) FROM {duck.text(str(found.rejected))}").fetchall()
    assert kept == [(3, 100_000)]


def test_only_the_sheets_asked_for_are_read(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    source = tmp_path / "estate.xlsx"
    source.write_bytes(workbook({"A": [["x", "y"], [1, 2]], "B": [["x", "y"], [3, 4]]}))
    found = intake.read(con, [source], tmp_path / "tables", Options(sheets=("B",)))
    assert rows(con, found) == [("3", "4", 2)]


def test_the_fields_beside_an_arrays_records_are_a_table_by_the_files_name(con, tmp_path):
    data = json.dumps({"kind": "List", "items": [{"name": "a"}, {"name": "b"}]})
    assert [t.name for t in read(con, tmp_path, "pods.json", data).tables] == ["pods.items", "pods"]


def test_a_refusal_doesnt_say_where_on_the_machine_the_file_lies(con, tmp_path):
    (refused,) = read(con, tmp_path, "bill.parquet", b"PAR1" + b"x" * 100).files
    assert refused.reason
    assert str(tmp_path) not in refused.reason


def test_a_pipe_is_no_file(con, tmp_path):
    os.mkfifo(pipe := tmp_path / "pipe.csv")
    (refused,) = intake.read(con, [pipe], tmp_path / "tables").files
    assert "pipe" in (refused.reason or "")


def test_a_name_that_is_no_text_is_said_to_be_so(con, tmp_path):
    named = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv"))
    named.write_text("a,b\n1,2\n")
    (refused,) = intake.read(con, [named], tmp_path / "tables").files
    assert "not valid UTF-8" in (refused.reason or "")


def test_a_total_below_the_rows_is_kept_as_a_note(con, tmp_path):
    lines = ["host,ip,cpu,ram", *(f"h{n},10.0.0.{n},2,8" for n in range(1, 9)), "Total,8,,", "-- end of report --"]
    found = read(con, tmp_path, "servers.csv", "\n".join(lines))
    assert (found.tables[0].row_count, found.files[0].tables[0].rejected_count) == (8, 2)


@pytest.mark.parametrize(
    "below", [["Summe,8,,"], ["Total,,8,", ",,,", "Source: CMDB,,,"], [",,,", "made by Ann,,,", "for Bob,,,"]]
)
def test_notes_padded_to_the_tables_width_are_notes_all_the_same(con, tmp_path, below: list[str]):
    lines = ["host,ip,cpu,ram", *(f"h{n},10.0.0.{n},2,8" for n in range(1, 9)), *below]
    found = read(con, tmp_path, "servers.csv", "\n".join(lines))
    kept = sum(bool(line.strip(",")) for line in below)
    assert (found.tables[0].row_count, found.files[0].tables[0].rejected_count) == (8, kept)


def test_a_total_amid_the_rows_is_a_row(con, tmp_path):
    lines = ["team,cpu,ram,disk", *(f"t{n},1,2,3" for n in range(6)), "Total,8,,", *(f"t{n},1,2,3" for n in range(6))]
    assert read(con, tmp_path, "teams.csv", "\n".join(lines)).tables[0].row_count == 13


HOSTS = [["host", "cpu", "ram"], *([f"h{n}", n, 8] for n in range(1, 7))]
APPS = [["app", "owner", "since"], ["mail", "Ann", "2020-01-01"], ["web", "Bob", "2021-01-01"]]


def suspects(con: duckdb.DuckDBPyConnection, tmp_path: Path, lines: list[list[object]]) -> list[tuple[str, object]]:
    """What is suspected in these lines as a sheet, and as text."""
    told = ("intake.totals", "intake.tables_below", "intake.tables_beside")
    text = "\n".join(",".join(str(cell or "") for cell in line) for line in lines)
    found = [
        read(con, tmp_path, "a.xlsx", workbook({"Sheet1": lines})),
        read(con, tmp_path, "b.csv", text),
    ]
    return [(f.rule.removeprefix("intake."), f.examples) for one in found for f in one.findings if f.rule in told]


def test_a_total_that_fills_the_row_is_told(con, tmp_path):
    assert suspects(con, tmp_path, [*HOSTS, ["Summe", 21, 48]]) == [("totals", ("line 8",))] * 2


def test_another_table_below_is_told(con, tmp_path):
    assert suspects(con, tmp_path, [*HOSTS, [], *APPS]) == [("tables_below", ("line 9",))] * 2
    assert suspects(con, tmp_path, [*HOSTS, [], ["Our apps"], *APPS]) == [("tables_below", ("line 10",))] * 2


OWNERS = [["host", "owner", "site"], *([f"host {c}", f"Person {c}", "Bern"] for c in "abcdef")]
SITES = [["site", "country"], ["Bern", "Switzerland"], ["Graz", "Austria"], ["Ulm", "Germany"]]


def test_another_table_of_words_below_is_told(con, tmp_path):
    assert suspects(con, tmp_path, [*OWNERS, [], *SITES]) == [("tables_below", ("line 9",))] * 2
    assert suspects(con, tmp_path, [*OWNERS, [], ["Our sites"], *SITES]) == [("tables_below", ("line 10",))] * 2


def test_another_table_beside_is_told(con, tmp_path):
    beside = [[*host, None, *app] for host, app in zip(HOSTS, [*APPS, *[[None] * 3] * 4], strict=True)]
    assert suspects(con, tmp_path, beside)[0] == ("tables_beside", ("ram | app",))


@pytest.mark.parametrize(
    "lines",
    [
        [*HOSTS, [], ["h9", 2, 4], [], ["h10", 2, 4]],
        [["kind", "who", "n"], *([kind, "m", 1] for kind in ("total", "a", "b") * 4)],
        [["host", "owner", "ram"], *([f"h{n}", "Ann", 8] for n in range(6)), [], ["h9", "unknown", "n/a"]],
        [*OWNERS, [], *OWNERS[2:], [], ["host x", "Person y"], ["host z", "Person z", "Ulm"]],
        [*OWNERS, [], ["host x", "Person y"], [], ["host v", "Person v"]],
    ],
    ids=["blank rows", "totals throughout", "words for nothing", "groups", "gaps"],
)
def test_what_is_no_other_table_is_not(con, tmp_path, lines: list[list[object]]):
    assert suspects(con, tmp_path, lines) == []


@pytest.mark.parametrize("to", ["nowhere.csv", "link.csv"], ids=["nowhere", "itself"])
def test_a_link_that_leads_to_no_file_says_so(con, tmp_path, to: str):
    (tmp_path / "link.csv").symlink_to(to)
    (refused,) = intake.read(con, [tmp_path / "link.csv"], tmp_path / "tables").files
    assert "link" in (refused.reason or "")


def test_a_link_in_an_archive_is_not_read_as_what_it_leads_to(con, tmp_path):
    linked = zipfile.ZipInfo("link.csv")
    linked.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(linked, "a,b\n1,2\n")
        archive.writestr("servers.csv", "a,b\n1,2\n")
    link, servers = intake.read(con, [tmp_path / "all.zip"], tmp_path / "tables").files
    assert (link.status, servers.status) == ("refused", "read")
    assert "link" in (link.reason or "")


def test_a_cell_merged_over_several_rows_is_the_value_of_each_of_them(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    lines: list[list[object]] = [["site", "rack", "unit"], ["Wien", "R1", 1], [None, None, 2], ["Graz", "R2", 3]]
    found = read(con, tmp_path, "racks.xlsx", workbook({"A": [[], *lines]}, merged=("A3:A4", "B3:B4")))
    cells = con.execute(f"SELECT * EXCLUDE (__line) FROM {duck.text(str(found.tables[0].path))}").fetchall()
    assert cells == [("Wien", "R1", "1"), ("Wien", "R1", "2"), ("Graz", "R2", "3")]
    assert {note.rule: note.count for note in found.files[0].tables[0].findings}["intake.merged_cells"] == 2


def test_what_is_merged_beyond_the_last_row_makes_no_row(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    lines: list[list[object]] = [["site", "unit"], ["Wien", 1], [None, 2], [], [], ["Graz", 3]]
    found = read(con, tmp_path, "racks.xlsx", workbook({"A": lines}, merged=("A2:A5",)))
    assert found.tables[0].row_count == 3


def test_a_header_cell_merged_over_both_rows_is_a_name_and_groups_go_on(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    head: list[list[object]] = [["Host", "Network", None, "Owner"], [None, "IP", "VLAN", None]]
    data = workbook({"A": [*head, *([f"h{n}", f"10.0.0.{n}", n, "ops"] for n in range(9))]}, merged=("A1:A2", "D1:D2"))
    found = read(con, tmp_path, "hosts.xlsx", data)
    assert [column.name for column in found.tables[0].columns] == ["Host", "Network IP", "Network VLAN", "Owner"]
