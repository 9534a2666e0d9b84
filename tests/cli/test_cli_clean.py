"""`discovery clean`: same rows and columns out, a log that takes everything back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from discovery_pipeline.cli.app import app
from discovery_pipeline.errors import InputRefused

DIRTY = """host;env;installed
 web-1;Production;2024-01-31
web-2;Production;31/12/2023
web-3;Production;25/02/2024
web-4;Production;N/A
web-5;Production;13/01/2024
"=web-6";prod;2024-01-06
"""


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    path = tmp_path / "servers.csv"
    path.write_text(DIRTY, encoding="utf-8")
    return path


def run(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, ["clean", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def rows(path: Path, delimiter: str = ",") -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file, delimiter=delimiter))


def test_the_table_comes_out_mended_in_its_own_format(dirty: Path, tmp_path: Path):
    output = run(dirty, "--out", tmp_path / "out.csv", "--patches", tmp_path / "patches.csv")
    assert rows(tmp_path / "out.csv", ";") == [
        ["host", "env", "installed"],
        ["web-1", "Production", "2024-01-31"],
        ["web-2", "Production", "2023-12-31"],
        ["web-3", "Production", "2024-02-25"],
        ["web-4", "Production", ""],
        ["web-5", "Production", "2024-01-13"],
        ["=web-6", "Production", "2024-01-06"],
    ]
    assert "date.iso" in output


def test_the_source_is_never_written_over(dirty: Path, tmp_path: Path):
    arguments = ["clean", str(dirty), "--out", str(dirty), "--patches", str(tmp_path / "patches.csv")]
    assert CliRunner().invoke(app, arguments).exit_code == 2
    assert dirty.read_text(encoding="utf-8") == DIRTY


@pytest.mark.parametrize("log", ["patches.csv", "patches.parquet"])
def test_the_log_restores_the_source(dirty: Path, tmp_path: Path, log: str):
    run(dirty, "--out", tmp_path / "out.csv", "--patches", tmp_path / log)
    run(tmp_path / "out.csv", "--revert", tmp_path / log, "--out", tmp_path / "back.csv")
    assert rows(tmp_path / "back.csv", ";") == rows(dirty, ";")


def test_one_cell_or_one_rule_is_undone(dirty: Path, tmp_path: Path):
    run(dirty, "--out", tmp_path / "out.csv", "--patches", tmp_path / "p.csv")
    undo = (tmp_path / "out.csv", "--revert", tmp_path / "p.csv", "--out", tmp_path / "back.csv")
    run(*undo, "--cell", "1:installed")
    assert [row[2] for row in rows(tmp_path / "back.csv", ";")[1:4]] == ["2024-01-31", "31/12/2023", "2024-02-25"]
    run(*undo, "--rule", "text.trim")
    assert rows(tmp_path / "back.csv", ";")[1] == [" web-1", "Production", "2024-01-31"]


def test_cleaning_what_is_clean_changes_nothing(dirty: Path, tmp_path: Path):
    run(dirty, "--out", tmp_path / "once.csv", "--patches", tmp_path / "1.csv", "--tier", "suggest")
    run(tmp_path / "once.csv", "--out", tmp_path / "twice.csv", "--patches", tmp_path / "2.csv", "--tier", "suggest")
    assert (tmp_path / "once.csv").read_bytes() == (tmp_path / "twice.csv").read_bytes()
    assert len(rows(tmp_path / "2.csv")) == 1


def test_findings_are_told_as_json(dirty: Path, tmp_path: Path):
    told = tmp_path / "deep" / "found.json"
    run(dirty, "--out", tmp_path / "out.csv", "--patches", tmp_path / "p.csv", "--json", told)
    findings = json.loads(told.read_text(encoding="utf-8"))["findings"]
    assert {"table", "column", "rule", "severity", "count", "examples", "evidence", "action"} <= set(findings[0])
    assert {f["rule"] for f in findings} >= {"text.trim", "null.token", "date.iso", "vocabulary.abbreviation"}


def test_the_log_has_its_columns(dirty: Path, tmp_path: Path):
    run(dirty, "--out", tmp_path / "out.csv", "--patches", tmp_path / "p.csv")
    header, first, *_ = rows(tmp_path / "p.csv")
    assert header == ["table", "row", "column", "before", "after", "rule", "tier", "confidence", "reason"]
    assert first[:6] == ["servers", "0", "host", " web-1", "web-1", "text.trim"]


def test_a_file_that_cant_be_read_is_a_sentence(tmp_path: Path):
    with pytest.raises(InputRefused):
        run(tmp_path / "none.csv", "--out", tmp_path / "o.csv", "--patches", tmp_path / "p.csv")


def test_a_cell_that_isnt_one_is_refused(dirty: Path, tmp_path: Path):
    run(dirty, "--out", tmp_path / "out.csv", "--patches", tmp_path / "p.csv")
    arguments = ["clean", tmp_path / "out.csv", "--revert", tmp_path / "p.csv", "--out", tmp_path / "b.csv"]
    done = CliRunner().invoke(app, [*map(str, arguments), "--cell", "x:host"])
    assert done.exit_code == 2
    assert not (tmp_path / "b.csv").exists()


def test_a_file_that_is_no_log_of_changes_takes_nothing_back(tmp_path: Path):
    source, out = tmp_path / "hosts.csv", tmp_path / "out.csv"
    source.write_text("name,cpus\nana,4\n")
    for other in (source, tmp_path / "log.parquet"):
        (tmp_path / "log.parquet").write_bytes(b"PAR1 and then nothing PAR1")
        with pytest.raises(InputRefused, match="no log of changes"):
            CliRunner().invoke(
                app, ["clean", str(source), "--revert", str(other), "--out", str(out)], catch_exceptions=False
            )
    assert not out.exists()


def test_a_mended_table_is_not_called_a_workbook(tmp_path: Path):
    source = tmp_path / "hosts.csv"
    source.write_text("name,cpus\nana,4\n")
    args = ["clean", str(source), "--out", str(tmp_path / "out.xlsx"), "--patches", str(tmp_path / "p.csv")]
    assert CliRunner().invoke(app, args).exit_code == 2
