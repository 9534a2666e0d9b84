"""The definitions inside somebody else's project: their own keys, their own resources, their own executor."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.autodiscovery import loadable_targets_from_python_file

from discovery_pipeline.assets import sensors
from discovery_pipeline.assets.build import build
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.flow.state import Flow, FlowStatus
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import requests
from discovery_pipeline.store.blocking import Store

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "embed.md"
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


def test_the_how_to_is_a_code_location_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISCOVERY_HOME", str(tmp_path / "home"))
    (example,) = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    module = tmp_path / "how_to_embed.py"
    module.write_text(example)
    (found,) = loadable_targets_from_python_file(str(module))
    assert isinstance(found.target_definition, dg.Definitions)
    graph = found.target_definition.resolve_asset_graph()
    assert dg.AssetKey(["discovery", "target_files"]) in graph.get(dg.AssetKey("loaded")).parent_keys


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


def test_a_requested_run_is_queued_by_our_sensor_under_their_keys(
    merged: dg.Definitions, store: Store, flow: Flow, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    async def asked() -> requests.RunRequest:
        async with store.flows.changing(flow.tenant) as states:
            return await requests.request(states, flow, "discover", "test", ("source_tables",))

    request = store.wait_for(asked())
    monkeypatch.setattr(sensors, "UNCLAIMED", timedelta(0))
    repository, code = merged.get_repository_def(), LoadableTargetOrigin(python_file="theirs.py")
    desk = (merged.resources or {})["desk"]
    with dg.build_sensor_context(
        last_sensor_start_time=1.0,
        instance=instance,
        repository_def=repository,
        sensor_name="flow_sensor",
        resources={"desk": desk},
    ) as context:
        context._code_location_origin = ManagedGrpcPythonEnvCodeLocationOrigin(code, "theirs")
        repository.get_sensor_def("flow_sensor")(context)
    run = instance.get_run_by_id(request.run_id)
    assert run is not None
    assert run.asset_selection == {dg.AssetKey([*PREFIX, "source_tables"])}
    assert run.remote_job_origin is not None
    assert run.remote_job_origin.location_name == "theirs"


def test_our_jobs_run_in_one_process_and_theirs_as_they_like(merged: dg.Definitions):
    assert merged.resolve_job_def("discover").executor_def is dg.in_process_executor
    assert merged.get_repository_def().get_implicit_global_asset_job_def().executor_def is dg.multiprocess_executor


def test_every_sensor_and_schedule_of_ours_finds_its_job(merged: dg.Definitions):
    repository = merged.get_repository_def()
    jobs = set(repository.job_names)
    for driver in (*repository.sensor_defs, *repository.schedule_defs):
        for target in driver.targets if isinstance(driver, dg.SensorDefinition) else [driver.target]:
            assert target.job_name in jobs, driver.name


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        (dg.Definitions(resources={"desk": 1}), "same key 'desk'"),
        (dg.Definitions(jobs=[dg.define_asset_job("discover", dg.AssetSelection.all())]), "job 'discover'"),
    ],
)
def test_a_name_that_both_have_is_told(settings: Settings, theirs: dg.Definitions, told: str):
    with pytest.raises(dg.DagsterError, match=told):
        dg.Definitions.merge(theirs, build(settings, key_prefix=PREFIX)).get_repository_def()


def test_a_second_home_is_a_code_location_of_its_own(settings: Settings, tmp_path: Path):
    other = build(Settings(home=tmp_path / "other"), key_prefix=["other"])
    with pytest.raises(dg.DagsterInvariantViolationError, match="desk"):
        dg.Definitions.merge(build(settings, key_prefix=PREFIX), other)
