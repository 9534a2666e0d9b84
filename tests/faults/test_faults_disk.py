"""A full disk: a clear sentence, nothing half there, and all as before once there is room."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import psycopg
import pytest
import structlog
from disks import Disk, small

from discovery_pipeline import log
from discovery_pipeline.engine import duck, intake
from discovery_pipeline.errors import DiskFullError, FlowOperationError, ServerError
from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.postgres.server import EmbeddedServer


@pytest.fixture
def disk() -> Iterator[Disk]:
    with small() as made:
        yield made


@pytest.fixture
def filling(disk: Disk) -> Iterator[Store]:
    """A store whose home, server and all, is on the small disk."""
    with open_store(Settings(home=disk.folder / "home")) as store:
        yield store
    EmbeddedServer(store.settings.root).forget()


def test_a_stage_that_finds_no_room_keeps_its_former_files(store: Store, disk: Disk):
    flow = store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")
    store.artifacts.root = disk.folder / "artifacts"
    with store.artifacts.writing(flow, "column_profile") as folder:
        (folder / "a.txt").write_text("first")
    before = store.artifacts.digest(flow, "column_profile")
    for place in ("a.txt", "b.txt"):
        with disk.full(), pytest.raises(DiskFullError, match=r"the disk is full .* Make room, and try again"):
            publish(store, flow, place, bytes(1_000_000))
    assert store.artifacts.digest(flow, "column_profile") == before
    assert (store.artifacts.reading(flow, "column_profile") / "a.txt").read_text() == "first"
    publish(store, flow, "a.txt", bytes(1_000_000))
    stage = store.artifacts.reading(flow, "column_profile").parent
    assert len(list(stage.iterdir())) == 2  # CURRENT, and the files it names


def publish(store: Store, flow: Flow, name: str, content: bytes) -> None:
    with store.artifacts.writing(flow, "column_profile") as folder:
        (folder / name).write_bytes(content)


def test_a_change_that_finds_no_room_is_no_change(filling: Store, disk: Disk):
    flow = filling.create_flow(filling.default_tenant(), "estate", "servicenow", "aws")
    with disk.full(), pytest.raises(FlowOperationError, match="Nothing was changed"):
        filling.wait_for(filling.flows.update(flow.tenant, flow.id, {"note": list(range(500_000))}))
    assert filling.flow(None, flow.id) == flow
    assert filling.start_phase(flow, Phase.DATA_IMPORT).version == flow.version + 1
    assert filling.check(flow) == []


def test_a_server_that_finds_no_room_for_its_log_comes_back_when_there_is(filling: Store, disk: Disk):
    flow = filling.create_flow(filling.default_tenant(), "estate", "servicenow", "aws")
    with disk.full():
        use_up_the_log(filling)
        with pytest.raises(ServerError, match="the disk is full, so PostgreSQL can't run"):
            filling.start_phase(flow, Phase.DATA_IMPORT)
    assert filling.start_phase(flow, Phase.DATA_IMPORT).version == flow.version + 1
    assert filling.check(flow) == []


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.zip", "a.json", "a.xlsx", "a.parquet"])
def test_a_file_that_finds_no_room_to_be_read_into_is_not_blamed_for_it(disk: Disk, tmp_path: Path, name: str):
    file = tmp_path / name
    written(file)
    with duck.connect() as con:
        with disk.full(), pytest.raises(DiskFullError, match=r"the disk is full .* Make room, and try again"):
            intake.read(con, [file], disk.folder / "tables")
        (read,) = intake.read(con, [file], disk.folder / "tables").files
    assert (read.status, read.reason) == ("read", None)


def written(file: Path) -> None:
    """A table of so many rows that no limit on files lets it through."""
    table = pd.DataFrame({"name": [f"{number * 7919 % 10007:x}" for number in range(10_000)], "size": range(10_000)})
    match file.suffix:
        case ".xlsx":
            table.to_excel(file, index=False)
        case ".parquet":
            table.to_parquet(file)
        case ".json":
            table.to_json(file, orient="records")
        case _:
            table.to_csv(file, index=False)


def test_a_command_on_files_says_that_the_disk_is_full(tmp_path: Path):
    written(tmp_path / "a.csv")
    limited = 'ulimit -f 4; exec "$@"'
    command = [
        sys.executable,
        "-c",
        "from discovery_pipeline.cli.app import main; main()",
        "inspect",
        str(tmp_path / "a.csv"),
    ]
    done = subprocess.run(["sh", "-c", limited, "sh", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the disk is full" in done.stderr
    assert "permissions" not in done.stderr + done.stdout


class NoRoom(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_an_event_that_finds_no_room_in_its_log_is_lost_and_nothing_else(monkeypatch: pytest.MonkeyPatch):
    kept = structlog.get_config()
    structlog.reset_defaults()
    monkeypatch.setattr(sys, "stderr", NoRoom())
    try:
        log.configure("info")
        structlog.get_logger().error("request failed")
    finally:
        structlog.configure(**kept)


def use_up_the_log(store: Store) -> None:
    """Begin new files of the write-ahead log until there is no room for one, which ends the server."""
    with pytest.raises(psycopg.Error), psycopg.connect(store.databases.dsn(), autocommit=True) as operator:
        for _ in range(100):
            operator.execute("create temporary table if not exists nothing ()")
            operator.execute("drop table nothing")
            operator.execute("select pg_switch_wal()")
