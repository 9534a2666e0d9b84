"""Deltas: what a later delivery changes of an earlier one, told by the target's own key."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine import delivery, duck, targets, validation
from discovery_pipeline.engine.delivery import Against, Bundle, Delta, TableDelta
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.engine.validation.model import ValidRows, Verdict
from discovery_pipeline.errors import InputRefused

Make = Callable[..., Any]
HEADER = ("ExternalId", "HostName", "IPAddress")


@pytest.fixture
def estate(con: duckdb.DuckDBPyConnection, mapped: Make, table_of: Make, tmp_path: Path) -> Make:
    """Delivers rows whose columns are named as the target's fields; the verdict and the folder of results."""

    def make(name: str, *rows: Sequence[str | None], header: Sequence[str] = HEADER, to: Target | None = None) -> Any:
        target = to or targets.load("aws")
        table = table_of(name, list(header), *rows)
        mapping = mapped(target.name, *((name, h, target.tables[0].name, h) for h in header))
        verdict = validation.validate(con, (table,), mapping, target, tmp_path / f"{name}-verdict")
        into = tmp_path / name
        delivery.deliver(con, verdict, target, into)
        delivery.bundle(con, Bundle(verdicts=(verdict,), mappings=(mapping,)), into)
        return verdict, into

    return make


def compared(con: duckdb.DuckDBPyConnection, before: Any, after: Any, target: Target | None = None) -> Delta:
    verdict, into = after
    return delivery.delta(con, [Against(verdict, target or targets.load("aws"), before[1], "january")], into)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def counts(found: TableDelta) -> tuple[int, int, int, int]:
    return found.new, found.changed, found.gone, found.same


def test_rows_are_new_changed_or_gone(con: duckdb.DuckDBPyConnection, estate: Make):
    before = estate("january", ("1", "web01", "10.0.0.1"), ("2", "web02", "10.0.0.2"), ("3", "db01", "10.0.0.3"))
    after = estate("june", ("1", "web01", "10.0.0.1"), ("2", "web02", "10.0.9.9"), ("4", "db02", "10.0.0.4"))
    (table,) = compared(con, before, after).tables
    assert (counts(table), table.key, table.changed_fields) == ((1, 1, 1, 1), ("ExternalId",), {"IPAddress": 1})
    folder = after[1]
    for kind, host in (("new", "db02"), ("changed", "web02"), ("gone", "db01")):
        (row,) = rows_of(folder / "delta" / f"aws-{kind}.csv")
        assert row["HostName"] == host
        assert list(row) == [f.name for f in targets.load("aws").tables[0].fields]
    told = rows_of(folder / "delta" / "changes.csv")
    assert [(r["change"], r["key"], r["field"], r["before"], r["after"]) for r in told] == [
        ("new", "ExternalId=4", "", "", ""),
        ("gone", "ExternalId=3", "", "", ""),
        ("changed", "ExternalId=2", "IPAddress", "10.0.0.2", "10.0.9.9"),
    ]  # fmt: skip


def test_the_same_delivery_again_changes_nothing(con: duckdb.DuckDBPyConnection, estate: Make):
    rows = [(str(i), f"h{i}", f"10.0.0.{i}") for i in range(5)]
    before, after = estate("january", *rows), estate("june", *reversed(rows))
    (table,) = compared(con, before, after).tables
    assert (counts(table), table.files) == ((0, 0, 0, 5), ())
    assert [f.name for f in (after[1] / "delta").iterdir()] == ["changes.csv"]


def test_a_row_that_lacks_the_first_field_is_known_by_the_next(con: duckdb.DuckDBPyConnection, estate: Make):
    before = estate("january", ("1", "web01", "10.0.0.1"), (None, "web02", "10.0.0.2"))
    after = estate("june", ("1", "web01", "10.0.9.9"), ("2", "web02", "10.0.0.2"))
    (table,) = compared(con, before, after).tables
    assert (counts(table), table.changed_fields) == ((0, 2, 0, 0), {"ExternalId": 1, "IPAddress": 1})


def test_a_row_of_another_id_is_another_thing(con: duckdb.DuckDBPyConnection, estate: Make):
    before = estate("january", ("1", "web01", "10.0.0.1"), (None, "web02", "10.0.0.2"))
    after = estate("june", ("9", "web01", "10.0.0.1"), (None, "web02", "10.0.0.2"))
    (table,) = compared(con, before, after).tables
    assert counts(table) == (1, 0, 1, 1)


