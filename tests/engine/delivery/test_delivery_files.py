"""Delivery: what an importer reads, what a person reads, and a folder that is whole at any moment."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from discovery_pipeline.engine import delivery, targets, validation
from discovery_pipeline.engine.delivery import Bundle, Delivery, mappings
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.engine.validation import Verdict
from discovery_pipeline.errors import MappingError, SettingsError, TargetError

Make = Callable[..., Any]


@pytest.fixture
def delivered(
    con: duckdb.DuckDBPyConnection, mapped: Make, table_of: Make, tmp_path: Path
) -> Callable[..., tuple[Delivery, Verdict, Path]]:
    """Validates and delivers one table whose columns are named as the target's fields."""

    def deliver(target: str | Target, header: tuple[str, ...], *rows: Any) -> tuple[Delivery, Verdict, Path]:
        contract = targets.load(target) if isinstance(target, str) else target
        table = table_of("estate", header, *rows)
        place = contract.tables[0].name
        mapping = mapped(contract.name, *(("estate", h, place, h) for h in header))
        verdict = validation.validate(con, (table,), mapping, contract, tmp_path / "verdict")
        return delivery.deliver(con, verdict, contract, tmp_path / "out"), verdict, tmp_path / "out"

    return deliver


def lines(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def limited(name: str, **limits: Any) -> Target:
    target = targets.load(name)
    return target.model_copy(update={"tables": (target.tables[0].model_copy(update=limits), *target.tables[1:])})


def test_a_target_file_has_the_contracts_columns_in_their_order(delivered: Make):
    done, _, out = delivered("aws", ("HostName", "ExternalId"), ("web01", "1"))
    header, row = lines(out / "aws.csv")
    assert header == [f.name for f in targets.load("aws").tables[0].fields]
    assert (row[0], row[4], set(row) - {"1", "web01"}) == ("1", "web01", {""})
    assert [(f.path, f.row_count) for f in done.files] == [("aws.csv", 1)]


def test_a_list_is_quoted_and_so_is_what_holds_a_quote(delivered: Make):
    _, _, out = delivered("aws", ("HostName", "IPAddress", "OS.Name"), ('the "big" one', "10.0.0.1;::1", "a, b"))
    assert '"10.0.0.1,::1"' in (out / "aws.csv").read_text()
    assert {'the "big" one', "10.0.0.1,::1", "a, b"} <= set(lines(out / "aws.csv")[1])


def test_rows_beyond_a_limit_go_to_more_files(delivered: Make):
    rows = [(f"h{i}", str(i)) for i in range(7)]
    done, _, out = delivered(limited("aws", max_rows=3), ("HostName", "ExternalId"), *rows)
    assert [(f.path, f.row_count) for f in done.files] == [("aws.csv", 3), ("aws-2.csv", 3), ("aws-3.csv", 1)]
    assert [line[4] for f in done.files for line in lines(out / f.path)[1:]] == [h for h, _ in rows]


@pytest.mark.parametrize("most", [900, 1000, 1200, 5000])
def test_no_file_is_larger_than_its_limit_and_no_row_is_lost(delivered: Make, most: int):
    rows = [("h" * (i % 40 + 1), str(i)) for i in range(40)]
    done, _, out = delivered(limited("aws", max_bytes=most, max_rows=30), ("HostName", "ExternalId"), *rows)
    assert all(f.byte_size <= most and f.row_count <= 30 for f in done.files)
    assert [tuple(line[i] for i in (4, 0)) for f in done.files for line in lines(out / f.path)[1:]] == rows


def test_lines_end_as_the_target_wants(delivered: Make):
    target = targets.load("aws").model_copy(update={"line_terminator": "\r\n", "delimiter": ";"})
    _, _, out = delivered(target, ("HostName",), ("web01",))
    content = (out / "aws.csv").read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") == 2
    assert content.count(b";") == 66


def test_a_target_without_valid_rows_gets_no_file_and_a_loud_word(delivered: Make):
    done, _, out = delivered("aws", ("HostName",), (None,))
    assert (done.files, [f.rule for f in done.findings]) == ((), ["nothing_delivered"])
    assert not (out / "aws.csv").exists()


def test_a_formula_goes_to_the_target_as_it_is_and_is_told(delivered: Make):
    done, _, out = delivered("aws", ("HostName", "RAM.TotalSizeInMB"), ("=cmd|'/C calc'!A0", "-5"), ("@x", "1"))
    assert lines(out / "aws.csv")[1][4] == "=cmd|'/C calc'!A0"
    assert [(f.rule, f.column, f.count) for f in done.findings] == [("formula", "HostName", 2)]


@pytest.mark.parametrize("file", ["../aws.csv", "/tmp/aws.csv", "a/../../b.csv", ""])
def test_a_contract_never_writes_outside_the_folder(delivered: Make, file: str):
    with pytest.raises(TargetError, match="isn't below"):
        delivered(limited("aws", file=file), ("HostName",), ("a",))


def test_the_bundle_tells_people_what_was_rejected_and_left_out(
    delivered: Make, con: duckdb.DuckDBPyConnection, mapped: Make, tmp_path: Path
):
    _, verdict, out = delivered(
        "aws", ("HostName", "RAM.TotalSizeInMB", "OS.Name"), ("=1+1", "-5", "x"), (None, "4", "=evil()")
    )
    unreadable = tmp_path / "unreadable.parquet"
    row = "SELECT 'f.csv' AS file, 'f' AS \"table\", 7::BIGINT AS line, 'ragged' AS reason, '=1,2,3' AS raw"
    con.execute(f"COPY ({row}) TO '{unreadable}'")
    mapping = mapped("aws", ("estate", "HostName", "server", "HostName"))
    manifest = delivery.bundle(con, Bundle((verdict,), (mapping,), unreadable, documents={"risk.json": "{}"}), out)
    header, rejected, unread = lines(out / "rejected_rows.csv")
    assert header == ["target", "table", "file", "line", "reasons", "record"]
    assert rejected[:4] == ["aws", "estate", "estate.csv", "3"]
    assert unread == ["", "f", "f.csv", "7", "ragged", "'=1,2,3"]
    assert [row[2:5] for row in lines(out / "patches.csv")[1:]] == [["RAM.TotalSizeInMB", "-5", ""]]
    names = {"aws.csv", "mapping.yaml", "patches.csv", "rejected_rows.csv", "risk.json"}
    assert {f.path for f in manifest.files} == names
    assert {f.name for f in out.iterdir()} == names | {"manifest.json"}


def test_nothing_in_a_file_for_people_can_run(delivered: Make, con: duckdb.DuckDBPyConnection):
    header = ("HostName", "RAM.TotalSizeInMB")
    _, verdict, out = delivered("aws", header, *(("h", f"{c}cmd()") for c in "=+-@"))
    delivery.bundle(con, Bundle((verdict,), ()), out)
    for name in ("rejected_rows.csv", "patches.csv"):
        assert not [cell for row in lines(out / name) for cell in row if cell[:1] in ("=", "+", "-", "@")]


def test_a_mapping_reads_back_as_it_was_written(mapped: Make, tmp_path: Path):
    ours = (
        mapped("aws", ("s", "a", "server", "HostName", "trim | upper")),
        mapped("azure", ("s", "b", "server", "*Cores")),
    )
    path = tmp_path / "mapping.yaml"
    path.write_text(mappings.written(ours), encoding="utf-8")
    assert mappings.read(path) == ours


def test_a_mapping_by_hand_needs_no_confidence(tmp_path: Path):
    path = tmp_path / "mapping.yaml"
    field = {"source_table": "s", "source_field": "a", "target_table": "server", "target_field": "HostName"}
    path.write_text(yaml.safe_dump({"target": "aws", "fields": [field]}))
    (one,) = mappings.read(path)
    assert (one.fields[0].confidence, one.fields[0].origin) == (1, "user")


@pytest.mark.parametrize("content", ["", "a: [", "5", "mappings: 3", "target: aws", "- target: aws\n  fields: [1]"])
def test_nonsense_is_no_mapping(tmp_path: Path, content: str):
    path = tmp_path / "mapping.yaml"
    path.write_text(content)
    with pytest.raises(MappingError, match=r"mapping\.yaml"):
        mappings.read(path)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A finished folder, not yet signed."""
    folder = tmp_path / "results"
    (folder / "google").mkdir(parents=True)
    (folder / "google" / "vmInfo.csv").write_text("new")
    (folder / "report.html").write_text("new")
    return folder


def tree(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_a_folder_is_published_whole(results: Path, tmp_path: Path):
    out = tmp_path / "deep" / "out"
    delivery.publish(results, out)
    assert set(tree(out)) == {"google/vmInfo.csv", "report.html", "manifest.json"}
    assert [p.name for p in out.parent.iterdir()] == ["out"]


def test_a_new_delivery_replaces_the_old_one_and_leaves_what_is_not_its_own(results: Path, tmp_path: Path):
    out = tmp_path / "out"
    delivery.publish(results, out)
    (out / "notes").mkdir()
    (out / "notes" / "mine.txt").write_text("mine")
    (results / "google" / "vmInfo.csv").unlink()
    (results / "report.html").write_text("newer")
    delivery.publish(results, out)
    assert tree(out) | {"manifest.json": ""} == {"report.html": "newer", "notes/mine.txt": "mine", "manifest.json": ""}


def test_a_folder_that_is_not_ours_is_left_alone(results: Path, tmp_path: Path):
    out = tmp_path / "home"
    out.mkdir()
    (out / "thesis.txt").write_text("years")
    with pytest.raises(SettingsError, match="no delivery wrote"):
        delivery.publish(results, out)
    assert tree(out) == {"thesis.txt": "years"}


def test_a_foreign_manifest_makes_no_folder_ours(results: Path, tmp_path: Path):
    out = tmp_path / "package"
    out.mkdir()
    (out / "manifest.json").write_text('{"name": "package", "files": []}')
    with pytest.raises(SettingsError):
        delivery.publish(results, out)


def test_a_file_is_no_folder(results: Path, tmp_path: Path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(SettingsError, match="is a file"):
        delivery.publish(results, tmp_path / "out")


def test_an_empty_folder_is_free(results: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    delivery.publish(results, tmp_path / "out")
    assert "report.html" in tree(tmp_path / "out")


def test_where_the_new_cannot_be_built_the_old_stays(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "out"
    delivery.publish(results, out)
    before = tree(out)
    monkeypatch.setattr("shutil.copytree", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        delivery.publish(results, out)
    assert tree(out) == before
    assert {p.name for p in tmp_path.iterdir()} == {"out", "results"}
