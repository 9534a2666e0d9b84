"""The definitions inside somebody else's project: their own keys, their own resources, their own executor."""

from __future__ import annotations

import dagster as dg
import pytest

from discovery_pipeline.assets.build import build
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.flow.state import Flow, FlowStatus
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store

PREFIX = ["migration", "discovery"]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Warehouse(dg.ConfigurableResource):
    """A resource of theirs."""

    tables: int = 3


@dg.asset(deps=[dg.AssetKey([*PREFIX, "target_files"])], partitions_def=dg.DynamicPartitionsDefinition(name=FLOWS))
def loaded(warehouse: Warehouse) -> int:
    """An asset of theirs that follows ours."""
    return warehouse.tables


@pytest.fixture
def merged(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dg.Definitions:
    """Both projects as one."""
    assert settings.database_url is not None
    monkeypatch.setenv("DISCOVERY_DATABASE_URL", settings.database_url.get_secret_value())
    theirs = dg.Definitions(assets=[loaded], resources={"warehouse": Warehouse()}, executor=dg.multiprocess_executor)
    return dg.Definitions.merge(theirs, build(settings, key_prefix=PREFIX))


def test_their_assets_follow_ours_in_one_graph(merged: dg.Definitions):
    graph = merged.resolve_asset_graph()
    ours = [key for key in graph.get_all_asset_keys() if key.path[:2] == PREFIX]
    assert len(ours) == len(list(graph.get_all_asset_keys())) - 1
    assert dg.AssetKey([*PREFIX, "target_files"]) in graph.get(dg.AssetKey("loaded")).parent_keys


def test_a_flow_runs_to_its_review_under_their_keys(
    merged: dg.Definitions, store: Store, flow: Flow, instance: dg.DagsterInstance
):
    instance.add_dynamic_partitions(FLOWS, [flow.slug])
    result = merged.resolve_job_def("discover").execute_in_process(
        instance=instance, partition_key=flow.slug, raise_on_error=False, run_config=QUIET
    )
    assert result.success
    assert store.flow(None, flow.id).status is FlowStatus.WAITING_FOR_REVIEW
    assert all(check.passed for check in result.get_asset_check_evaluations() if check.blocking)


def test_a_flow_is_delivered_under_their_keys(
    merged: dg.Definitions, store: Store, flow: Flow, instance: dg.DagsterInstance, approve
):
    instance.add_dynamic_partitions(FLOWS, [flow.slug])
    for job in ("discover", "deliver"):
        result = merged.resolve_job_def(job).execute_in_process(
            instance=instance, partition_key=flow.slug, raise_on_error=False, run_config=QUIET
        )
        assert result.success, job
        if job == "discover":
            approve(flow)
    assert store.flow(None, flow.id).status is FlowStatus.COMPLETED
    (cleansed,) = [m for m in result.asset_materializations_for_node("cleansed") if m.asset_key.path[-1] == "patch_log"]
    assert cleansed.asset_key == dg.AssetKey([*PREFIX, "patch_log"])
