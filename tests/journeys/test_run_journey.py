"""A data engineer runs the pipeline on an estate, looks at what came out, and runs it again."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from discovery_pipeline.engine import targets
from discovery_pipeline.engine.delivery import mappings

from .conftest import Said, Shell

TARGETS = ("aws", "aws-mgn")
SAVED = ("--save-profile", "saved.yaml")


@pytest.fixture(scope="module")
def ran(shell: Shell, estate: Callable[[int], Path]) -> Said:
    said = shell("run", estate(200), "--source", "ServiceNow", "--target", "AWS,aws-mgn", "--out", "out", *SAVED)
    assert said.code == 2, said.err + said.out
    return said


@pytest.fixture(scope="module")
def out(shell: Shell, ran: Said) -> Path:
    return shell.folder / "out"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_folder_holds_what_is_promised(out: Path):
    names = {file.name for file in out.iterdir()}
    assert names >= {
        "aws.csv", "aws-mgn.csv", "rejected_rows.csv", "patches.csv", "mapping.yaml", "profile.json", "quality.json",
        "risk.json", "report.html",
    }  # fmt: skip


def test_the_delivered_file_has_the_targets_columns_in_order(out: Path):
    contract = targets.load("aws").tables[0]
    with (out / "aws.csv").open(encoding="utf-8", newline="") as stream:
        assert next(csv.reader(stream)) == [field.name for field in contract.fields]
    allowed = [field.name for field in targets.load("aws-mgn").tables[0].fields]
    with (out / "aws-mgn.csv").open(encoding="utf-8", newline="") as stream:
        header = next(csv.reader(stream))
    assert header == [name for name in allowed if name in header]


@pytest.mark.parametrize("target", TARGETS)
def test_no_row_is_lost(out: Path, target: str):
    profile = json.loads((out / "profile.json").read_text())
    rows_in = sum(table["row_count"] for table in profile["tables"])
    delivered = len(rows_of(out / f"{target}.csv"))
    rejected = sum(row["target"] == target for row in rows_of(out / "rejected_rows.csv"))
    assert delivered
    assert delivered + rejected == rows_in


def test_every_rejected_row_says_where_and_why(out: Path):
    for row in rows_of(out / "rejected_rows.csv"):
        assert row["file"]
        assert int(row["line"]) > 0
        assert row["reasons"]


def test_addresses_are_delivered_in_their_canonical_form(out: Path):
    delivered = rows_of(out / "aws.csv")
    octet = r"(25[0-5]|2[0-4]\d|1?\d?\d)"
    for address in (a for row in delivered for a in row["IPAddress"].split(",") if a and ":" not in a):
        assert re.fullmatch(rf"{octet}(\.{octet}){{3}}", address)
    for address in (a for row in delivered for a in row["MACAddress"].split(",") if a):
        assert re.fullmatch(r"([0-9A-F]{2}:){5}[0-9A-F]{2}", address)


def test_memory_arrives_in_megabytes(out: Path):
    sizes = [float(row["RAM.TotalSizeInMB"]) for row in rows_of(out / "aws.csv") if row["RAM.TotalSizeInMB"]]
    assert sizes
    assert min(sizes) >= 512
    assert max(sizes) <= 4 * 1024 * 1024


def test_no_server_is_delivered_twice(out: Path):
    ids = Counter(row["mgn:server:user-provided-id"] for row in rows_of(out / "aws-mgn.csv"))
    assert max(ids.values()) == 1


def test_the_patch_log_tells_every_change(out: Path):
    for patch in rows_of(out / "patches.csv"):
        assert patch["before"] != patch["after"]
        assert patch["rule"]
        assert patch["reason"]


@pytest.mark.parametrize("target", TARGETS)
def test_match_offers_for_the_same_files_what_the_run_took(
    shell: Shell, out: Path, estate: Callable[[int], Path], target: str
):
    said = shell("match", estate(200), target, "--json", "match.json")
    assert said.code == 0, said.err
    told = ("source_table", "source_field", "target_table", "target_field", "transformation", "confidence")
    offered = json.loads((shell.folder / "match.json").read_text())["assignment"]
    taken = next(m for m in mappings.read(out / "mapping.yaml") if m.target == target).fields
    assert taken
    assert {tuple(f.model_dump()[key] for key in told) for f in taken} == {
        tuple(f[key] for key in told) for f in offered if f["tier"] == "High"
    }


def test_the_report_needs_nothing_but_itself(out: Path):
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page)


def test_the_summary_tells_the_numbers_and_the_places(ran: Said, out: Path):
    assert f"{len(rows_of(out / 'aws.csv')):,}" in ran.out
    assert "out/report.html" in ran.out
    assert "Traceback" not in ran.out + ran.err


def test_dagster_knows_every_asset(shell: Shell, ran: Said):
    said = shell(
        "db", "query", "--database", "dagster", "--json",
        "select distinct asset_key from event_logs where dagster_event_type = 'ASSET_MATERIALIZATION'",
    )  # fmt: skip
    assert len(json.loads(said.out)) == 13


def test_the_flow_is_completed_and_its_history_unbroken(shell: Shell, ran: Said):
    (flow,) = json.loads(shell("flows", "list", "--json").out)
    assert (flow["status"], flow["current_phase"]) == ("completed", "validation")
    (checked,) = json.loads(shell("flows", "recover", "--json").out)
    assert (checked["flow_id"], checked["broken"]) == (flow["id"], [])


def test_a_second_run_by_a_saved_mapping_replaces_the_folder_and_keeps_both_flows(
    shell: Shell, out: Path, estate: Callable[[int], Path]
):
    before = (out / "manifest.json").read_text()
    saved = shell.folder / "saved-aws.yaml"
    saved.write_text(saved.read_text().replace("source_field: mac_address", "source_field: nic_address"))
    said = shell("run", estate(200) / "servers.csv", "--target", "aws", "--out", "out", "--profile", saved)
    assert said.code in {0, 2}, said.err
    assert "Not applied: nic_address → MACAddress: servers has no column 'nic_address'." in said.err
    assert (out / "manifest.json").read_text() != before
    assert "saved mapping 'saved-aws' v1" in (out / "mapping.yaml").read_text()
    assert not (out / "aws-mgn.csv").exists()
    assert len(json.loads(shell("flows", "list", "--json").out)) == 2


def test_files_of_one_name_from_two_folders_are_both_read(shell: Shell):
    for folder in ("east", "west"):
        (shell.folder / folder).mkdir()
        rows = [f"{folder}-web-{n:02d},10.0.{len(folder)}.{n},4\n" for n in range(1, 21)]
        (shell.folder / folder / "servers.csv").write_text("hostname,ip_address,cpu_count\n" + "".join(rows))
    said = shell("run", "east/servers.csv", "west/servers.csv", "east/servers.csv", "--target", "aws", "--out", "both")
    assert said.code == 0, said.err + said.out
    names = {row["HostName"].partition("-")[0] for row in rows_of(shell.folder / "both" / "aws.csv")}
    assert names == {"east", "west"}


def test_a_target_drafted_from_a_sample_takes_what_another_system_calls_otherwise(shell: Shell):
    rows = "".join(f"app{n:02d};10.1.0.{n};{n * 8};{'Prod' if n % 2 else 'Dev'}\n" for n in range(1, 31))
    (shell.folder / "register.csv").write_text("Host Name;IP;RAM (GB);Env\n" + rows)
    rows = "".join(f"{'TEST' if n % 5 else 'dev'},srv{n:02d},10.2.0.{n},{n * 4096}\n" for n in range(1, 31))
    (shell.folder / "export.csv").write_text("environment,hostname,ip_address,memory_mb\n" + rows)
    drafted = shell("target", "init", "register.csv", "--out", "register.yaml")
    assert drafted.code == 0, drafted.err
    said = shell("run", "export.csv", "--target", "register.yaml,aws", "--out", "registered")
    assert said.code == 2, said.err + said.out
    delivered = rows_of(shell.folder / "registered" / "register.csv")
    assert delivered[0] == {"Host Name": "srv05", "IP": "10.2.0.5", "RAM (GB)": "20", "Env": "Dev"}
    assert len(delivered) == 6, "TEST is no environment of the sample"
    assert (shell.folder / "registered" / "aws.csv").exists()
    (shell.folder / "register.yaml").unlink()
    slug = next(flow["slug"] for flow in json.loads(shell("flows", "list", "--json").out))
    assert shell("agents", "run", slug).code == 0, "the flow keeps its own contract"


def test_rows_of_which_a_target_takes_none_are_told_as_such(shell: Shell):
    contract = "name: short\ntitle: Short\ntables: [{name: host, file: hosts.csv, fields: [%s]}]\n"
    field = "{name: Host, required: true, max_length: 3, aliases: [hostname]}"
    (shell.folder / "short.yaml").write_text(contract % field)
    (shell.folder / "long.csv").write_text("hostname\n" + "".join(f"server-{n:03}\n" for n in range(30)))
    said = shell("run", "long.csv", "--target", "short.yaml", "--out", "none")
    assert said.code == 2, said.err
    assert "short takes none of these rows; rejected_rows.csv says why" in " ".join(said.out.split())
    assert len(rows_of(shell.folder / "none" / "rejected_rows.csv")) == 30


def test_what_a_spreadsheet_would_run_is_told_with_the_results(shell: Shell):
    names = ["=cmd|'/c calc'!A1", *(f"srv{n:02}" for n in range(30))]
    (shell.folder / "texts.csv").write_text(
        "hostname,ip_address\n" + "".join(f"{n},10.3.0.{i}\n" for i, n in enumerate(names, 1))
    )
    said = shell("run", "texts.csv", "--target", "servicenow", "--ready-only", "--out", "texts")
    assert said.code in (0, 2), said.err + said.out
    told = json.loads((shell.folder / "texts" / "quality.json").read_text())["findings"]
    assert [(f["column"], f["count"]) for f in told if f["rule"] == "formula"] == [("name", 1)]
    assert "like a formula" in (shell.folder / "texts" / "report.html").read_text()
