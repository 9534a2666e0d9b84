"""A crew answers as the playbook does, to the byte; a model in its place goes through the same checks."""

from __future__ import annotations

import hashlib
import json

import pytest

from discovery_pipeline.agents import running
from discovery_pipeline.agents.running import DiscoveryCrewOrchestrator, Means
from discovery_pipeline.errors import AgentAnswerInvalid
from discovery_pipeline.flow.advice import Brief
from discovery_pipeline.settings import AgentSettings

KEYS = [
    "schema_analysis", "mapping_opportunities", "profiling_report", "quality_assessment", "cleansing_strategy",
    "mapping_recommendations", "relationship_map", "risk_assessment", "execution_time", "token_usage", "engine",
    "source",
]  # fmt: skip


def digest(answer: dict) -> str:
    return hashlib.sha256(json.dumps({key: answer[key] for key in KEYS[:8]}).encode()).hexdigest()


def test_five_crews_and_the_playbook_say_the_same_to_the_byte(told: Brief):
    crews = [DiscoveryCrewOrchestrator(told, Means(AgentSettings(engine="crewai"))).run() for _ in range(5)]
    alone = DiscoveryCrewOrchestrator(told, Means(AgentSettings(engine="expert"))).run()
    assert {digest(crew) for crew in crews} == {digest(alone)}
    assert {crew["engine"] for crew in crews} == {"crewai"}
    assert (alone["engine"], alone["source"]) == ("expert", "expert")


def test_where_crewai_itself_fails_the_playbook_answers_and_says_so(told: Brief, monkeypatch: pytest.MonkeyPatch):
    def ends_without(*_: object) -> None:
        if len(tried) > 3:
            pytest.fail("It is tried again and again.")
        tried.append(1)
        raise AgentAnswerInvalid("The crew ended without an answer (RuntimeError).")

    tried: list[int] = []
    monkeypatch.setattr("discovery_pipeline.agents.crew.kickoff.run", ends_without)
    crew = DiscoveryCrewOrchestrator(told, Means(AgentSettings(engine="crewai"))).run()
    alone = DiscoveryCrewOrchestrator(told, Means(AgentSettings(engine="expert"))).run()
    assert digest(crew) == digest(alone)
    assert crew["source"] == "fallback"
    assert {agent["reason"] for agent in crew["agents"].values()} == {
        "The crew ended without an answer (RuntimeError)."
    }


def test_a_result_has_the_promised_keys_and_nothing_used(told: Brief):
    answer = DiscoveryCrewOrchestrator(told, Means(AgentSettings(engine="crewai"))).run()
    assert list(answer)[: len(KEYS)] == KEYS
    assert answer["token_usage"]["total_tokens"] == answer["token_usage"]["requests"] == 0


@pytest.mark.parametrize("vendor_name", ["compatible", "openai", "anthropic", "ollama", "vllm"])
def test_a_model_answers_for_every_agent(told: Brief, vendor, audit, asking, vendor_name: str):
    means = Means(asking(vendor_name, prices={f"{vendor_name}/a-model": (1.0, 10.0)}), audit)
    answer = DiscoveryCrewOrchestrator(told, means).run()
    assert (answer["source"], answer["engine"]) == ("model", "crewai"), answer["agents"]
    asked = len(vendor.bodies)
    assert asked == 16  # tools, then the answer, for each of eight tasks
    assert answer["token_usage"]["prompt_tokens"] == 1000 * asked
    assert answer["token_usage"]["cost"] == pytest.approx(asked * (1000 * 1.0 + 100 * 10.0) / 1_000_000)
    assert {path.rpartition("/v1/")[2] for path in vendor.paths} == {
        "messages" if vendor_name == "anthropic" else "chat/completions"
    }


def test_agents_may_have_models_of_their_own(told: Brief, vendor, audit):
    settings = AgentSettings(models={"risk_agent": "vllm/a-model"}, base_urls={"vllm": vendor.address})
    answer = DiscoveryCrewOrchestrator(told, Means(settings, audit)).run()
    sources = {agent: each["source"] for agent, each in answer["agents"].items()}
    assert sources.pop("risk_agent") == "model"
    assert set(sources.values()) == {"expert"}
    assert {row["agent"] for row in audit} == {"risk_agent"}


def test_an_agent_alone_builds_on_what_others_said(told: Brief):
    means = Means(AgentSettings(engine="crewai"))
    schema = running.advise("schema_analysis_agent", told, {}, means)
    quality = running.advise("data_quality_agent", told, running.answers([schema]), means)
    together = {a.agent: a for a in running.advise_all(told, means)}
    assert quality == together["data_quality_agent"]


def test_the_steps_of_a_crew_are_told_in_their_order(told: Brief):
    steps: list[str] = []
    running.advise("risk_agent", told, {}, Means(AgentSettings(engine="crewai"), step=steps.append))
    assert (steps[0], steps[-1]) == ("risk_assessment started", "risk_assessment answered")
    assert sorted(steps[1:-1]) == [
        f"risk_assessment used {tool}" for tool in ("compliance_checker", "performance_estimator", "risk_analyzer")
    ]


def test_without_an_audit_no_model_is_asked(told: Brief, vendor, asking):
    advice = running.advise("risk_agent", told, {}, Means(asking()))
    assert (advice.source, vendor.bodies) == ("expert", [])
