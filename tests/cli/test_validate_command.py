"""`discovery validate` and `discovery target`, as a person or a script calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from discovery_pipeline.cli.app import app
from discovery_pipeline.errors import DiscoveryError

RUNNER = CliRunner()


def called(*arguments: object) -> tuple[int, str]:
    done = RUNNER.invoke(app, [str(a) for a in arguments])
    if isinstance(done.exception, DiscoveryError):
        raise done.exception
    return done.exit_code, " ".join(done.output.split())


@pytest.fixture
def servers(tmp_path: Path) -> Path:
    path = tmp_path / "servers.csv"
    path.write_text("ExternalId,HostName,IPAddress\n1,web01,10.0.0.1\n2,web02,10.0.0.300\n,,10.0\n1,web01,10.0.0.1\n")
    return path


def found(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_file_in_the_targets_columns_is_judged_as_it_is(servers: Path, tmp_path: Path):
    out = tmp_path / "deep" / "found.json"
    code, said = called("validate", servers, "--target", "AWS", "--json", out)
    told = found(out)
    assert code == 2
    assert (told["rows_in"], told["rows_delivered"], told["rows_rejected"]) == (4, 2, 2)
    assert told["rows_in"] == told["rows_delivered"] + told["rows_rejected"]
    assert {"table", "column", "rule", "severity", "count", "examples", "evidence", "action"} <= set(
        told["findings"][0]
    )
    assert {f["rule"] for f in told["findings"]} == {"type", "at_least_one_of", "duplicate"}
    assert {"file": "servers.csv", "line": 5, "reasons": ["duplicate of line 2"]} in told["rejected"]
    assert "servers.csv:5 duplicate of line 2" in said


def test_a_file_without_fault_exits_with_0(tmp_path: Path):
    path = tmp_path / "good.csv"
    path.write_text("ExternalId,HostName\n1,web01\n2,web02\n")
    code, said = called("validate", path, "--target", "aws")
    assert (code, "2 of 2 rows are valid" in said) == (0, True)


def test_a_mapping_says_what_fills_which_field(tmp_path: Path):
    (tmp_path / "kit.csv").write_text("tag;box\n1;web01\n2;\n")
    mapping = tmp_path / "mapping.yaml"
    field = (
        "{source_table: kit, source_field: box, target_table: server, target_field: HostName, transformation: upper}"
    )
    mapping.write_text(f"target: AWS\nfields:\n- {field}\n")
    out = tmp_path / "found.json"
    code, _ = called("validate", tmp_path / "kit.csv", "--target", "aws", "--mapping", mapping, "--json", out)
    assert (code, found(out)["rows_delivered"], found(out)["mapping"][0]["transformation"]) == (2, 1, "upper")
    with pytest.raises(DiscoveryError, match=r"no mapping for azure, only for AWS"):
        called("validate", tmp_path / "kit.csv", "--target", "azure", "--mapping", mapping)


def test_columns_of_another_kind_are_matched(tmp_path: Path):
    path = tmp_path / "inventory.csv"
    rows = (f"srv-{i:03},web{i:02}.corp.example,10.0.{i}.7,{2 ** (i % 3 + 2)}" for i in range(30))
    path.write_text("server_id,hostname,ip_address,ram_gb\n" + "\n".join(rows) + "\n")
    out = tmp_path / "found.json"
    code, _ = called("validate", path, "--target", "aws", "--json", out)
    mapped = {f["source_field"]: f["target_field"] for f in found(out)["mapping"]}
    assert (code, mapped["hostname"], mapped["ip_address"]) == (0, "HostName", "IPAddress")


def test_what_is_not_sure_enough_is_told_where_nothing_goes_to_the_target(tmp_path: Path):
    path = tmp_path / "vms.csv"
    path.write_text("server name,ip address,ram (GB)\nweb01,10.0.0.1,8\nweb02,10.0.0.2,16\n")
    code, said = called("validate", path, "--target", "google")
    assert code == 2
    assert "No row is taken: google vm: no mapping from vms reaches" in said
    assert "reaches 0.9 for OsName (nothing is offered)" in said


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path):
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DiscoveryError, match=r"empty\.csv"):
        called("validate", tmp_path / "empty.csv", "--target", "aws")


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path):
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "good.csv").write_text("ExternalId,HostName\n1,web01\n2,web02\n")
    code, said = called("validate", tmp_path / "good.csv", tmp_path / "empty.csv", "--target", "aws")
    assert (code, "2 of 2 rows are valid" in said, "refused empty.csv" in said) == (2, True, True)


def test_targets_are_listed_and_shown():
    code, said = called("target", "list")
    assert (code, all(name in said for name in ("aws", "aws-mgn", "azure", "google", "servicenow"))) == (0, True)
    code, said = called("target", "show", "MGN")
    assert code == 0
    assert "mgn:wave:name" in said


def test_a_contract_is_printed_to_start_from(tmp_path: Path):
    _, _ = called("target", "list")
    path = tmp_path / "mine.yaml"
    path.write_text(RUNNER.invoke(app, ["target", "show", "google", "--yaml"]).output, encoding="utf-8")
    code, said = called("target", "show", path)
    assert (code, "google/vmInfo.csv" in said) == (0, True)


def test_a_drafted_contract_takes_the_sample_it_was_drafted_from(tmp_path: Path):
    sample = tmp_path / "hosts.csv"
    sample.write_text("host,ip,cpus\n" + "".join(f"h{i},10.0.0.{i + 1},{i % 4 + 1}\n" for i in range(20)))
    contract = tmp_path / "own" / "hosts.yaml"
    assert called("target", "init", sample, "--out", contract)[0] == 0
    assert called("validate", sample, "--target", contract)[0] == 0
    with pytest.raises(DiscoveryError, match="there already"):
        called("target", "init", sample, "--out", contract)
