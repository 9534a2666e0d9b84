"""`discovery risk` reads files, says risks, and writes them where it is asked to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from discovery_pipeline.cli.app import app


@pytest.fixture
def servers(tmp_path: Path) -> Path:
    path = tmp_path / "servers.csv"
    lines = [f"srv{n},10.0.0.{n},{'' if n % 3 else f'p{n}@example.com'},{n * 100} GB" for n in range(1, 31)]
    path.write_text("hostname,ip_address,owned_by,disk_space\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_risks_are_said_and_written(servers: Path, tmp_path: Path):
    out = tmp_path / "deep" / "risk.json"
    done = CliRunner().invoke(app, ["risk", str(servers), "--bandwidth", "100", "--json", str(out)])
    assert done.exit_code == 0, done.output
    assert "at an assumed 100 Mbit/s" in " ".join(done.output.split())
    told = json.loads(out.read_text(encoding="utf-8"))
    assert {"risks", "findings"} <= told.keys()
    assert {"table", "column", "rule", "severity", "count", "examples", "evidence", "action"} <= told["findings"][
        0
    ].keys()
    assert "example.com" not in out.read_text(encoding="utf-8")


def test_one_refused_file_does_not_stop_the_others(servers: Path, tmp_path: Path):
    bad = tmp_path / "photo.csv"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    done = CliRunner().invoke(app, ["risk", str(servers), str(bad)])
    assert done.exit_code == 2, done.output
    assert "photo.csv" in done.output


def test_an_unknown_target_is_an_error_with_the_known_ones(servers: Path):
    done = CliRunner().invoke(app, ["risk", str(servers), "--target", "nowhere"])
    assert done.exit_code == 1
    assert "nowhere" in str(done.exception)
