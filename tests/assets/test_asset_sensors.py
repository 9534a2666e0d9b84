"""Sensors on a real PostgreSQL: what they start, what they tell flows, and that they do each once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.run_status_sensor_definition import RunStatusSensorCursor
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from discovery_pipeline.assets import sensors
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.flow.state import Flow, FlowStatus, Phase, PhaseStatus
from discovery_pipeline.store import requests
from discovery_pipeline.store.blocking import Store

PAIR = "acme/move/servicenow__aws"
SERVERS = "sys_id,name\n1,web\n"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

Tick = Callable[..., dg.SensorResult | dg.SkipReason]


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A client's folder in a landing zone that rests for no time."""
    monkeypatch.setenv("DISCOVERY_INBOX", str(tmp_path / "inbox"))
    monkeypatch.setenv("DISCOVERY_INBOX_REST_SECONDS", "0")
    folder = tmp_path / "inbox" / PAIR
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def tick(defs: dg.Definitions, instance: dg.DagsterInstance) -> Tick:
    """Evaluate a sensor as a daemon does, or as Dagster's UI does that tests it."""

    def evaluate(name: str, cursor: str | None = None, *, dry: bool = False) -> dg.SensorResult | dg.SkipReason:
        repository = defs.get_repository_def()
        root = Path(__file__).resolve().parents[2]
        code = LoadableTargetOrigin(python_file=str(root / "definitions.py"), working_directory=str(root))
        with dg.build_sensor_context(
            instance=instance,
            cursor=cursor,
            last_sensor_start_time=None if dry else 1.0,
            repository_def=repository,
            sensor_name=name,
            resources={"desk": (defs.resources or {})["desk"]},
        ) as context:
            context._code_location_origin = ManagedGrpcPythonEnvCodeLocationOrigin(code, "discovery")
            return repository.get_sensor_def(name)(context)  # pyright: ignore[reportReturnType]

    return evaluate


def asked(store: Store, flow: Flow, seconds_ago: float = 60) -> requests.RunRequest:
    """A request to discover the flow, as old as that."""

    async def ask() -> requests.RunRequest:
        async with store.flows.changing(flow.tenant) as states:
            return await requests.request(states, flow, "discover", "upload accepted")

    made = store.wait_for(ask())
    store.query(
        f"update run_requests set requested_at = now() - interval '{seconds_ago} seconds' where id = '{made.id}' "
        "returning 1"
    )
    return made


def test_the_landing_zone_is_off_until_it_is_set(tick: Tick, store: Store):
    result = tick("upload_sensor")
    assert isinstance(result, dg.SkipReason)
    assert "DISCOVERY_INBOX" in str(result.skip_message)


def test_files_at_rest_are_received_once(
    defs: dg.Definitions, tick: Tick, inbox: Path, store: Store, instance: dg.DagsterInstance
):
    (inbox / "servers.csv").write_text(SERVERS)
    first = tick("upload_sensor")
    assert isinstance(first, dg.SensorResult)
    assert first.run_requests
    (wanted,) = first.run_requests
    second = tick("upload_sensor", first.cursor)
    assert isinstance(second, dg.SensorResult)
    assert second.run_requests == []
    done = defs.resolve_job_def("receive").execute_in_process(
        run_config={**wanted.run_config, **QUIET}, instance=instance
    )
    assert done.success
    (flow,) = store.list_flows()
    assert (flow.source_system, flow.target_system) == ("servicenow", "aws")
    assert not (inbox / "servers.csv").exists()


def test_whoever_receives_by_hand_takes_all_that_is_there(
    defs: dg.Definitions, inbox: Path, store: Store, instance: dg.DagsterInstance
):
    (inbox / "servers.csv").write_text(SERVERS)
    done = defs.resolve_job_def("receive").execute_in_process(run_config=QUIET, instance=instance)
    assert done.success
    assert [flow.source_system for flow in store.list_flows()] == ["servicenow"]


