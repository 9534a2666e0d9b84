"""`discovery inspect`: one call over many files, its JSON, its plain CSVs and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from discovery_pipeline.cli.app import app

RUN = CliRunner()


def test_inspect_tells_and_writes_what_it_found(tmp_path: Path):
    source = tmp_path / "hosts.csv"
    source.write_bytes('Inventory\r\n\r\nname;cpus\r\nZoë;4\r\n"a;b";8\r\n'.encode("utf-16"))
    out, told = tmp_path / "out", tmp_path / "told.json"
    done = RUN.invoke(app, ["inspect", str(source), "--out", str(out), "--json", str(told)])
    assert done.exit_code == 0
    (file,) = json.loads(told.read_text(encoding="utf-8"))["files"]
    assert (file["file"], file["status"], file["reason"]) == ("hosts.csv", "read", None)
    (table,) = file["tables"]
    keys = ("name", "row_count", "rejected_count", "encoding", "delimiter", "quote", "header_rows", "preamble_rows")
    assert [table[key] for key in keys] == ["hosts", 2, 0, "utf-16", ";", '"', 1, 2]
    assert [finding["rule"] for finding in table["findings"]] == ["intake.preamble"]
    assert (out / "hosts.csv").read_bytes() == "name,cpus\nZoë,4\na;b,8\n".encode()


def test_a_refused_file_among_others_is_exit_code_two(tmp_path: Path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("id,cpus\n1,4\n")
    bad.write_bytes(b"")
    done = RUN.invoke(app, ["inspect", str(bad), str(good)])
    assert done.exit_code == 2
    assert "refused" in done.output
    assert "good" in done.output


def test_nothing_but_refused_files_is_exit_code_one(tmp_path: Path):
    assert RUN.invoke(app, ["inspect", str(tmp_path / "missing.csv")]).exit_code == 1


def test_what_is_given_overrules(tmp_path: Path):
    source, told = tmp_path / "x.csv", tmp_path / "told.json"
    source.write_text("id\tcpus\n1\t4\n")
    given = ["--delimiter", "\\t", "--header-rows", "0", "--encoding", "cp1252", "--quote", ""]
    assert RUN.invoke(app, ["inspect", str(source), "--json", str(told), *given]).exit_code == 0
    table = json.loads(told.read_text(encoding="utf-8"))["files"][0]["tables"][0]
    assert (table["row_count"], table["delimiter"], table["quote"], table["header_rows"]) == (2, "\t", None, 0)


def test_a_database_that_is_not_there_is_refused_without_its_password(tmp_path: Path):
    good = tmp_path / "good.csv"
    good.write_text("id,cpus\n1,4\n")
    address = "postgresql://reader:hunter2@127.0.0.1:1/estate"
    done = RUN.invoke(app, ["inspect", f"{address}?table=hosts", address, str(good)])
    assert done.exit_code == 2
    assert "can't be read" in done.output
    assert "names no table" in done.output
    assert "hunter2" not in done.output


def test_tables_are_never_written_over_their_sources(tmp_path: Path):
    source = tmp_path / "hosts.csv"
    source.write_bytes(kept := b"name;cpus\r\nana;4\r\n")
    done = RUN.invoke(app, ["inspect", str(source), "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert source.read_bytes() == kept


def test_json_on_standard_output_stands_alone(tmp_path: Path):
    source = tmp_path / "hosts.csv"
    source.write_text("name,cpus\nana,4\n")
    done = RUN.invoke(app, ["inspect", str(source), "--json", "-"])
    assert [f["file"] for f in json.loads(done.stdout)["files"]] == ["hosts.csv"]
    assert "The first row names the columns" in done.stderr
    assert not Path("-").exists()
