"""What is made of the same things isn't made again, and is the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from discovery_pipeline.agents import running
from discovery_pipeline.assets import reasons
from discovery_pipeline.assets.deltas import RESULTS
from discovery_pipeline.assets.jobs import DELIVER, DISCOVER
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.engine.mapping.model import Mapping
from discovery_pipeline.flow.advice import Advice
from discovery_pipeline.flow.state import Flow, FlowStatus
from discovery_pipeline.settings import AgentSettings
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.files.artifacts import UPLOADS

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
SERVERS = "sys_id,name,ip_address,os,ram\n" + "".join(
    f"{i:032x},web{i:03},10.0.0.{i}, Ubuntu 22.04 ,{i % 4 + 1} GB\n" for i in range(1, 40)
)
Run = Callable[[str], dg.ExecuteInProcessResult]


@pytest.fixture
def flow(store: Store) -> Flow:
    made = store.create_flow(store.default_tenant(), "servers", "servicenow", "aws,aws-mgn")
    with store.artifacts.writing(made, UPLOADS) as folder:
        (folder / "servers.csv").write_text(SERVERS)
    return made


@pytest.fixture
def run(defs: dg.Definitions, flow: Flow, instance: dg.DagsterInstance) -> Run:
    """Run a job of the flow."""
    instance.add_dynamic_partitions(FLOWS, [flow.slug])

    def ran(job: str) -> dg.ExecuteInProcessResult:
        result = defs.resolve_job_def(job).execute_in_process(
            instance=instance, partition_key=flow.slug, raise_on_error=False, run_config=QUIET
        )
        assert result.success, f"{job}: {reasons.of_steps(result.all_events)}"
        return result

    return ran


@pytest.fixture
def delivered(run: Run, flow: Flow, approve: Callable[[Flow], None]) -> dg.ExecuteInProcessResult:
    """The run that delivered the flow the first time."""
    run("discover")
    approve(flow)
    return run("deliver")


def told(result: dg.ExecuteInProcessResult, step: str, asset: str) -> dict[str, Any]:
    (made,) = [m for m in result.asset_materializations_for_node(step) if m.asset_key.path[-1] == asset]
    return {name: value.value for name, value in made.metadata.items()}


def versions(instance: dg.DagsterInstance, flow: Flow, *assets: str) -> dict[str, str]:
    """The data versions of a flow's assets."""
    found = {}
    for asset in assets:
        record = instance.get_latest_data_version_record(dg.AssetKey(asset), partition_key=flow.slug)
        assert record is not None
        assert record.asset_materialization is not None
        found[asset] = (record.asset_materialization.tags or {})["dagster/data_version"]
    return found


def stored(store: Store, flow: Flow) -> dict[str, int]:
    """The inodes of what was delivered: another one where a file was written again."""
    folder = store.artifacts.reading(flow, "target_files") / RESULTS
    return {str(file.relative_to(folder)): file.stat().st_ino for file in folder.rglob("*") if file.is_file()}


def test_a_data_version_is_the_content(run: Run, flow: Flow, store: Store, instance: dg.DagsterInstance):
    run("discover")
    first = versions(instance, flow, *DISCOVER)
    assert first == {name: store.artifacts.digest(flow, name) for name in DISCOVER}
    run("discover")
    assert versions(instance, flow, *DISCOVER) == first


def test_a_changed_mapping_runs_again_only_the_target_that_it_touches(
    run: Run, flow: Flow, store: Store, delivered: dg.ExecuteInProcessResult, monkeypatch: pytest.MonkeyPatch
):
    from discovery_pipeline.engine import cleansing, validation

    assert told(delivered, "validated_tables", "validated_tables")["taken_over"] == 0
    before = {asset: store.artifacts.digest(flow, asset) for asset in ("cleansed_tables", "patch_log")}
    agreed = store.approved_mappings(flow)
    fewer = [field for field in agreed["aws"].fields if field.is_required]
    store.submit_mapping(flow, [Mapping(target="aws", fields=tuple(fewer)), agreed["aws-mgn"]], by="ana")
    judged: list[str] = []
    validate = validation.validate

    def seen(con: Any, tables: Any, mapping: Mapping, *rest: Any, **given: Any) -> Any:
        judged.append(mapping.target)
        return validate(con, tables, mapping, *rest, **given)

    monkeypatch.setattr(validation, "validate", seen)
    monkeypatch.setattr(cleansing, "cleanse", lambda *_, **__: pytest.fail("cleansing has nothing to do with it"))
    again = run("deliver")
    assert judged == ["aws"]
    assert told(again, "validated_tables", "validated_tables")["taken_over"] == 1
    assert told(again, "cleansed", "cleansed_tables")["taken_over"] is True
    assert {asset: store.artifacts.digest(flow, asset) for asset in before} == before
    assert store.flow(None, flow.id).status is FlowStatus.COMPLETED
    assert store.check(flow) == []


