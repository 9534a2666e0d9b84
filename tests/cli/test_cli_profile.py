"""`discovery profile` and `discovery diff`, as a script would call them."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from discovery_pipeline.cli.app import app, main
from discovery_pipeline.store.postgres.server import EmbeddedServer

run = CliRunner()

COLUMN_KEYS = {
    "name", "position", "inferred_type", "semantic_type", "null_count", "null_ratio", "distinct_count",
    "distinct_is_exact", "min", "max", "mean", "median", "std", "q1", "q3", "p05", "p95", "skew", "kurtosis",
    "histogram", "top_values", "patterns", "lengths", "outliers", "time_series", "quality", "anomalies",
    "suggested_charts",
}  # fmt: skip


@pytest.fixture
def servers(tmp_path: Path) -> Path:
    file = tmp_path / "servers.csv"
    rows = [f"srv-{i:03},10.0.0.{i},{2 ** (i % 5)},2024-01-{1 + i % 28:02}" for i in range(100)]
    file.write_text("\n".join(["name,ip,ram_gb,installed", *rows]) + "\n")
    return file


def test_the_json_keeps_to_the_contract(servers: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "profile.json"
    result = run.invoke(app, ["profile", str(servers), "--json", str(out)])
    assert result.exit_code == 0, result.output
    (table,) = json.loads(out.read_text())["tables"]
    assert (table["name"], table["row_count"], table["duplicate_row_count"]) == ("servers", 100, 0)
    assert {"correlations", "null_patterns"} <= table.keys()
    for column in table["columns"]:
        assert column.keys() >= COLUMN_KEYS
    assert [c["semantic_type"] for c in table["columns"]] == ["hostname", "ipv4", "ram", None]
    assert table["columns"][0]["patterns"] == [{"mask": "aaa-999", "count": 100, "example": "srv-000"}]


def test_a_person_sees_a_line_a_column(servers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    result = run.invoke(app, ["profile", str(servers)])
    assert result.exit_code == 0
    for word in ("100 rows", "ipv4", "ram [GB]", "2024-01-01 … 2024-01-28"):
        assert word in result.output


def test_one_bad_file_stops_no_other(servers: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"")
    out = tmp_path / "profile.json"
    assert run.invoke(app, ["profile", str(bad), str(servers), "--json", str(out)]).exit_code == 2
    assert len(json.loads(out.read_text())["tables"]) == 1
    assert run.invoke(app, ["profile", str(bad)]).exit_code == 1


def test_two_exports_are_compared_as_files_or_as_profiles(servers: Path, tmp_path: Path) -> None:
    later, kept, out = tmp_path / "later.csv", tmp_path / "old.json", tmp_path / "diff.json"
    later.write_text(servers.read_text().replace("ip,", "address,"))
    run.invoke(app, ["profile", str(servers), "--json", str(kept)])
    for old in (servers, kept):
        result = run.invoke(app, ["diff", str(old), str(later), "--json", str(out)])
        assert result.exit_code == 0, result.output
        found = json.loads(out.read_text())["findings"]
        assert {(f["rule"], f["column"]) for f in found} == {
            ("drift.column_removed", "ip"),
            ("drift.column_added", "address"),
        }
        assert found[0].keys() >= {"table", "column", "rule", "severity", "count", "examples", "evidence", "action"}
    assert "Nothing changed." in run.invoke(app, ["diff", str(servers), str(kept)]).output


def test_what_cannot_be_read_cannot_be_compared(
    servers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["discovery", "diff", str(tmp_path / "none.csv"), str(servers)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    assert "none.csv" in capsys.readouterr().err


def test_a_table_of_a_database_is_profiled_by_its_address(server: EmbeddedServer, tmp_path: Path) -> None:
    out = tmp_path / "profile.json"
    with psycopg.connect(f"host={server.sockets} user=postgres dbname=postgres", autocommit=True) as operator:
        operator.execute("create table profiled as select i as id, null::text as owner from generate_series(1, 7) i")
    address = f"postgresql://postgres@/postgres?host={server.sockets}&table=public.profiled"
    nowhere = f"postgresql://postgres@/postgres?host={server.sockets}&table=public.nowhere"
    result = run.invoke(app, ["profile", address, nowhere, "--json", str(out)])
    assert result.exit_code == 2, result.output
    (table,) = json.loads(out.read_text())["tables"]
    assert (table["name"], table["row_count"]) == ("profiled", 7)
    assert [c["null_count"] for c in table["columns"]] == [0, 7]
    assert "public.nowhere" in result.output
