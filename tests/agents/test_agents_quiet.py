"""A crew keeps to itself: no connection, no database, no file, nothing left behind in the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from discovery_pipeline.flow.advice import Brief

WATCHED = """
import json, os, signal, sys, warnings
seen = []
def watch(event, given):
    text = str(given)
    if event in ("sqlite3.connect", "socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        seen.append(f"{event} {text}")
    if event == "os.mkdir" and not os.path.isdir(given[0]):
        seen.append(f"{event} {text}")
    if event == "open" and isinstance(given[0], str):
        written = isinstance(given[1], str) and set(given[1]) & set("wax+")
        if given[0].endswith(".env") or written:
            seen.append(f"{event} {text}")
before = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), warnings.warn)
sys.addaudithook(watch)
from discovery_pipeline.agents.running import Means, advise_all
from discovery_pipeline.flow.advice import Brief
from discovery_pipeline.settings import AgentSettings
told = Brief.model_validate_json(open("brief.json").read())
advice = advise_all(told, Means(AgentSettings(engine="crewai")))
after = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), warnings.warn)
print(json.dumps({
    "seen": seen, "same": before == after, "sources": sorted({a.source for a in advice}),
    "engines": sorted({a.engine for a in advice}), "read": os.environ.get("CANARY_OF_DOTENV"),
    "dotenv": os.environ.get("PYTHON_DOTENV_DISABLED"),
}), flush=True)
"""


def run(code: str, place: Path) -> tuple[dict, float]:
    since = time.monotonic()
    home = place / "home"
    home.mkdir()
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=place,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(place), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert said.stderr == ""
    return json.loads(said.stdout.splitlines()[-1]), time.monotonic() - since


def test_a_crew_opens_nothing_and_leaves_nothing(told: Brief, tmp_path: Path):
    (tmp_path / "brief.json").write_text(told.model_dump_json())
    (tmp_path / ".env").write_text("CANARY_OF_DOTENV=1\nOPENAI_API_KEY=sk-canary\n")
    found, _ = run(WATCHED, tmp_path)
    assert found == {
        "seen": [], "same": True, "sources": ["expert"], "engines": ["crewai"], "read": None, "dotenv": None,
    }  # fmt: skip
    assert list((tmp_path / "home").iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == [".env", "brief.json", "home"]


def test_the_playbook_alone_never_loads_crewai(told: Brief, tmp_path: Path):
    (tmp_path / "brief.json").write_text(told.model_dump_json())
    code = (
        "import json, sys\n"
        "from discovery_pipeline.agents.running import Means, advise_all\n"
        "from discovery_pipeline.flow.advice import Brief\n"
        "from discovery_pipeline.settings import AgentSettings\n"
        "told = Brief.model_validate_json(open('brief.json').read())\n"
        "advice = advise_all(told, Means(AgentSettings()))\n"
        "print(json.dumps({'loaded': 'crewai' in sys.modules, 'engines': sorted({a.engine for a in advice})}))\n"
    )
    found, _ = run(code, tmp_path)
    assert found == {"loaded": False, "engines": ["expert"]}


@pytest.mark.parametrize("engine", ["auto", "crewai"])
def test_without_the_extra_the_playbook_answers_or_the_setting_is_refused(
    engine: str, told: Brief, audit, monkeypatch: pytest.MonkeyPatch
):
    from discovery_pipeline.agents import quiet, running
    from discovery_pipeline.errors import SettingsError
    from discovery_pipeline.settings import AgentSettings

    monkeypatch.setattr(quiet, "installed", lambda: False)
    monkeypatch.setattr(quiet, "loaded", lambda: False)
    settings = AgentSettings(engine=engine, model="ollama/m" if engine == "auto" else "expert")
    if engine == "crewai":
        with pytest.raises(SettingsError, match="not installed"):
            running.engine(settings)
        return
    advice = running.advise("risk_agent", told, {}, running.Means(settings, audit))
    assert (advice.engine, advice.source) == ("expert", "fallback")
    assert "extra agents" in advice.reason
