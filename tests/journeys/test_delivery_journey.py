"""A second export of an estate goes into a database, with what changed since the first one went into a bucket."""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from discovery_pipeline.engine.delivery import Manifest
from discovery_pipeline.store.postgres.server import EmbeddedServer

from .conftest import Said, Shell

PASSWORD = "hunter2-canary"
RUN = ("--source", "servicenow", "--target", "aws", "--out")


@pytest.fixture(scope="module")
def january(estate: Callable[[int], Path]) -> Path:
    return estate(200) / "servers.csv"


@pytest.fixture(scope="module")
def bucket(shell: Shell, january: Path) -> Path:
    place = shell.folder / "bucket"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISCOVERY_DELIVERIES_URL", (shell.folder / "landing").as_uri())
        said = shell("run", january, *RUN, place.as_uri())
    assert said.code == 2, said.err + said.out
    return place


@pytest.fixture(scope="module")
def warehouse(server: EmbeddedServer) -> Iterator[str]:
    name = f"warehouse_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(f"host={server.sockets} user=postgres dbname=postgres", autocommit=True) as operator:
        operator.execute(f"create database {name}")
        yield f"postgresql://postgres:{PASSWORD}@/{name}?host={server.sockets}"
        operator.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def second(shell: Shell, bucket: Path, january: Path, warehouse: str) -> Said:
    """June has one server less, one more, and one that is somewhere else."""
    june = shell.folder / "june.csv"
    with january.open(encoding="utf-8-sig", newline="") as old, june.open("w", encoding="utf-8", newline="") as new:
        rows = list(csv.DictReader(old))
        kept = csv.DictWriter(new, list(rows[0]), extrasaction="ignore")
        kept.writeheader()
        moved, other = rows[2] | {"ip_address": "10.250.1.1"}, rows[3]
        fresh = other | {"sys_id": "f" * 32, "name": "new-web-01", "ip_address": "10.250.1.2", "serial_number": "N1"}
        kept.writerows([*rows[1:2], moved, *rows[3:], fresh])
    said = shell("run", june, *RUN, f"{warehouse}&table=servers", "--since", "last")
    assert said.code in {0, 2}, said.err + said.out
    return said


def test_the_bucket_holds_what_its_manifest_names(bucket: Path):
    told = Manifest.model_validate_json((bucket / "manifest.json").read_text())
    names = {file.path.partition("/")[2] for file in told.files}
    assert names >= {"aws.csv", "rejected_rows.csv", "report.html"}
    assert all((bucket / file.path).stat().st_size == file.byte_size for file in told.files)


def test_the_place_for_all_flows_has_the_same_results(shell: Shell, bucket: Path):
    (place,) = (shell.folder / "landing").glob("*/*/servers-*")
    assert (place / "manifest.json").read_bytes() == (bucket / "manifest.json").read_bytes()


def delivered(results: Path) -> list[str]:
    with (results / "aws.csv").open(encoding="utf-8", newline="") as text:
        return sorted(row["HostName"] for row in csv.DictReader(text))


def results_of(shell: Shell, flow: str) -> Path:
    return next((shell.folder / "home" / "artifacts").glob(f"*/*/{flow}-*/target_files/*/results"))


@pytest.mark.usefixtures("second")
def test_the_table_holds_the_delivered_rows(shell: Shell, warehouse: str):
    with psycopg.connect(warehouse) as session:
        stored = session.execute("""select coalesce("HostName", '') from servers""").fetchall()
    assert sorted(host for (host,) in stored) == delivered(results_of(shell, "june"))


def test_the_delta_tells_what_changed_since_the_last_delivery(shell: Shell, second: Said):
    before, after = delivered(results_of(shell, "servers")), delivered(results_of(shell, "june"))
    (table,) = json.loads((results_of(shell, "june") / "delta.json").read_text())["tables"]
    assert table["since"].startswith("servers-")
    assert table["new"] + table["changed"] + table["same"] == len(after)
    assert table["gone"] + table["changed"] + table["same"] == len(before)
    assert table["new"] + table["changed"] > 0
    assert f"{table['new']} new, {table['changed']} changed" in " ".join(second.out.split())


@pytest.mark.usefixtures("second")
def test_the_databases_password_is_kept_nowhere(shell: Shell, second: Said):
    assert PASSWORD not in second.out + second.err
    holding = [f for f in (shell.folder / "home").rglob("*") if f.is_file() and PASSWORD.encode() in f.read_bytes()]
    assert holding == []
