"""`discovery relationships` reads files, draws what refers to what, and writes it where it is asked to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from discovery_pipeline.cli.app import app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    sites = [f"{n},Site {n}" for n in range(1, 41)]
    (folder / "site.csv").write_text("site_id,name\n" + "\n".join(sites) + "\n", encoding="utf-8")
    servers = [f"{n},srv{n},{n * 7 % 40 + 1 if n != 9 else 4711}" for n in range(1, 201)]
    (folder / "server.csv").write_text("server_id,host,site_id\n" + "\n".join(servers) + "\n", encoding="utf-8")
    return folder


def test_references_are_drawn_and_written(folder: Path, tmp_path: Path):
    out = tmp_path / "deep" / "schema.json"
    done = CliRunner().invoke(app, ["relationships", str(folder), "--json", str(out)])
    assert done.exit_code == 0, done.output
    assert "site_id → site.site_id" in done.output and "4711" in done.output
    told = json.loads(out.read_text(encoding="utf-8"))
    assert set(told) == {
        "primary_keys",
        "foreign_keys",
        "hierarchies",
        "many_to_many",
        "temporal",
        "functional_dependencies",
        "business_rules",
    }
    (reference,) = (f for f in told["foreign_keys"] if f["confidence"] >= 0.5)
    assert (reference["table"], reference["columns"], reference["ref_table"], reference["ref_columns"]) == (
        "server",
        ["site_id"],
        "site",
        ["site_id"],
    )
    assert reference["orphans"] == 1 and reference["cardinality"] == "n:1"


def test_a_file_that_cannot_be_read_does_not_stop_the_others(folder: Path):
    (folder / "photo.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    done = CliRunner().invoke(app, ["relationships", str(folder)])
    assert done.exit_code == 2, done.output
    assert "photo.csv" in done.output and "site_id → site.site_id" in done.output


def test_nothing_to_read_is_an_error_that_says_so(tmp_path: Path):
    from discovery_pipeline.errors import InputRefused

    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    done = CliRunner().invoke(app, ["relationships", str(empty)])
    assert done.exit_code == 1 and isinstance(done.exception, InputRefused)