def test_run_again_on_the_same_things_every_asset_is_the_same_to_the_byte(
    run: Run, flow: Flow, store: Store, instance: dg.DagsterInstance, delivered: dg.ExecuteInProcessResult
):
    first, files = versions(instance, flow, *DELIVER), stored(store, flow)
    run("deliver")
    assert versions(instance, flow, *DELIVER) == first
    assert stored(store, flow) == files
    assert store.flow(None, flow.id).status is FlowStatus.COMPLETED


@pytest.fixture
def said_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have the playbook's words said by an engine, whichever one this process has in memory."""
    advise, means = running.advise, running.Means(AgentSettings(engine="expert"))

    def say(engine: str) -> None:
        def advised(agent: str, brief: Any, before: Any, *_: Any, **__: Any) -> Advice:
            return advise(agent, brief, before, means).model_copy(update={"engine": engine})

        monkeypatch.setattr(running, "advise", advised)

    say("expert")
    return say


def test_who_gave_the_same_answers_makes_no_other_delivery(
    said_by: Callable[[str], None], run: Run, flow: Flow, store: Store, delivered: dg.ExecuteInProcessResult
):
    first, advised = (store.artifacts.digest(flow, asset) for asset in ("target_files", "risk_agent"))
    said_by("crewai")
    run("deliver")
    assert store.artifacts.digest(flow, "risk_agent") != advised
    assert store.artifacts.digest(flow, "target_files") == first


@pytest.mark.usefixtures("said_by", "delivered")
def test_other_words_of_an_agent_make_another_delivery(
    run: Run, flow: Flow, store: Store, monkeypatch: pytest.MonkeyPatch
):
    def failed(*_: Any, **__: Any) -> Advice:
        raise ZeroDivisionError

    first = store.artifacts.digest(flow, "target_files")
    monkeypatch.setattr(running, "advise", failed)
    again = run("deliver")
    assert told(again, "target_files", "target_files")["taken_over"] is False
    assert store.artifacts.digest(flow, "target_files") != first


def test_a_delivery_of_what_was_delivered_writes_no_file_again(
    run: Run, flow: Flow, delivered: dg.ExecuteInProcessResult, monkeypatch: pytest.MonkeyPatch
):
    from discovery_pipeline.engine import cleansing, delivery, risk, validation
    from discovery_pipeline.engine.delivery import report

    for engine, work in (
        (cleansing, "plan"), (cleansing, "cleanse"), (validation, "validate"), (risk, "assess"),
        (delivery, "deliver"), (report, "render"),
    ):  # fmt: skip
        monkeypatch.setattr(engine, work, lambda *_, **__: pytest.fail("it is there already"))
    again = run("deliver")
    assert told(again, "cleansing_plan", "cleansing_plan")["taken_over"] is True
    assert told(again, "quality_report", "quality_report")["taken_over"] is True
    assert told(again, "target_files", "target_files")["taken_over"] is True


def test_the_gate_says_who_decided_when_and_how_much(delivered: dg.ExecuteInProcessResult):
    metadata = told(delivered, "approved_mapping", "approved_mapping")
    assert metadata["decided_by"] == "ana"
    assert metadata["approved"] == metadata["dagster/row_count"] > 0
    assert metadata["decided_at"] > 0


def test_a_target_field_is_traced_back_to_its_source_column(delivered: dg.ExecuteInProcessResult):
    def traced(step: str, asset: str, column: str) -> list[tuple[str, str]]:
        deps = told(delivered, step, asset)["dagster/column_lineage"].deps_by_column[column]
        return [(dep.asset_key.path[-1], dep.column_name) for dep in deps]

    fields = told(delivered, "target_files", "target_files")["dagster/column_lineage"].deps_by_column
    hostname = next(name for name in fields if name.startswith("aws.") and "host" in name.casefold())
    assert traced("target_files", "target_files", hostname) == [("validated_tables", hostname)]
    ((_, cleansed),) = traced("validated_tables", "validated_tables", hostname)
    assert cleansed == "servers.name"
    assert traced("cleansed", "cleansed_tables", cleansed) == [("source_tables", "servers.name")]
