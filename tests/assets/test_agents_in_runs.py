"""Agents in Dagster's runs: ops of their own, whose failure costs a warning and never a flow."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from discovery_pipeline.agents import running
from discovery_pipeline.agents.models.asking import Audit
from discovery_pipeline.assets import agents
from discovery_pipeline.assets.build import build
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.flow.state import Flow, FlowStatus
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.files.artifacts import UPLOADS
from discovery_pipeline.store.model_requests import RequestLog

sys.path.insert(0, str(Path(__file__).parents[1] / "agents"))

from agents_estate import CANARIES, estate
from agents_vendor import Vendor
from agents_vendor import running as vendor_running

pytestmark = pytest.mark.filterwarnings(r"ignore::DeprecationWarning:crewai\..*")

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
DISCOVERING = {"schema_analysis_agent", "relationship_agent", "data_quality_agent", "field_mapping_agent"}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with vendor_running() as server:
        yield server


@pytest.fixture
def flow(store: Store, tmp_path: Path) -> Flow:
    made = store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")
    with store.artifacts.writing(made, UPLOADS) as folder:
        estate(folder)
    return made


def discover(settings: Settings, monkeypatch: pytest.MonkeyPatch, slug: str, **more: str) -> dg.ExecuteInProcessResult:
    assert settings.database_url is not None
    monkeypatch.setenv("DISCOVERY_DATABASE_URL", settings.database_url.get_secret_value())
    for name, value in more.items():
        monkeypatch.setenv(f"DISCOVERY_AGENTS_{name}", value)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(FLOWS, [slug])
        return (
            build(settings)
            .resolve_job_def("discover")
            .execute_in_process(instance=instance, partition_key=slug, raise_on_error=False, run_config=QUIET)
        )


def reasons(result: dg.ExecuteInProcessResult) -> list[str]:
    return [str(e.step_failure_data.error) for e in result.all_events if e.is_step_failure]


def told(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    """What each agent's op says of its answer, by agent."""
    said = {}
    for event in result.all_events:
        name = (event.step_key or "").rpartition(".")[2]
        if event.is_successful_output and name in DISCOVERING:
            said[name] = {key: value.value for key, value in event.step_output_data.metadata.items()}
    return said


def warnings_of(result: dg.ExecuteInProcessResult) -> list[dg.AssetCheckEvaluation]:
    return [e for e in result.get_asset_check_evaluations() if e.check_name == agents.ANSWERED and not e.passed]


def test_every_agent_is_an_op_with_its_pool_and_its_one_retry():
    for agent in (*DISCOVERING, "risk_agent"):
        op = getattr(agents, agent)
        assert (op.pool, op.retry_policy.max_retries) == ("llm", 1)


def test_without_a_model_the_playbook_answers_and_nobody_is_warned(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, store: Store, flow: Flow
):
    result = discover(settings, monkeypatch, flow.slug, ENGINE="expert")
    assert result.success, reasons(result)
    assert {agent: said["source"] for agent, said in told(result).items()} == dict.fromkeys(DISCOVERING, "expert")
    assert warnings_of(result) == []
    assert RequestLog(store, flow).spent() == (0, 0.0)


def test_a_model_answers_and_its_use_is_on_record(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, store: Store, flow: Flow, vendor: Vendor
):
    result = discover(
        settings, monkeypatch, flow.slug,
        MODEL="vllm/a-model", BASE_URL=vendor.address, PRICES='{"vllm/a-model": [1.0, 10.0]}',
    )  # fmt: skip
    assert result.success, reasons(result)
    said = told(result)
    assert {agent: each["source"] for agent, each in said.items()} == dict.fromkeys(DISCOVERING, "model")
    assert sum(each["requests"] for each in said.values()) == len(vendor.bodies) == 14
    rows = store.query("select outcome, prompt_tokens + completion_tokens, cost, length(sha256) from agent_requests")
    assert [row[0] for row in rows].count("sent") == [row[0] for row in rows].count("answered") == 14
    assert RequestLog(store, flow).spent() == (14 * 1100, pytest.approx(14 * 0.002))
    assert {row[3] for row in rows} == {64}


def test_a_model_that_is_away_is_tried_twice_and_then_the_playbook_answers_with_a_warning(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, store: Store, flow: Flow, vendor: Vendor
):
    vendor.fault = "429"
    result = discover(
        settings, monkeypatch, flow.slug,
        MODELS='{"relationship_agent": "vllm/a-model"}', BASE_URLS=f'{{"vllm": "{vendor.address}"}}', ENGINE="auto",
    )  # fmt: skip
    assert result.success, reasons(result)
    assert store.flow(None, flow.id).status is FlowStatus.WAITING_FOR_REVIEW
    assert len(vendor.bodies) == 2
    said = told(result)["relationship_agent"]
    assert (said["source"], said["requests"]) == ("fallback", 1)
    [warning] = warnings_of(result)
    assert warning.severity is dg.AssetCheckSeverity.WARN
    assert "relationship_agent: The model's server is busy or broken (HTTP 429)." in (warning.description or "")


def test_a_fault_of_our_own_in_an_agent_costs_a_warning_and_no_flow(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, store: Store, flow: Flow
):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(running, "advise", broken)
    result = discover(settings, monkeypatch, flow.slug, ENGINE="expert")
    assert result.success, reasons(result)
    assert store.flow(None, flow.id).status is FlowStatus.WAITING_FOR_REVIEW
    assert len(warnings_of(result)) == 1, [
        (e.check_name, e.passed, e.metadata) for e in result.get_asset_check_evaluations()
    ]


def test_facts_that_can_not_be_put_together_cost_no_flow(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, store: Store, flow: Flow
):
    monkeypatch.setattr(agents, "brief", lambda *_, **__: 1 / 0)
    result = discover(settings, monkeypatch, flow.slug, ENGINE="expert")
    assert result.success, reasons(result)
    assert store.flow(None, flow.id).status is FlowStatus.WAITING_FOR_REVIEW


def test_a_setting_that_can_not_be_is_said_and_costs_no_flow(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, store: Store, flow: Flow
):
    result = discover(settings, monkeypatch, flow.slug, MODEL="nobody/m")
    assert result.success, reasons(result)
    [warning] = warnings_of(result)
    assert "say expert, or one of openai/" in (warning.description or "")
    assert store.artifacts.reading(flow, "field_mapping_agent").is_dir()


def test_no_canary_stands_in_dagsters_log(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, store: Store, flow: Flow, vendor: Vendor
):
    vendor.fault = "injected"
    result = discover(settings, monkeypatch, flow.slug, MODEL="vllm/a-model", BASE_URL=vendor.address)
    assert result.success, reasons(result)
    log = "".join(str(event) for event in result.all_events if event.step_key and "agent" in event.step_key).casefold()
    assert [canary for canary in CANARIES if canary.casefold() in log] == []
    assert "attacker" not in log
    sent = b"".join(vendor.bodies).decode().casefold()
    assert [canary for canary in CANARIES if canary.casefold() in sent] == []


def test_the_log_of_requests_is_an_audit(store: Store, flow: Flow):
    log: Audit = RequestLog(store, flow)
    log.record({"agent": "risk_agent", "model": "vllm/m", "sha256": "0" * 64, "byte_size": 1, "outcome": "sent"})
    [row] = store.query("select agent, model, byte_size, outcome, flow_id from agent_requests")
    assert row == ("risk_agent", "vllm/m", 1, "sent", flow.id)
