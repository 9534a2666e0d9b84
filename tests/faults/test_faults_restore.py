"""A restore that is killed, at whatever step: the home opens with all that the backup holds, or says what to do."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from discovery_pipeline.cli.app import app
from discovery_pipeline.errors import ServerError
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import open_store
from discovery_pipeline.store.postgres import server
from discovery_pipeline.store.postgres.server import EmbeddedServer
from discovery_pipeline.store.upkeep.backup import BackupError, backup
from discovery_pipeline.store.upkeep.restore import restore

KILLED_AT = """
import os, signal, sys; from pathlib import Path
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.upkeep import restore
setattr(restore, sys.argv[3], lambda *_, **named: os.kill(os.getpid(), signal.SIGKILL))
restore.restore(Settings(home=Path(sys.argv[1])), Path(sys.argv[2]))
"""
"""Restores a home, and is killed before one of the restore's functions."""

KILLED_AT_STEP = """
import os, signal, sys; from pathlib import Path
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.upkeep import restore
CHANGES = {"os.mkdir", "os.rename", "os.rmdir", "os.remove", "subprocess.Popen"}
left = int(sys.argv[3])
def step(event, arguments):
    global left
    if event in CHANGES:
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(step)
restore.restore(Settings(home=Path(sys.argv[1])), Path(sys.argv[2]))
"""
"""Restores a home, and is killed before one more folder or name is changed, or program started, than it was given."""

STEPS = (20, 43, 44, 51)

NOT_FINISHED = r"was not finished. Run `discovery db restore FILE` again"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Flow]:
    """A backup, and the flow in it."""
    folder = tmp_path_factory.mktemp("kept")
    with open_store(Settings(home=folder / "home")) as store:
        flow = store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")
        with store.artifacts.writing(flow, "uploads") as uploads:
            (uploads / "a.csv").write_text("name\nweb-1\n")
        backup(store.settings, folder / "home.backup")
    EmbeddedServer(folder / "home").forget()
    return folder / "home.backup", flow


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Settings]:
    """A home of which nothing is there yet."""
    yield Settings(home=tmp_path / "other")
    there = EmbeddedServer(tmp_path / "other")
    there.stop()
    there.forget()


def is_whole(home: Settings, flow: Flow) -> None:
    with open_store(home) as store:
        assert store.flow(None, flow.id) == flow
        assert (store.artifacts.reading(flow, "uploads") / "a.csv").read_text() == "name\nweb-1\n"
        assert store.check(flow) == []


def killed(program: str, home: Settings, file: Path, at: object) -> bool:
    """Whether the restore was killed: it may have had fewer steps."""
    line = [sys.executable, "-c", program, str(home.root), str(file), str(at)]
    return subprocess.run(line, check=False, stderr=subprocess.DEVNULL).returncode == -signal.SIGKILL


def test_a_restore_that_has_no_database_yet_is_no_home_and_is_begun_anew(kept: tuple[Path, Flow], other: Settings):
    file, flow = kept
    assert killed(KILLED_AT, other, file, "_place")
    with pytest.raises(ServerError, match=NOT_FINISHED):
        open_store(other)
    restore(other, file)
    is_whole(other, flow)
    with pytest.raises(BackupError, match="isn't empty"):
        restore(other, file)


def test_a_restore_that_only_had_to_start_is_finished_by_whoever_opens_the_home(
    kept: tuple[Path, Flow], other: Settings
):
    file, flow = kept
    assert killed(KILLED_AT, other, file, "connected")
    is_whole(other, flow)
    with pytest.raises(BackupError, match="isn't empty"):
        restore(other, file)


def test_a_restore_whose_data_do_not_start_says_that_it_is_to_be_repeated(
    kept: tuple[Path, Flow], other: Settings, monkeypatch: pytest.MonkeyPatch
):
    file, flow = kept
    assert killed(KILLED_AT, other, file, "connected")
    with EmbeddedServer(other.root).alone() as at:
        (at.data / "global" / "pg_control").write_bytes(b"torn")
    with pytest.raises(ServerError, match=NOT_FINISHED):
        open_store(other)
    monkeypatch.setenv("DISCOVERY_HOME", str(other.root))
    looks = {each["name"]: each for each in json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)}
    assert "Run `discovery db restore FILE` again" in looks["postgres"]["mend"]
    restore(other, file)
    is_whole(other, flow)


def test_a_first_recovery_that_was_interrupted_is_taken_up_again(
    kept: tuple[Path, Flow], other: Settings, monkeypatch: pytest.MonkeyPatch
):
    file, flow = kept
    assert killed(KILLED_AT, other, file, "connected")
    with monkeypatch.context() as changed:
        changed.setattr(server, "SETTINGS", f"{server.SETTINGS} -c recovery_target_lsn=0/1")  # where it gives up
        with pytest.raises(ServerError, match=NOT_FINISHED):
            open_store(other)
    assert (other.root / "postgres" / "cluster" / "data" / "backup_label.old").exists()
    is_whole(other, flow)


def test_data_that_are_being_cleared_away_are_never_opened(kept: tuple[Path, Flow], other: Settings):
    file, flow = kept
    assert killed(KILLED_AT, other, file, "connected")
    assert killed(KILLED_AT_STEP, other, file, 300)
    with pytest.raises(ServerError, match=NOT_FINISHED):
        open_store(other)
    restore(other, file)
    is_whole(other, flow)


@pytest.mark.parametrize("step", STEPS)
def test_a_restore_killed_at_a_step_is_finished_or_begun_anew(kept: tuple[Path, Flow], other: Settings, step: int):
    file, flow = kept
    killed(KILLED_AT_STEP, other, file, step)
    if (other.root / ".restoring").exists():
        try:
            is_whole(other, flow)
        except ServerError as error:
            assert "Run `discovery db restore FILE` again" in str(error)
            restore(other, file)
    elif not (other.root / "postgres" / "cluster" / "data").exists():
        restore(other, file)
    is_whole(other, flow)


def test_a_backup_by_a_newer_version_is_refused_before_anything_is_made(
    kept: tuple[Path, Flow], other: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("discovery_pipeline.store.upkeep.restore.HEAD", "0001")
    with pytest.raises(BackupError, match="written by a newer version"):
        restore(other, kept[0])
    assert not other.root.exists()