def test_without_a_landing_zone_the_job_says_so_at_once(
    defs: dg.Definitions, store: Store, instance: dg.DagsterInstance
):
    done = defs.resolve_job_def("receive").execute_in_process(run_config=QUIET, instance=instance, raise_on_error=False)
    (failed,) = (event.step_failure_data for event in done.all_events if event.is_step_failure)
    assert failed.user_failure_data
    assert "DISCOVERY_INBOX" in str(failed.user_failure_data.description)


def test_a_folder_that_can_not_be_read_holds_up_no_other_and_is_tried_again(
    defs: dg.Definitions,
    tick: Tick,
    inbox: Path,
    store: Store,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
):
    from discovery_pipeline.store import landing

    (inbox / "servers.csv").write_text(SERVERS)
    other = inbox.parent / "another__aws"
    other.mkdir()
    (other / "apps.csv").write_text(SERVERS)
    result = tick("upload_sensor")
    assert isinstance(result, dg.SensorResult)
    assert result.run_requests
    take, taken = landing.take, []

    def away_at_first(store: Store, inbox: Any, arrival: Any, scratch: Path) -> Any:
        taken.append(arrival.folder.rpartition("/")[2])
        if len(taken) == 1:
            raise PermissionError("denied")
        return take(store, inbox, arrival, scratch)

    monkeypatch.setattr(landing, "take", away_at_first)
    (wanted,) = result.run_requests
    done = defs.resolve_job_def("receive").execute_in_process(
        run_config={**wanted.run_config, **QUIET}, instance=instance
    )
    assert done.success
    assert taken == ["another__aws", "servicenow__aws", "another__aws"]
    retried = next(event.step_retry_data.error for event in done.all_events if event.is_step_up_for_retry)
    assert retried
    assert "1 of 2 folders" in str(retried)
    assert sorted(flow.source_system for flow in store.list_flows()) == ["another", "servicenow"]
    assert list((store.settings.root / "scratch").iterdir()) == []


def test_many_folders_are_received_by_several_runs_each_once(
    tick: Tick, inbox: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sensors, "FOLDERS", 3)
    for number in range(7):
        folder = inbox.parent / f"source{number}__aws"
        folder.mkdir()
        (folder / "servers.csv").write_text(SERVERS)
    cursor, asked = None, []
    for _ in range(4):
        result = tick("upload_sensor", cursor)
        assert isinstance(result, dg.SensorResult)
        cursor = result.cursor
        asked += [
            list(wanted.run_config["ops"]["receive_uploads"]["config"]["stamps"])
            for wanted in result.run_requests or ()
        ]
    assert [len(folders) for folders in asked] == [3, 3, 1]
    assert len({folder for folders in asked for folder in folders}) == 7


def test_neither_cursor_nor_run_names_a_client(tick: Tick, inbox: Path, store: Store):
    (inbox / "servers.csv").write_text(SERVERS)
    result = tick("upload_sensor")
    assert isinstance(result, dg.SensorResult)
    told = f"{result.cursor}{result.run_requests}"
    assert "acme" not in told
    assert "servers.csv" not in told


