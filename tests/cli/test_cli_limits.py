"""Stage commands keep to the memory and threads that the settings name."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from discovery_pipeline.cli.app import app
from discovery_pipeline.cli.computing import workbench
from discovery_pipeline.errors import SettingsError

COMMANDS = {
    "inspect": ("{file}",),
    "profile": ("{file}",),
    "diff": ("{file}", "{file}"),
    "relationships": ("{file}",),
    "match": ("{file}", "aws"),
    "clean": ("{file}", "--out", "{folder}/out.csv", "--patches", "{folder}/patches.csv"),
    "validate": ("{file}", "--target", "aws"),
    "risk": ("{file}", "--target", "aws"),
}


def test_the_settings_say_how_much_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCOVERY_MEMORY_LIMIT", "64 MiB")
    monkeypatch.setenv("DISCOVERY_THREADS", "1")
    with workbench() as (con, _):
        said = con.execute("select current_setting('memory_limit'), current_setting('threads')").fetchall()
    assert said == [("64.0 MiB", 1)]


def test_what_exceeds_the_memory_is_spilled_into_a_folder_that_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCOVERY_MEMORY_LIMIT", "60MB")
    monkeypatch.setenv("DISCOVERY_THREADS", "1")
    with workbench() as (con, folder):
        rows = con.execute("create temp table t as select md5(i::varchar) as v from range(4000000) r(i)").fetchall()
        assert any(folder.rglob("*.tmp"))
    assert rows == [(4_000_000,)]
    assert not folder.exists()


def test_ctrl_c_ends_a_long_query_at_once() -> None:
    calling = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    calling.start()
    began = time.monotonic()
    with pytest.raises((KeyboardInterrupt, RuntimeError)), workbench() as (con, _):
        con.execute("select count(distinct md5(i::varchar)) from range(100_000_000) t(i)")  # minutes, in one task
    calling.join()
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("command", COMMANDS)
def test_every_stage_command_asks_the_settings(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that can't be is refused by each of them."""
    file = tmp_path / "servers.csv"
    file.write_text("name,ip\nweb01,10.0.0.1\nweb02,10.0.0.2\n")
    monkeypatch.setenv("DISCOVERY_MEMORY_LIMIT", "much")
    arguments = (part.format(file=file, folder=tmp_path) for part in COMMANDS[command])
    result = CliRunner().invoke(app, [command, *arguments])
    assert isinstance(result.exception, SettingsError)
    assert "DISCOVERY_MEMORY_LIMIT" in str(result.exception)
