"""Delimited text: lines are counted, rows are kept or rejected, the caller has the last word."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine import duck, intake
from discovery_pipeline.engine.intake import FileRead, Intake, Options
from discovery_pipeline.engine.intake.kinds import Kind, kind_of


@pytest.fixture(name="con")
def _con() -> duckdb.DuckDBPyConnection:
    return duck.connect()


def read(con: duckdb.DuckDBPyConnection, folder: Path, data: bytes | str, options: Options | None = None) -> Intake:
    source = folder / "hosts.csv"
    source.write_bytes(data.encode() if isinstance(data, str) else data)
    return intake.read(con, [source], folder / "tables", options)


def rows(con: duckdb.DuckDBPyConnection, found: Intake) -> list[tuple[object, ...]]:
    return con.execute(f"SELECT * FROM {duck.text(str(found.tables[0].path))}").fetchall()


def rejected(con: duckdb.DuckDBPyConnection, found: Intake) -> list[tuple[object, ...]]:
    return con.execute(f"SELECT line, reason, raw FROM {duck.text(str(found.rejected))}").fetchall()


def only(found: Intake) -> FileRead:
    return found.files[0]


def test_text_stays_text(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "id,serial,price\n00123,1e5,1.10\n00124, x ,\n")
    assert rows(con, found) == [("00123", "1e5", "1.10", 2), ("00124", " x ", None, 3)]


def test_a_row_after_a_cell_of_three_lines_knows_its_physical_line(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, 'id,note\n1,"a\nb\nc"\n2,d\n')
    assert [row[-1] for row in rows(con, found)] == [2, 5]


def test_lines_are_right_where_blank_lines_are_skipped(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, 'id,note\n1,"a\nb"\n\n\n2,c\n,\n3,d\n\n')
    assert [row[-1] for row in rows(con, found)] == [2, 6, 8]


def test_lines_count_from_the_top_of_the_file(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "Inventory\n\nid,cpus,note\n1,4,a\n2,8,b\n")
    assert [row[-1] for row in rows(con, found)] == [4, 5]
    assert only(found).tables[0].preamble_rows == 2


def test_a_row_with_a_value_too_many_is_rejected_with_line_and_text(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "id,name,cpus\n1,a,2\n2,b,c,4\n3,d,8\n4,e,8\n")
    assert rejected(con, found) == [(3, "4 cells where the table has 3", "2,b,c,4")]
    assert found.tables[0].row_count == 3
    assert only(found).tables[0].rejected_count == 1


def test_a_short_row_is_kept_and_said(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "id,name,cpus\n1,a,2\n2,b\n3,c,8\n")
    assert rows(con, found)[1] == ("2", "b", None, 3)
    assert [finding.rule for finding in found.findings] == ["intake.short_rows"]


def test_a_quote_that_never_closes_costs_no_other_row(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    more = "".join(f'{i},"host {i}",8\n' for i in range(3, 200))
    found = read(con, tmp_path, 'id,name,cpus\n1,"a",2\n2,"b,4\n' + more)
    assert found.tables[0].row_count == 199
    assert rows(con, found)[1] == ("2", '"b', "4", 3)


def test_notes_below_the_table_are_kept_among_the_rejected_rows(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "id,name,cpus\n1,a,2\n2,b,4\n\nSource: inventory\n")
    assert found.tables[0].row_count == 2
    assert [line for line, *_ in rejected(con, found)] == [5]


def test_headers_that_repeat_or_are_missing_get_names_of_their_own(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "id,name,name,\n1,a,b,c\n2,d,e,f\n")
    assert [column.name for column in found.tables[0].columns] == ["id", "name", "name_2", "column_4"]


def test_a_hostile_header_is_a_name_like_any_other(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    names = ['a"; DROP TABLE x; --', "__line", "file_row_number", "<script>", "😀", "مرحبا"]
    text = io.StringIO()
    csv.writer(text).writerows([names, [1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]])
    found = read(con, tmp_path, text.getvalue())
    assert [column.name for column in found.tables[0].columns] == names
    assert rows(con, found)[0] == ("1", "2", "3", "4", "5", "6", 2)


@pytest.mark.parametrize(
    ("options", "names", "count"),
    [
        (Options(header_rows=0), ["column_1", "column_2"], 3),
        (Options(header_rows=2), ["id 1", "a b 2 3"], 1),
        (Options(delimiter=" "), ["id,a", "b"], 2),
        (Options(skip_rows=1, header_rows=1), ["1", "2 3"], 1),
    ],
)
def test_what_is_given_overrules_what_is_detected(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, options: Options, names: list[str], count: int
):
    found = read(con, tmp_path, "id,a b\n1,2 3\n4,5 6\n", options)
    assert [column.name for column in found.tables[0].columns] == names
    assert found.tables[0].row_count == count


def test_a_given_encoding_overrules_the_detected_one(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    data = "name,n\nŁódź,1\n".encode("cp1250")
    assert rows(con, read(con, tmp_path, data, Options(encoding="cp1250"))) == [("Łódź", "1", 2)]


def test_an_unknown_encoding_is_said(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "a,b\n1,2\n", Options(encoding="utf-9"))
    assert "no encoding named 'utf-9'" in (only(found).reason or "")


def test_lines_of_two_encodings_are_both_right(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    data = "name,n\nJosé,1\nZoë,2\n".encode() + "Müller,3\n".encode("cp1252")
    found = read(con, tmp_path, data)
    assert [row[0] for row in rows(con, found)] == ["José", "Zoë", "Müller"]
    assert "intake.mixed_encodings" in {finding.rule for finding in found.findings}


def test_a_text_of_nothing_but_a_header_is_refused_unless_wanted(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    assert "header but no rows" in (only(read(con, tmp_path, "id,name\n")).reason or "")
    kept = read(con, tmp_path, "id,name\n", Options(keep_rowless=True))
    assert [column.name for column in kept.tables[0].columns] == ["id", "name"]
    assert rows(con, kept) == []


def test_detection_says_why(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    reasons = " ".join(only(read(con, tmp_path, "id;cpus\n1;2\n2;4\n")).tables[0].reasons)
    assert "UTF-8" in reasons
    assert "semicolon" in reasons
    assert "names the columns" in reasons


cells = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.sampled_from("\n,"), max_size=8)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=2, max_size=12))
def test_what_a_proper_writer_wrote_comes_back(table: list[list[str]]):
    con = duck.connect()
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["key", "name", "note"], *table])
    options = Options(delimiter=",", quote='"', header_rows=1, skip_rows=0, keep_rowless=True)
    with TemporaryDirectory() as folder:
        found = read(con, Path(folder), text.getvalue(), options)
        full = [tuple(cell or None for cell in row) for row in table if any(row)]
        assert [row[:-1] for row in rows(con, found)] == full
        assert rejected(con, found) == []


def test_a_header_that_repeats_below_is_no_row(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "id,cpus\n1,4\nid,cpus\n2,8\n")
    assert [row[0] for row in rows(con, found)] == ["1", "2"]
    assert rejected(con, found) == [(3, "the header once more, not a row", "id,cpus")]


def test_a_line_drawn_under_the_header_is_no_row(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "id|name|cpus\n---|---|---\n1|a|4\n2|b|8\n")
    assert [column.name for column in found.tables[0].columns] == ["id", "name", "cpus"]
    assert found.tables[0].row_count == 2


def test_a_lone_return_inside_a_cell_stays_there(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "id,note\n1,x\ry\n2,z\n3,w\n")
    assert rows(con, found)[0] == ("1", "x\ry", 2)


def test_rows_without_values_at_the_end_cost_nothing(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "id,cpus\n1,4\n2,8\n,\n,\n")
    assert rows(con, found) == [("1", "4", 2), ("2", "8", 3)]
    assert [(finding.rule, finding.count) for finding in found.findings] == [("intake.empty_rows", 2)]


PSQL = " id |   name   | city\n----+----------+------\n  1 | Ann Lee  | Bern\n  2 | Bob      |\n(2 rows)\n"
MYSQL = (
    "+----+---------+------+\n| id | name    | city |\n+----+---------+------+\n|  1 | Ann Lee | Bern |\n"
    "|  2 | Bob     |      |\n+----+---------+------+\n2 rows in set (0.00 sec)\n"
)
MARKDOWN = "# People\n\n| id | name | city |\n|---:|:-----|------|\n| 1 | Ann Lee | Bern |\n| 2 | Bob | |\n"
RULED = "id name     city\n-- -------- ----\n 1 Ann Lee  Bern\n 2 Bob\n"
BLOCK = "id  name      city\n 1  Ann Lee   Bern\n 2  Bob\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [(PSQL, (3, 4)), (MYSQL, (4, 5)), (MARKDOWN, (5, 6)), (RULED, (3, 4)), (BLOCK + " 3  Eve       Rom\n", (2, 3))],
    ids=["psql", "mysql", "markdown", "dashes", "block"],
)
def test_a_drawn_table_is_read_without_what_draws_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, text: str, lines: tuple[int, int]
):
    found = read(con, tmp_path, text)
    assert [column.name for column in found.tables[0].columns] == ["id", "name", "city"]
    assert rows(con, found)[:2] == [("1", "Ann Lee", "Bern", lines[0]), ("2", "Bob", None, lines[1])]
    assert not any(raw for _, _, raw in rejected(con, found) if "Ann" in str(raw))


def test_thousands_in_a_drawn_column_part_nothing(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    people = (("Ann Lee", "New York", "1,200"), ("Bob", "Rome", "950"), ("Eve M.", "San Jose", "2,3"))
    lines = [f"{name:<12}{city:<12}{salary:>8}\n" for name, city, salary in (("NAME", "CITY", "SALARY"), *people)]
    assert [row[:3] for row in rows(con, read(con, tmp_path, "".join(lines)))] == list(people)


@pytest.mark.parametrize(
    "text",
    [
        "-- a dump\nSET x = 0;\nCREATE TABLE t (\n  id int\n);\nCOPY t (id) FROM stdin;\n1\n\\.\n",
        "/*!40101 SET NAMES utf8 */;\nCREATE TABLE `t` (`id` int);\nINSERT INTO `t` VALUES (1)",
        "INSERT INTO t VALUES (1, 'a'), (2, 'b');\n",
    ],
)
def test_a_dump_of_a_database_is_refused_with_what_to_do(con: duckdb.DuckDBPyConnection, tmp_path: Path, text: str):
    refused = only(read(con, tmp_path, text))
    assert refused.status == "refused"
    assert "postgresql://" in (refused.reason or "")


@pytest.mark.parametrize("header", ["set,name", "use;copy", "insert,into", "create"])
def test_headers_may_be_words_of_sql(con: duckdb.DuckDBPyConnection, tmp_path: Path, header: str):
    assert only(read(con, tmp_path, f"{header}\n1,2\n3,4\n")).status == "read"


@pytest.mark.parametrize("begun", ["/* a */\n" * 24, "set x;\n" + "copy " * 13_000], ids=["remarks", "words"])
def test_what_only_begins_like_sql_is_told_at_once(tmp_path: Path, begun: str):
    file = tmp_path / "x.txt"
    file.write_text(f"{begun}\nid,name\n1,2\n")
    since = time.process_time()
    assert kind_of(file) is Kind.DELIMITED
    assert time.process_time() - since < 3


@pytest.mark.parametrize(
    ("codec", "names"),
    [
        ("cp1250", ["Jméno", "Žižka", "Dvořák", "Třebíč", "Kovář", "Děčín"]),
        ("cp1252", ["Kunde", "Müller", "Weiß", "Öztürk", "Jäger"]),
        ("cp1252", ["Nom", "Crème", "Hélène", "François", "Çelik", "Noël"]),
        ("cp1252", ["Naam", "it’s", "don’t", "“quoted”", "Zoë", "café"]),
        ("mac_roman", ["Kunde", "Müller", "Weiß", "Öztürk", "Jäger"]),
        ("koi8_r", ["Имя", "Иван Петров", "Ольга", "Сергей", "Казань"]),
        ("cp1251", ["Имя", "Иван Петров", "Ольга", "Сергей", "Казань"]),
        ("cp932", ["名前", "田中太郎", "東京都", "鈴木花子", "大阪市", "高橋一郎"]),
        ("euc_jp", ["氏名", "田中太郎", "東京都", "鈴木花子", "大阪市", "高橋一郎"]),
        ("iso2022_jp", ["品名", "りんご", "バナナ", "みかん"]),
        ("utf-16-le", ["氏名", "田中太郎", "東京都", "鈴木花子", "大阪市", "高橋一郎"]),
        ("utf-16-be", ["氏名", "田中太郎", "東京都", "鈴木花子", "大阪市", "高橋一郎"]),
        ("gb18030", ["姓名", "张伟", "王芳喆", "朱镕基", "北京市朝阳区", "上海市浦东新区", "说明㐀", "杭州市"]),
        ("cp1254", ["Adı", "İbrahim Şahin", "Gül Öztürk", "Ayşe Çağlar", "Iğdır", "müşteri", "ödeme"]),
        ("cp1257", ["Vārds", "Jānis Bērziņš", "Līga Kļaviņa", "Ģirts Šķēle", "Liepāja"]),
    ],
)
def test_a_few_words_tell_which_encoding_they_are_in(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, codec: str, names: list[str]
):
    data = "".join(f"{name};{n}\n" for n, name in enumerate(names)).encode(codec)
    found = read(con, tmp_path, data)
    header = [column.name for column in only(found).tables[0].table.columns]
    assert [header[0], *(row[0] for row in rows(con, found))] == names or names == [row[0] for row in rows(con, found)]


def test_xml_without_a_declaration_is_refused_as_xml(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    data = "<rows><row><sku>A1</sku><name>Lamp 1</name></row>\n<row><sku>A2</sku><name>Lamp 2</name></row></rows>\n"
    assert "XML" in (only(read(con, tmp_path, data)).reason or "")


@pytest.mark.parametrize("delimiter", ["~|~", "|^|", "|@|", " , "])
def test_a_delimiter_may_be_several_signs(con: duckdb.DuckDBPyConnection, tmp_path: Path, delimiter: str):
    lines = [("host", "ip", "cpus"), *((f"web{n}", f"10.0.0.{n}", str(n)) for n in range(1, 6))]
    found = read(con, tmp_path, "".join(delimiter.join(line) + "\n" for line in lines))
    assert [column.name for column in found.tables[0].columns] == list(lines[0])
    assert [row[:3] for row in rows(con, found)] == lines[1:]


@pytest.mark.parametrize(
    "values",
    [
        [f"srv{n:03d}.corp.example.com" for n in range(9)],
        [f"10.0.{n}.{n * 7}" for n in range(9)],
        [f"00:1b:44:11:3a:{n:02x}" for n in range(9)],
        [f"2024-01-0{n} 10:00:00" for n in range(1, 9)],
    ],
    ids=["names", "addresses", "macs", "times"],
)
def test_a_list_of_addresses_or_times_is_one_column(con: duckdb.DuckDBPyConnection, tmp_path: Path, values: list[str]):
    found = read(con, tmp_path, "\n".join(["asset", *values]))
    assert [column.name for column in found.tables[0].columns] == ["asset"]
    assert [row[0] for row in rows(con, found)] == values


def test_lines_in_quotes_as_a_whole_are_taken_out_of_them(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, '"id,name,note"\n"1,""web, one"",a"\n"2,db,b"\n')
    assert [column.name for column in found.tables[0].columns] == ["id", "name", "note"]
    assert rows(con, found) == [("1", "web, one", "a", 2), ("2", "db", "b", 3)]


def test_a_column_of_prose_in_quotes_stays_one(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, '"remark"\n"old, but works"\n"new"\n"moved, twice, since"\n')
    assert [row[0] for row in rows(con, found)] == ["old, but works", "new", "moved, twice, since"]


def test_comments_within_a_table_are_kept_apart(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "# tool\nhost,cpus,os\nweb,4,a\n# second part\ndb,8,b\n#7,2,c\n")
    assert [row[0] for row in rows(con, found)] == ["web", "db", "#7"]
    assert rejected(con, found) == [(4, "a comment, not a row", "# second part")]
    assert "intake.comments" in {finding.rule for finding in only(found).tables[0].findings}


def test_titles_of_further_pages_are_no_rows(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    pages = [f"Hosts  Page {page}\n\nno,host,ip\n1{page},web{page},10.0.0.{page}\n\n" for page in (1, 2, 3)]
    found = read(con, tmp_path, "".join(pages))
    assert [row[0] for row in rows(con, found)] == ["11", "12", "13"]
    assert [line for line, *_ in rejected(con, found)] == [6, 8, 11, 13]


def test_the_end_that_dos_marks_is_no_row(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    assert rows(con, read(con, tmp_path, "a,b\r\n1,2\r\n\x1a")) == [("1", "2", 2)]


def test_a_box_of_lines_is_a_table(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(
        con, tmp_path, "┌────┬──────┐\n│ id │ name │\n├────┼──────┤\n│ 1  │ web  │\n│ 2  │ db   │\n└────┴──────┘\n"
    )
    assert [row[:2] for row in rows(con, found)] == [("1", "web"), ("2", "db")]


def test_markdown_may_say_where_its_columns_stand(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "| host | os | ram |\n| :-: | -: | --- |\n| web | a | 4 |\n| db | b | 8 |\n")
    assert [column.name for column in found.tables[0].columns] == ["host", "os", "ram"]
    assert [row[:3] for row in rows(con, found)] == [("web", "a", "4"), ("db", "b", "8")]


def test_a_block_of_columns_may_stand_under_a_title(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    body = "".join(f"{'IT' + str(n):<10}{'Nail, ' + str(n) + 'cm':<16}{n:>4}\n" for n in range(1, 6))
    found = read(con, tmp_path, f"STOCK               PAGE 1\n\n{'ITEM':<10}{'NAME':<16}{'QTY':>4}\n{body}")
    assert [column.name for column in found.tables[0].columns] == ["ITEM", "NAME", "QTY"]
    assert rows(con, found)[0] == ("IT1", "Nail, 1cm", "1", 4)


def test_a_header_has_no_more_rows_than_it_names(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "Name,web1,web2\nIP,10.0.0.1,10.0.0.2\nOS,Linux,AIX\nRAM,4,8\n")
    assert only(found).tables[0].header_rows == 1


def test_files_joined_with_their_byte_order_marks_are_one_table(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    found = read(con, tmp_path, "\ufeffa,b\n1,x\n\ufeffa,b\n2,y\n")
    assert rows(con, found) == [("1", "x", 2), ("2", "y", 4)]
    assert [line for line, *_ in rejected(con, found)] == [3]


def test_a_listing_with_a_word_a_column_is_a_table(con: duckdb.DuckDBPyConnection, tmp_path: Path):
    body = "".join(
        f"{'/dev/sd' + mark:<12}{n * 10:>4}G {n * 3:>4}G {n:>3}% /mnt/{mark}\n" for n, mark in enumerate("abcd", 1)
    )
    found = read(con, tmp_path, f"{'Filesystem':<12} Size  Used Use% Mounted\n{body}")
    assert [column.name for column in found.tables[0].columns] == ["Filesystem", "Size", "Used", "Use%", "Mounted"]
    assert rows(con, found)[0] == ("/dev/sda", "10G", "3G", "1%", "/mnt/a", 2)
