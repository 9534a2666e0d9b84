"""Runs started by hand tell the flow's story as any other run does."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from discovery_pipeline.assets.build import build
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.flow.state import Flow, FlowStatus, Phase, PhaseStatus
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.files.artifacts import UPLOADS

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
SERVERS = "sys_id,name,ip_address,os\n" + "".join(f"{i:032x},web{i:03},10.0.0.{i},Ubuntu\n" for i in range(1, 40))


def run(defs: dg.Definitions, job: str, slug: str, *assets: str) -> dg.ExecuteInProcessResult:
    """A run of the job, or of those assets of it."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(FLOWS, [slug])
        return defs.resolve_job_def(job).execute_in_process(
            instance=instance,
            partition_key=slug,
            raise_on_error=False,
            run_config=QUIET,
            asset_selection=[dg.AssetKey(asset) for asset in assets] or None,
        )


def reason(result: dg.ExecuteInProcessResult) -> str:
    return next(
        e.step_failure_data.user_failure_data.description or ""
        for e in result.all_events
        if e.is_step_failure and e.step_failure_data.user_failure_data
    )


def test_a_run_to_the_suggestions_leaves_the_flow_waiting_for_its_review(
    defs: dg.Definitions, store: Store, flow: Flow
):
    assert run(defs, "discover", flow.slug).success
    now = store.flow(None, flow.id)
    assert (now.status, now.current_phase) == (FlowStatus.WAITING_FOR_REVIEW, Phase.FIELD_MAPPING)


def test_what_a_check_found_is_said_of_this_flow_alone(defs: dg.Definitions, store: Store, flow: Flow):
    result = run(defs, "discover", flow.slug)
    evaluations = result.get_asset_check_evaluations()
    assert {(each.asset_key.to_user_string(), each.check_name) for each in evaluations} >= {
        ("source_tables", "contract"),
        ("mapping_suggestions", "contract"),
        ("mapping_suggestions", "agents_answered"),
    }
    assert {each.partition for each in evaluations} == {flow.slug}


def test_the_gate_is_shut_while_the_review_is_open(defs: dg.Definitions, store: Store, flow: Flow):
    run(defs, "discover", flow.slug)
    result = run(defs, "deliver", flow.slug)
    assert not result.success
    assert "waiting for review" in reason(result)
    assert [e.step_key for e in result.all_events if e.is_step_start] == ["approved_mapping"]
    assert store.flow(None, flow.id).status is FlowStatus.WAITING_FOR_REVIEW


def test_the_gate_asks_nobody_to_approve_what_was_cancelled(defs: dg.Definitions, store: Store, flow: Flow):
    run(defs, "discover", flow.slug)
    store.cancel(flow.id, by="ada")
    assert reason(run(defs, "deliver", flow.slug)) == f"Flow '{flow.slug}' is cancelled. Create a new flow."


def test_the_last_asset_of_a_phase_that_has_ended_is_made_anew_alone(defs: dg.Definitions, store: Store, flow: Flow):
    run(defs, "discover", flow.slug)
    before = store.flow(None, flow.id)
    assert run(defs, "discover", flow.slug, "mapping_suggestions").success
    now = store.flow(None, flow.id)
    assert (now.status, now.phases) == (before.status, before.phases)
    assert store.check(flow) == []


def test_a_stage_that_is_not_due_says_so_in_one_sentence(defs: dg.Definitions, store: Store, flow: Flow):
    run(defs, "discover", flow.slug)
    before = store.flow(None, flow.id)
    said = reason(run(defs, "deliver", flow.slug, "cleansing_plan"))
    assert "cleansing comes after field_mapping, which isn't done" in said
    assert store.flow(None, flow.id) == before


def test_a_partition_that_is_no_flow_is_said(defs: dg.Definitions, store: Store):
    result = run(defs, "discover", "no-such-flow")
    assert not result.success
    assert "There is no flow 'no-such-flow'" in reason(result)


def test_a_failed_phase_says_why_and_can_be_run_again(defs: dg.Definitions, store: Store, flow: Flow):
    with store.artifacts.writing(flow, UPLOADS) as folder:
        (folder / "servers.csv").write_bytes(b"")
    assert not run(defs, "discover", flow.slug).success
    failed = store.flow(None, flow.id)
    assert failed.status is FlowStatus.FAILED
    assert failed.phases[Phase.DATA_IMPORT].status is PhaseStatus.FAILED
    assert "empty" in failed.phases[Phase.DATA_IMPORT].result["error"]
    with store.artifacts.writing(flow, UPLOADS) as folder:
        (folder / "servers.csv").write_text(SERVERS)
    assert run(defs, "discover", flow.slug).success
    assert store.flow(None, flow.id).status is FlowStatus.WAITING_FOR_REVIEW


def test_what_a_person_can_mend_is_said_once(defs: dg.Definitions, store: Store, flow: Flow):
    with store.artifacts.writing(flow, UPLOADS) as folder:
        (folder / "servers.csv").write_text("")
    result = run(defs, "discover", flow.slug)
    (error,) = (event.step_failure_data.error for event in result.all_events if event.is_step_failure)
    assert error
    assert "empty" in error.message
    assert error.cause is None  # else Dagster's pages show it again, with another stack


def test_a_value_that_is_not_there_yet_names_the_asset_to_materialize(defs: dg.Definitions, store: Store, flow: Flow):
    result = run(defs, "discover", flow.slug, "column_profile")
    assert "'source_tables' has not been materialized" in reason(result)


