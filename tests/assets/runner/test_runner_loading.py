"""What is loaded before the fork: all that a run uses, and nothing that a fork must not share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from discovery_pipeline.assets.runner import worker
from discovery_pipeline.assets.runner.zygote import ENVIRONMENT

LOADED = """
import json, os, sys
from pathlib import Path
from discovery_pipeline.assets.runner import loading, place, zygote
from discovery_pipeline.settings import Settings
loading.load(place.definitions(), Settings(home=Path(sys.argv[1])))
import psutil
us = psutil.Process()
from discovery_pipeline.engine.mapping.matcher import embedding
from discovery_pipeline.engine.risk.model import RiskAssessment
print(json.dumps({
    "threads": zygote.threads(),
    "connections": len(us.net_connections(kind="all")),
    "crew": any(name.startswith("crewai") for name in sys.modules),
    "weights": embedding._model.cache_info().currsize,
    "model": RiskAssessment.__pydantic_complete__,
}), flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """A process that has loaded everything, and how it is then."""
    home = tmp_path_factory.mktemp("home")
    said = subprocess.run(
        [sys.executable, "-c", LOADED, home],
        env=os.environ | ENVIRONMENT | {"DISCOVERY_AGENTS_ENGINE": "expert"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Not loaded" not in said.stdout
    assert list(Path(home).iterdir()) == []
    return json.loads(said.stdout.splitlines()[-1])


def test_there_is_one_thread_and_no_connection(loaded: dict[str, object]):
    assert (loaded["threads"], loaded["connections"]) == (1, 0)


def test_weights_and_models_are_there(loaded: dict[str, object]):
    assert loaded["weights"] == 1
    assert loaded["model"]


def test_crewai_is_left_out_where_no_crew_will_run(loaded: dict[str, object]):
    assert not loaded["crew"]


def test_the_instance_is_read_anew_where_its_file_was_written_anew(tmp_path: Path):
    written = tmp_path / worker.INSTANCE / "dagster.yaml"
    written.parent.mkdir()
    telemetry = []
    for second, enabled in enumerate(("true", "false")):
        written.write_text(f"telemetry: {{enabled: {enabled}}}")
        os.utime(written, (second, second))
        read = worker.instance_ref(tmp_path)
        assert worker.instance_ref(tmp_path) is read
        telemetry.append(read.settings["telemetry"])
    assert telemetry == [{"enabled": True}, {"enabled": False}]
