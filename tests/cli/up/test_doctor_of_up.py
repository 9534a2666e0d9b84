"""What the doctor says of an `up` that is still starting, of one with a part that is down, and of no home at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from discovery_pipeline.cli import doctor
from discovery_pipeline.cli.app import app
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import parts
from discovery_pipeline.store.parts import NAMES, Health, Part, Process, Up


def written(home: Path, **other: Health) -> Settings:
    """A home whose parts are up, but for some."""
    found = {name: Part(other.get(name, Health.UP)) for name in NAMES}
    parts.write(home, Up(Process.of(os.getpid()), {}, found))
    return Settings(home=home)


def test_a_part_that_starts_is_nothing_to_mend(tmp_path: Path):
    examined = doctor._running(written(tmp_path, runner=Health.STARTING, web=Health.STARTING))
    assert examined.found == "starting: runner, web"
    assert examined.mend == ""


def test_a_runner_that_loads_is_nothing_to_mend(tmp_path: Path):
    assert doctor._runner(written(tmp_path, runner=Health.STARTING)).mend == ""


def test_a_part_that_is_down_is_told_with_its_log(tmp_path: Path):
    examined = doctor._running(written(tmp_path, web=Health.DOWN, runner=Health.STARTING))
    assert examined.found == "not up: web"
    assert examined.mend == f"See {tmp_path / 'logs' / 'web.log'}."


def test_what_a_killed_up_left_is_no_up_that_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ours = Process.of(os.getpid())
    parts.write(tmp_path, Up(Process(os.getpid(), 12.0), {}, {"web": Part(Health.UP, ours), "runner": Part(Health.UP)}))
    examined = doctor._running(Settings(home=tmp_path))
    assert examined.found == "was killed, and without it go on: web"
    assert "discovery down" in examined.mend
    monkeypatch.setenv("DISCOVERY_HOME", str(tmp_path))
    assert json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["left"] == ["web"]
    assert "without it go on: web" in CliRunner().invoke(app, ["status"]).stdout


def test_a_home_that_can_not_be_written_to_is_told_and_nothing_in_it_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DISCOVERY_HOME", str(tmp_path / "file" / "home"))
    told = CliRunner().invoke(app, ["doctor", "--json"])
    assert told.exit_code == 1
    python, home = json.loads(told.stdout)
    assert python["mend"] == ""
    assert "DISCOVERY_HOME" in home["mend"]
