"""JSON that is a table otherwise than as a list of records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from discovery_pipeline.engine import duck, intake

COLUMNS = {"id": [1, 2, 3], "ip": ["10.0.0.1", None, "10.0.0.3"]}
ROWS = [("1", "10.0.0.1"), ("2", None), ("3", "10.0.0.3")]


def _read(con: duckdb.DuckDBPyConnection, folder: Path, document: Any) -> tuple[list[str], list[tuple[object, ...]]]:
    source = folder / "hosts.json"
    source.write_text(json.dumps(document), encoding="utf-8")
    [table] = intake.read(con, [source], folder / "tables").tables
    names = [column.name for column in table.columns]
    cells = ", ".join(map(duck.col, table.columns))
    return names, con.execute(f"SELECT {cells} FROM {duck.scan(table)}").fetchall()


@pytest.mark.parametrize(
    "document",
    [
        COLUMNS,
        {name: {str(n): cell for n, cell in enumerate(cells)} for name, cells in COLUMNS.items()},
        {"columns": [*COLUMNS], "index": [0, 1, 2], "data": [list(row) for row in zip(*COLUMNS.values(), strict=True)]},
    ],
    ids=["by column", "by column and number", "split"],
)
def test_a_table_by_its_columns_is_read_as_rows(con, tmp_path: Path, document: Any):
    assert _read(con, tmp_path, document) == (["id", "ip"], ROWS)


def test_a_list_of_lists_is_a_table_under_its_first_row(con, tmp_path: Path):
    rows = [list(row) for row in zip(*COLUMNS.values(), strict=True)]
    assert _read(con, tmp_path, [[*COLUMNS], *rows]) == (["id", "ip"], ROWS)


@pytest.mark.parametrize("document", [[[]], [[[[1]]]], [[], [[]]]], ids=["empty", "nested", "both"])
def test_lists_that_hold_no_values_are_refused_for_that(con, tmp_path: Path, document: Any):
    source = tmp_path / "hosts.json"
    source.write_text(json.dumps(document), encoding="utf-8")
    (file,) = intake.read(con, [source], tmp_path / "tables").files
    assert file.status == "refused"


def test_objects_that_are_alike_are_rows_under_their_names(con, tmp_path: Path):
    names, rows = _read(con, tmp_path, {f"web{n}": {"ram": n, "cpu": 2} for n in range(3)})
    assert names == ["key", "ram", "cpu"]
    assert rows == [("web0", "0", "2"), ("web1", "1", "2"), ("web2", "2", "2")]


@pytest.mark.parametrize(
    ("document", "columns"),
    [
        ({"server": {"name": "a", "ip": "b"}, "os": {"name": "c", "version": "d"}}, 4),
        ({"name": "a", "tags": ["b", "c"]}, 2),
        ([{"tags": ["a", "b"], "ips": ["c", "d"]}], 2),
        ({"left": {"host": "a"}, "right": {"host": "b"}}, 2),
        ({"columns": 3, "index": None}, 2),
    ],
    ids=["parts", "a list in it", "a list of one", "two alike", "other columns"],
)
def test_one_record_stays_one_row(con, tmp_path: Path, document: Any, columns: int):
    names, rows = _read(con, tmp_path, document)
    assert (len(names), len(rows)) == (columns, 1)


def test_records_within_an_answers_objects_are_a_table_of_their_own(con, tmp_path: Path):
    source = tmp_path / "hosts.json"
    answer = {"meta": {"count": 2}, "data": {"total": 2, "records": [{"id": 1, "os": "a"}, {"id": 2, "os": "b"}]}}
    source.write_text(json.dumps(answer), encoding="utf-8")
    about, records = intake.read(con, [source], tmp_path / "tables").tables
    assert (about.name, [c.name for c in about.columns]) == ("hosts", ["meta.count", "data.total"])
    assert (records.name, [c.name for c in records.columns]) == ("hosts.data.records", ["id", "os"])
    assert con.execute(f"select id, os from '{records.path}'").fetchall() == [("1", "a"), ("2", "b")]


def test_the_records_of_pages_are_the_rows(con, tmp_path: Path):
    pages = [{"page": n, "totalPages": 2, "items": [{"id": f"{n}a"}, {"id": f"{n}b"}]} for n in (1, 2)]
    assert _read(con, tmp_path, pages) == (["id"], [("1a",), ("1b",), ("2a",), ("2b",)])
    (tmp_path / "lines").mkdir()
    lines = tmp_path / "lines" / "hosts.jsonl"
    lines.write_text("\n".join(map(json.dumps, pages)), encoding="utf-8")
    (file,) = intake.read(con, [lines], tmp_path / "lines" / "tables").files
    assert file.tables[0].table.row_count == 4
    assert [f.rule for f in file.tables[0].findings] == ["intake.pages"]


def test_an_order_with_its_items_is_a_record_and_no_page(con, tmp_path: Path):
    orders = [{"number": n, "status": "ok", "total": 10, "items": [{"id": 1}, {"id": 2}]} for n in (1, 2)]
    names, rows = _read(con, tmp_path, orders)
    assert (names, len(rows)) == (["number", "status", "total", "items"], 2)
