"""`discovery agents` at a shell: what agents say, what would be sent, why a mapping is as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from discovery_pipeline.agents import reading
from discovery_pipeline.agents.gathering import Results
from discovery_pipeline.cli.app import app
from discovery_pipeline.errors import AgentError
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.files.values import VALUE, Value, encoded


@pytest.fixture
def flow(settings: Settings, store: Store, results: Results, monkeypatch: pytest.MonkeyPatch) -> Flow:
    """A flow as it waits for its review, in the home that commands work on."""
    assert settings.database_url is not None
    monkeypatch.setenv("DISCOVERY_HOME", str(settings.home))
    monkeypatch.setenv("DISCOVERY_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("COLUMNS", "200")
    made = store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")
    stages: dict[str, Value] = {
        "column_profile": results.profile, "schema_analysis": results.analysis, "offered": list(results.offered),
    }  # fmt: skip
    for stage, value in stages.items():
        with store.artifacts.writing(made, stage) as folder:
            (folder / VALUE).write_text(encoded(value, Path("/")))
    return made


def said(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["agents", *arguments])
    assert done.exit_code == code, done.output
    return done.stdout


def test_run_prints_the_answers_of_all_agents(flow: Flow):
    answer = json.loads(said("run", flow.slug, "--json"))
    assert (answer["engine"], answer["source"]) == ("crewai", "expert")
    assert answer["schema_analysis"]["tables"][-1]["table"] == "servers"
    assert answer["relationship_map"]["load_order"].index("apps") < answer["relationship_map"]["load_order"].index(
        "servers"
    )
    assert "What will hurt" in said("run", flow.slug)


def test_check_says_that_nothing_is_sent_and_shows_what_would_be(flow: Flow):
    assert "nothing is sent anywhere" in said("check")
    shown = json.loads(said("check", flow.slug, "--json"))
    assert {each["model"] for each in shown["would_send"]} == {None}
    assert all(each["refused"] is None for each in shown["would_send"])
    assert len(shown["would_send"]) == 8
    assert "SchemaInspector" in said("check", flow.slug)


def test_check_asks_whether_the_model_is_there(flow: Flow, vendor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISCOVERY_AGENTS_MODEL", "vllm/a-model")
    monkeypatch.setenv("DISCOVERY_AGENTS_BASE_URL", vendor.address)
    assert json.loads(said("check", "--json"))["agents"]["risk_agent"]["reachable"] is True
    monkeypatch.setenv("DISCOVERY_AGENTS_BASE_URL", "http://127.0.0.1:9/v1")
    down = json.loads(said("check", "--json", code=1))["agents"]["risk_agent"]
    assert "can't be reached" in down["fault"]
    assert vendor.bodies == []


def test_explain_tells_evidence_and_candidates(flow: Flow):
    [first, *_] = json.loads(said("explain", flow.slug, "--mapping", "hostname", "--json"))
    assert first["field"] == "HostName"
    assert first["evidence"]
    assert "HostName" in said("explain", flow.slug, "--mapping", "HOSTNAME")


def test_a_field_that_nothing_is_offered_for_names_those_with_an_offer(flow: Flow):
    done = CliRunner().invoke(app, ["agents", "explain", flow.slug, "--mapping", "Nonsense"])
    assert isinstance(done.exception, AgentError)
    assert "HostName" in str(done.exception)


def test_a_flow_without_a_profile_says_what_to_do(store: Store):
    empty = store.create_flow(store.default_tenant(), "empty", "servicenow", "aws")
    with pytest.raises(AgentError, match="no profile yet"):
        reading.results(store.artifacts, empty)