def test_a_file_that_grows_is_left_until_it_rests(
    tick: Tick, inbox: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DISCOVERY_INBOX_REST_SECONDS", "20")
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(sensors.time, "time", lambda: clock.now)
    cursor, asked_at = None, []
    for at, content in ((0, "id"), (15, "id,name"), (30, "id,name\n1,a\n"), (45, None), (55, None), (60, None)):
        clock.now = 1000 + at
        if content:
            (inbox / "servers.csv").write_text(content)
        result = tick("upload_sensor", cursor)
        assert isinstance(result, dg.SensorResult)
        cursor = result.cursor
        if result.run_requests:
            asked_at.append(at)
    assert asked_at == [55]


def test_files_that_a_failed_run_left_are_received_again(
    tick: Tick, inbox: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    (inbox / "servers.csv").write_text(SERVERS)
    first = tick("upload_sensor")
    assert isinstance(first, dg.SensorResult)
    now = sensors.time.time()
    monkeypatch.setattr(sensors.time, "time", lambda: now + 700)
    again = tick("upload_sensor", first.cursor)
    assert isinstance(again, dg.SensorResult)
    assert first.run_requests
    assert again.run_requests
    assert first.run_requests[0].run_key != again.run_requests[0].run_key


def test_a_request_that_nobody_launched_is_queued_once_under_its_own_id(
    tick: Tick, store: Store, flow: Flow, instance: dg.DagsterInstance
):
    request = asked(store, flow)
    assert "queued: 1" in str(tick("flow_sensor"))
    assert "queued: 0" in str(tick("flow_sensor"))
    (run,) = instance.get_runs()
    assert run.run_id == request.run_id
    assert run.status is dg.DagsterRunStatus.QUEUED
    assert run.tags["dagster/partition"] == flow.slug
    assert run.tags["discovery/engagement"] == f"{flow.client_account_id}.{flow.engagement_id}"
    assert run.job_code_origin is not None
    assert flow.slug in instance.get_dynamic_partitions(FLOWS)


def test_a_fresh_request_is_left_to_the_warm_runner(tick: Tick, store: Store, flow: Flow, instance: dg.DagsterInstance):
    asked(store, flow, seconds_ago=1)
    tick("flow_sensor")
    assert instance.get_runs() == []


def test_a_sensor_that_died_before_it_marked_the_request_queues_no_second_run(
    tick: Tick, store: Store, flow: Flow, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    asked(store, flow)

    async def died(*_: object) -> None:
        raise ConnectionError("killed")

    with monkeypatch.context() as dying, pytest.raises(Exception, match="killed"):
        dying.setattr(requests, "_mark", died)
        tick("flow_sensor")
    assert len(instance.get_runs()) == 1
    tick("flow_sensor")
    assert len(instance.get_runs()) == 1
    assert store.wait_for(requests.open_requests(store.flows, timedelta(0))) == []


def test_a_request_that_dagster_refuses_holds_up_no_other(
    tick: Tick, store: Store, flow: Flow, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    from discovery_pipeline.assets import queueing

    other = store.create_flow(flow.tenant, "another", "servicenow", "aws")
    asked(store, flow, seconds_ago=120)
    asked(store, other)
    enqueue = queueing.enqueue

    def refusing(context: Any, request: requests.RunRequest, prefix: Any) -> dg.DagsterRun:
        if request.slug == flow.slug:
            raise dg.DagsterInvariantViolationError("no such job")
        return enqueue(context, request, prefix)

    monkeypatch.setattr(queueing, "enqueue", refusing)
    assert "queued: 1" in str(tick("flow_sensor"))
    assert [run.tags["dagster/partition"] for run in instance.get_runs()] == [other.slug]
    (refused,) = store.wait_for(requests.open_requests(store.flows))
    assert refused.slug == flow.slug


def test_a_tick_ends_in_time_and_the_next_one_goes_on(
    tick: Tick, store: Store, flow: Flow, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sensors, "TICK_SECONDS", 0.0)
    for name in ("one", "two", "three"):
        asked(store, store.create_flow(flow.tenant, name, "servicenow", "aws"))
    assert ["queued: 1" in str(tick("flow_sensor")) for _ in range(3)] == [True, True, True]
    assert len({run.tags["dagster/partition"] for run in instance.get_runs()}) == 3
    assert "queued: 0" in str(tick("flow_sensor"))


def test_a_phase_whose_run_is_gone_is_failed(tick: Tick, store: Store, flow: Flow):
    store.start_phase(flow, Phase.DATA_IMPORT)
    with store.run_lock(flow):
        assert "lost their run: 0" in str(tick("dead_run_sensor"))
    assert "lost their run: 1" in str(tick("dead_run_sensor"))
    assert store.flow(None, flow.id).status is FlowStatus.FAILED


def test_a_request_that_was_given_up_fails_the_phase_that_waits_for_it(tick: Tick, store: Store, flow: Flow):
    request = asked(store, flow)
    assert "lost their run: 0" in str(tick("dead_run_sensor"))
    store.query(f"update run_requests set status = 'failed' where id = '{request.id}' returning 1")
    tick("dead_run_sensor")
    assert store.flow(None, flow.id).status is FlowStatus.FAILED


class TestAFlowWithTwoRuns:
    """One works on it, and one waits in the queue, for files that came meanwhile."""

    @pytest.fixture
    def first(self, tick: Tick, store: Store, flow: Flow) -> requests.RunRequest:
        """The request whose run works."""
        request = asked(store, flow)
        tick("flow_sensor")
        store.start_phase(flow, Phase.DATA_IMPORT)
        return request

    @pytest.fixture
    def second(self, tick: Tick, store: Store, flow: Flow, first: requests.RunRequest) -> requests.RunRequest:
        """The request whose run waits."""
        request = asked(store, flow)
        tick("flow_sensor")
        return request

    def test_it_fails_once_the_first_has_left_it_to_the_second_that_was_cancelled(
        self,
        tick: Tick,
        store: Store,
        flow: Flow,
        instance: dg.DagsterInstance,
        first: requests.RunRequest,
        second: requests.RunRequest,
    ):
        with store.run_lock(flow):
            instance.run_coordinator.cancel_run(second.run_id)
            assert "lost their run: 0" in str(tick("dead_run_sensor"))
            store.complete_phase(flow, Phase.DATA_IMPORT, {"run_id": first.run_id})
        assert store.flow(None, flow.id).phases[Phase.DATA_IMPORT].status is PhaseStatus.PENDING
        assert "lost their run: 1" in str(tick("dead_run_sensor"))
        now = store.flow(None, flow.id)
        assert now.status is FlowStatus.FAILED
        assert "ended before it began" in now.phases[Phase.DATA_IMPORT].result["error"]
        assert store.check(flow) == []
        assert "lost their run: 0" in str(tick("dead_run_sensor"))

    def test_it_waits_as_long_as_the_second_does(
        self, tick: Tick, store: Store, flow: Flow, first: requests.RunRequest, second: requests.RunRequest
    ):
        with store.run_lock(flow):
            store.complete_phase(flow, Phase.DATA_IMPORT, {"run_id": first.run_id})
        assert "lost their run: 0" in str(tick("dead_run_sensor"))
        assert store.flow(None, flow.id).phases[Phase.DATA_IMPORT].status is PhaseStatus.PENDING


def test_a_test_in_dagsters_ui_says_what_would_be_queued_and_queues_nothing(
    tick: Tick, store: Store, flow: Flow, instance: dg.DagsterInstance
):
    asked(store, flow)
    said = tick("flow_sensor", dry=True)
    assert said.skip_message == "A test changes nothing. Requested runs that would be queued: 1."
    assert instance.get_runs() == []
    assert store.query("select status, attempts from run_requests") == [("requested", 0)]
    tick("flow_sensor")
    assert len(instance.get_runs()) == 1


def test_a_test_in_dagsters_ui_leaves_what_is_dead_and_what_arrived(tick: Tick, store: Store, flow: Flow, inbox: Path):
    store.start_phase(flow, Phase.DATA_IMPORT)
    assert "A test changes nothing." in str(tick("dead_run_sensor", dry=True).skip_message)
    assert store.flow(None, flow.id).phases[Phase.DATA_IMPORT].status is PhaseStatus.RUNNING
    (inbox / "servers.csv").write_text(SERVERS)
    before = sorted(inbox.rglob("*"))
    assert tick("upload_sensor", dry=True).run_requests
    assert sorted(inbox.rglob("*")) == before


@pytest.mark.parametrize("dry", [True, False])
def test_a_test_in_dagsters_ui_hears_of_no_end(
    defs: dg.Definitions, store: Store, flow: Flow, instance: dg.DagsterInstance, dry: bool
):
    store.start_phase(flow, Phase.DATA_IMPORT)
    repository = defs.get_repository_def()
    run = instance.create_run_for_job(repository.get_job("discover"), tags={"dagster/partition": flow.slug})
    instance.report_run_failed(run, "the worker was killed")
    with dg.build_sensor_context(
        instance=instance,
        cursor=RunStatusSensorCursor(record_id=0).to_json(),
        last_sensor_start_time=None if dry else 1.0,
        repository_def=repository,
        sensor_name="failed_run_sensor",
        resources={"desk": (defs.resources or {})["desk"]},
    ) as context:
        repository.get_sensor_def("failed_run_sensor").evaluate_tick(context)
    told = store.flow(None, flow.id).phases[Phase.DATA_IMPORT].status
    assert told is (PhaseStatus.RUNNING if dry else PhaseStatus.FAILED)


def test_a_test_whose_tick_is_committed_leaves_every_end_to_be_heard_of(
    defs: dg.Definitions, flow: Flow, instance: dg.DagsterInstance
):
    job = defs.resolve_job_def("discover")
    instance.report_run_failed(instance.create_run_for_job(job, tags={"dagster/partition": flow.slug}), "killed")
    repository = defs.get_repository_def()
    heard = RunStatusSensorCursor(record_id=0).to_json()
    for cursor in (heard, None):
        with dg.build_sensor_context(
            instance=instance, cursor=cursor, repository_def=repository, sensor_name="failed_run_sensor"
        ) as context:
            told = repository.get_sensor_def("failed_run_sensor").evaluate_tick(context)
        assert (told.cursor, told.dagster_run_reactions or []) == (cursor, [])
        assert "A test changes nothing." in str(told.skip_message)


def test_an_end_that_no_sensor_told_the_flow_of_fails_its_phase_all_the_same(
    tick: Tick, defs: dg.Definitions, store: Store, flow: Flow, instance: dg.DagsterInstance
):
    store.start_phase(flow, Phase.DATA_IMPORT)
    run = instance.create_run_for_job(defs.resolve_job_def("discover"), tags={"dagster/partition": flow.slug})
    instance.report_run_failed(run, "killed")  # and the sensor's cursor has gone past it
    tick("dead_run_sensor")
    phase = store.flow(None, flow.id).phases[Phase.DATA_IMPORT]
    assert phase.status is PhaseStatus.FAILED
    assert phase.result["error"] == "The run failed: killed"


def test_a_run_that_somebody_cancelled_is_not_said_to_have_died(
    tick: Tick, defs: dg.Definitions, store: Store, flow: Flow, instance: dg.DagsterInstance
):
    store.start_phase(flow, Phase.DATA_IMPORT)
    run = instance.create_run_for_job(defs.resolve_job_def("discover"), tags={"dagster/partition": flow.slug})
    instance.report_run_canceled(run)
    tick("dead_run_sensor")
    assert "was cancelled" in store.flow(None, flow.id).phases[Phase.DATA_IMPORT].result["error"]


def test_dagster_forgets_a_flow_soon_after_it_was_archived_and_no_other(
    tick: Tick, store: Store, flow: Flow, instance: dg.DagsterInstance, defs: dg.Definitions
):
    instance.add_dynamic_partitions(FLOWS, [flow.slug, "added-by-hand"])
    job = defs.resolve_job_def("discover")
    instance.create_run_for_job(job, tags={"dagster/partition": flow.slug})
    kept = instance.create_run_for_job(job, tags={"dagster/partition": "added-by-hand"})
    store.cancel(flow, by="ana")
    tick("dead_run_sensor")
    assert instance.has_dynamic_partition(FLOWS, flow.slug)
    store.archive(flow, "a mistake", by="ana")
    tick("dead_run_sensor")
    assert instance.get_dynamic_partitions(FLOWS) == ["added-by-hand"]
    assert [run.run_id for run in instance.get_runs()] == [kept.run_id]