def test_no_value_of_the_data_stands_in_dagsters_log(defs: dg.Definitions, store: Store, flow: Flow, tmp_path: Path):
    result = run(defs, "discover", flow.slug)
    told = "".join(str(event) for event in result.all_events)
    assert "web007" not in told
    assert "10.0.0.7" not in told


def test_everything_materialized_at_once_stops_at_the_open_review(
    defs: dg.Definitions, store: Store, flow: Flow, instance: dg.DagsterInstance
):
    assets = [spec.key for spec in defs.resolve_all_asset_specs() if spec.group_name not in {"upkeep", "sources"}]
    instance.add_dynamic_partitions(FLOWS, [flow.slug])
    result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, partition_key=flow.slug, asset_selection=assets, raise_on_error=False, run_config=QUIET
    )
    assert not result.success
    assert "waiting for review" in reason(result)
    made = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key}
    assert made == {"source_tables", "column_profile", "schema_analysis", "mapping_suggestions"}
    assert store.flow(None, flow.id).status is FlowStatus.WAITING_FOR_REVIEW


def test_a_failed_run_is_taken_up_at_the_step_that_failed(
    defs: dg.Definitions, store: Store, flow: Flow, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    from discovery_pipeline.engine import intake, schema

    def discover(*assets: str) -> dg.ExecuteInProcessResult:
        return defs.resolve_job_def("discover").execute_in_process(
            instance=instance,
            partition_key=flow.slug,
            asset_selection=[dg.AssetKey(asset) for asset in assets] or None,
            raise_on_error=False,
            run_config=QUIET,
        )

    instance.add_dynamic_partitions(FLOWS, [flow.slug])
    with monkeypatch.context() as broken:
        broken.setattr(schema, "analyse", lambda *_: (_ for _ in ()).throw(MemoryError("no room")))
        assert not discover().success
    assert store.flow(None, flow.id).status is FlowStatus.FAILED
    monkeypatch.setattr(intake, "read", lambda *_: pytest.fail("what was read isn't read again"))
    assert discover("schema_analysis", "mapping_suggestions").success
    assert store.flow(None, flow.id).status is FlowStatus.WAITING_FOR_REVIEW
    assert store.check(flow) == []


def test_a_run_that_is_stopped_amid_a_query_says_so_and_can_be_started_again(
    defs: dg.Definitions, store: Store, flow: Flow, monkeypatch: pytest.MonkeyPatch
):
    from discovery_pipeline.engine import schema

    with monkeypatch.context() as stopped:  # as DuckDB says it
        stopped.setattr(schema, "analyse", lambda *_: (_ for _ in ()).throw(RuntimeError("Query interrupted")))
        result = run(defs, "discover", flow.slug)
    (failed,) = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert failed.error is not None
    assert failed.error.cls_name == "KeyboardInterrupt"
    assert "was stopped" in store.flow(None, flow.id).phases[Phase.DATA_IMPORT].result["error"]
    assert run(defs, "discover", flow.slug).success


def test_assets_are_materialized_one_by_one_as_by_hand(
    defs: dg.Definitions, store: Store, flow: Flow, instance: dg.DagsterInstance
):
    instance.add_dynamic_partitions(FLOWS, [flow.slug])
    for asset in ("source_tables", "column_profile", "schema_analysis", "mapping_suggestions"):
        result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            partition_key=flow.slug,
            asset_selection=[dg.AssetKey(asset)],
            raise_on_error=False,
            run_config=QUIET,
        )
        assert result.success, asset
        assert store.sweep() == []
        importing = store.flow(None, flow.id).phases[Phase.DATA_IMPORT].status
        assert importing is (PhaseStatus.COMPLETED if asset == "mapping_suggestions" else PhaseStatus.PENDING)
    assert store.flow(None, flow.id).status is FlowStatus.WAITING_FOR_REVIEW
    assert store.check(flow) == []


def test_an_asset_made_anew_by_hand_leaves_the_flow_where_it_stands(
    defs: dg.Definitions, store: Store, flow: Flow, approve: Any
):
    run(defs, "discover", flow.slug)
    approve(flow)
    assert run(defs, "deliver", flow.slug).success
    before = store.flow(None, flow.id)
    for job, asset in (("discover", "source_tables"), ("deliver", "cleansing_plan"), ("deliver", "validated_tables")):
        assert run(defs, job, flow.slug, asset).success
        now = store.flow(None, flow.id)
        assert (now.status, now.phases) == (before.status, before.phases)
    assert store.sweep() == []


def test_a_flow_is_delivered_from_artifacts_that_are_kept_elsewhere(
    settings: Settings, tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, approving: Any
):
    assert settings.database_url is not None
    elsewhere = settings.model_copy(update={"artifacts_url": f"file://{tmp_path / 'bucket'}"})
    monkeypatch.setenv("DISCOVERY_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("DISCOVERY_ARTIFACTS_URL", str(elsewhere.artifacts_url))
    with open_store(elsewhere) as store:
        flow = store.create_flow(store.default_tenant(), "servers", "servicenow", "aws")
        with store.artifacts.writing(flow, UPLOADS) as folder:
            (folder / "servers.csv").write_text(SERVERS)
        instance.add_dynamic_partitions(FLOWS, [flow.slug])
        for job in ("discover", "deliver"):
            shutil.rmtree(settings.root / "artifacts")  # as on another machine
            result = (
                build(elsewhere)
                .resolve_job_def(job)
                .execute_in_process(instance=instance, partition_key=flow.slug, raise_on_error=False, run_config=QUIET)
            )
            assert result.success, job
            if job == "discover":
                approving(store)(flow)
        assert store.flow(None, flow.id).status is FlowStatus.COMPLETED