def test_a_few_repeated_ids_leave_the_others_their_key(con: duckdb.DuckDBPyConnection, estate: Make):
    before = estate("january", ("1", "web01", "10.0.0.1"), ("7", "a01", "10.0.0.3"), ("7", "b01", "10.0.0.4"))
    after = estate("june", ("1", "web01", "10.0.9.9"), ("7", "a01", "10.0.0.3"), ("7", "b01", "10.0.0.4"))
    (table,) = compared(con, before, after).tables
    assert (counts(table), table.changed_fields) == ((0, 1, 0, 2), {"IPAddress": 1})


def test_a_field_that_is_mapped_only_now_is_a_change(con: duckdb.DuckDBPyConnection, estate: Make):
    target = targets.load("aws-mgn")
    first = ("mgn:server:user-provided-id", "mgn:server:fqdn-for-action-framework", "mgn:app:name")
    before = estate("january", ("1", "web01.example.com", "Shop"), header=first, to=target)
    after = estate("june", ("1", "web01.example.com", "Shop", "first"), header=(*first, "mgn:wave:name"), to=target)
    (table,) = compared(con, before, after, target).tables
    assert (counts(table), table.changed_fields) == ((0, 1, 0, 0), {"mgn:wave:name": 1})


def test_a_formula_is_inert_in_what_people_read(con: duckdb.DuckDBPyConnection, estate: Make):
    before = estate("january", ("1", "web01", "10.0.0.1"))
    after = estate("june", ("1", "=cmd()", "10.0.0.1"))
    compared(con, before, after)
    (told,) = rows_of(after[1] / "delta" / "changes.csv")
    assert told["after"] == "'=cmd()"
    assert rows_of(after[1] / "delta" / "aws-changed.csv")[0]["HostName"] == "=cmd()"


def test_a_folder_without_a_delivery_is_refused(con: duckdb.DuckDBPyConnection, estate: Make, tmp_path: Path):
    after = estate("june", ("1", "web01", "10.0.0.1"))
    with pytest.raises(InputRefused, match="no delivery to compare with"):
        delivery.delta(con, [Against(after[0], targets.load("aws"), tmp_path / "nowhere", "may")], after[1])


cells = st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from([None, "x", "y"]))
tables = st.lists(cells, max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=tables, after=tables)
def test_gone_rows_taken_away_and_new_and_changed_ones_put_in_give_the_later_delivery(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, before: list[Any], after: list[Any]
):
    """The law by which an importer that follows the files ends where the delivery does."""
    target = targets.load("azure")
    name = target.tables[0].name
    key, other = "*Server name", "*Cores"
    folders = [tmp_path / "law" / side for side in ("before", "after")]
    verdicts = [
        _verdict(con, target, name, (key, other), rows, f) for rows, f in zip((before, after), folders, strict=True)
    ]
    (*found,) = delivery.delta(con, [Against(verdicts[1], target, folders[0], "before")], folders[1]).tables
    if not found:
        assert not before
        assert not after
        return
    (table,) = found
    changed = _rows(folders[1], table, "changed", (key, other))
    gone, new = _rows(folders[1], table, "gone", (key, other)), _rows(folders[1], table, "new", (key, other))
    replaced = {row[0] for row in changed}
    kept = [row for row in before if row[0] not in replaced]
    for row in gone:
        kept.remove(row)
    assert sorted([*kept, *new, *changed], key=str) == sorted(after, key=str)
    assert table.same == len(after) - table.new - table.changed


def _verdict(
    con: duckdb.DuckDBPyConnection, target: Target, name: str, header: Sequence[str], rows: list[Any], folder: Path
) -> Verdict:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.rglob("*.csv"):
        old.unlink()
    cells = ", ".join(f"{duck.name(h)} VARCHAR" for h in header)
    con.execute(f"CREATE OR REPLACE TEMP TABLE law ({cells})")
    if rows:
        con.executemany("INSERT INTO law VALUES (?, ?)", rows)
    path = folder / "valid.parquet"
    valid = ValidRows(target_table=name, path=path, row_count=duck.write(con, "FROM law", path))
    verdict = Verdict.model_construct(target=target.name, valid=(valid,), rows_in=len(rows))
    delivery.deliver(con, verdict, target, folder)
    delivery.bundle(con, Bundle(verdicts=(), mappings=()), folder)
    return verdict


def _rows(folder: Path, table: TableDelta, kind: str, header: Sequence[str]) -> list[Any]:
    listed = [f.path for f in table.files if f"-{kind}." in f.path]
    return [tuple(row[h] or None for h in header) for path in listed for row in rows_of(folder / path)]
