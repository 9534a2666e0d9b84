"""OpenLineage at the wire: a collector hears what a delivery was made of, column by column."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import dagster as dg
import pytest

from discovery_pipeline.assets import endings, openlineage
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.flow.state import Flow

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


Tick = Callable[[], str]


class Collector(HTTPServer):
    """Keeps the events that it gets, or answers as it is told."""

    def __init__(self, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self.events: list[dict[str, Any]] = []
        self.status = 201
        self.accepts = 10**6  # so many, before it answers as it is told
        super().__init__(address, _Handler)

    @property
    def jobs(self) -> set[str]:
        """The jobs that it heard of."""
        return {event["job"]["name"] for event in self.events}

    def story(self, job: str) -> list[str]:
        """What it heard of that job, in order."""
        return [event["eventType"] for event in self.events if event["job"]["name"] == job]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        accepted = server.status == 201 or server.accepts > 0
        if accepted:
            server.accepts -= 1
            server.events.append(event)
        self.send_response(201 if accepted else server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving(address: tuple[str, int] = ("127.0.0.1", 0)) -> Iterator[Collector]:
    with Collector(address) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that OpenLineage's own configuration names, with a client that doesn't try again by itself."""
    with serving() as server:
        monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
        monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("OPENLINEAGE__TRANSPORT__RETRY", '{"total": 0}')
        yield server


@pytest.fixture
def run(defs: dg.Definitions, flow: Flow, instance: dg.DagsterInstance) -> Callable[[str], None]:
    """Run a job of the flow."""
    instance.add_dynamic_partitions(FLOWS, [flow.slug])

    def ran(job: str) -> None:
        made = defs.resolve_job_def(job).execute_in_process(
            instance=instance, partition_key=flow.slug, run_config=QUIET
        )
        assert made.success

    return ran


@pytest.fixture
def tick(defs: dg.Definitions, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Tick:
    """Evaluate the sensor as a daemon does, from where it stood; what it says."""
    monkeypatch.setattr(endings, "SETTLED_SECONDS", 0)
    sensor, cursors = defs.resolve_sensor_def("lineage_sensor"), [None]

    def evaluate() -> str:
        with dg.build_sensor_context(
            instance=instance, cursor=cursors[-1], sensor_name="lineage_sensor", last_sensor_start_time=1.0
        ) as context:
            result: Any = sensor(context)
        cursors.append(result.cursor)
        return str(result.skip_reason.skip_message)

    evaluate()
    return evaluate


def test_a_delivery_is_told_column_by_column(
    run: Callable[[str], None], tick: Tick, flow: Flow, approve: Callable[[Flow], None], collector: Collector
):
    run("discover")
    approve(flow)
    run("deliver")
    assert "2 runs told" in tick()
    told = {event["job"]["name"]: event for event in collector.events}
    assert {"discover.source_tables", "deliver.validated_tables", "deliver.target_files"} <= told.keys()
    assert all(collector.story(job) == ["START", "COMPLETE"] for job in told)
    assert len({event["run"]["runId"] for event in told.values()}) == len(told)
    parents = {event["run"]["facets"]["parent"]["run"]["runId"] for job, event in told.items() if "." in job}
    assert parents == {told["discover"]["run"]["runId"], told["deliver"]["run"]["runId"]}
    validated = told["deliver.validated_tables"]
    assert {f"{flow.slug}/approved_mapping", f"{flow.slug}/cleansed_tables"} <= {i["name"] for i in validated["inputs"]}
    (output,) = validated["outputs"]
    assert output["name"] == f"{flow.slug}/validated_tables"
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 39
    columns = output["facets"]["columnLineage"]["fields"]
    hostname = next(name for name in columns if "host" in name.casefold())
    (source,) = columns[hostname]["inputFields"]
    assert (source["name"], source["field"]) == (f"{flow.slug}/cleansed_tables", "servers.name")
    assert source["transformations"][0]["type"] == "DIRECT"
    assert hostname in {field["name"] for field in output["facets"]["schema"]["fields"]}
    said = json.dumps(collector.events)
    assert "web007" not in said
    assert "10.0.0.7" not in said


def test_what_somebody_materializes_by_hand_is_told_as_any_other(
    defs: dg.Definitions, instance: dg.DagsterInstance, flow: Flow, tick: Tick, collector: Collector
):
    instance.add_dynamic_partitions(FLOWS, [flow.slug])
    by_hand = defs.resolve_implicit_global_asset_job_def()
    for assets, partition in ((["source_tables", "column_profile"], flow.slug), (["quality_digest"], None)):
        chosen = [dg.AssetKey(asset) for asset in assets]
        made = by_hand.execute_in_process(
            instance=instance, partition_key=partition, asset_selection=chosen, run_config=QUIET
        )
        assert made.success
    tick()
    assert collector.jobs == {"by_hand", "discover.source_tables", "discover.column_profile"}
    assert collector.story("by_hand") == ["START", "COMPLETE"]


def test_a_run_that_fails_is_told_with_its_reason_and_what_it_made(
    defs: dg.Definitions, instance: dg.DagsterInstance, run: Callable[[str], None], flow: Flow, tick: Tick,
    collector: Collector,
):  # fmt: skip
    run("discover")
    tick()
    collector.events.clear()
    for partition in (flow.slug, "no-such-flow"):
        instance.add_dynamic_partitions(FLOWS, [partition])
        defs.resolve_job_def("deliver").execute_in_process(
            instance=instance, partition_key=partition, run_config=QUIET, raise_on_error=False
        )
    tick()
    assert collector.story("deliver") == ["START", "FAIL"] * 2
    said = [e["run"]["facets"]["errorMessage"]["message"] for e in collector.events if e["eventType"] == "FAIL"]
    assert "is waiting for review" in said[0]
    assert "There is no flow" in said[1]


def test_a_run_that_was_cancelled_before_it_began_is_told_as_aborted(
    defs: dg.Definitions, instance: dg.DagsterInstance, flow: Flow, tick: Tick, collector: Collector
):
    made = instance.create_run_for_job(defs.resolve_job_def("discover"), tags={"dagster/partition": flow.slug})
    instance.report_run_canceled(made)
    assert "1 runs told" in tick()
    assert collector.story("discover") == ["START", "ABORT"]
    assert all(event["eventTime"].startswith("20") for event in collector.events)


def test_a_run_is_told_again_as_a_whole_until_all_of_it_is_accepted(
    run: Callable[[str], None], tick: Tick, collector: Collector
):
    run("discover")
    collector.status, collector.accepts = 503, 2
    assert "0 runs told" in tick()
    assert len(collector.events) == 2
    collector.status = 201
    assert "1 runs told" in tick()
    told = [event["run"]["runId"] for event in collector.events]
    assert (
        len(told) == 2 * len(set(told)) + 2
    )  # a start and an end each; the same ids: whoever hears of them twice knows it
    assert "0 runs told" in tick()


def test_a_collector_that_is_away_is_waited_for(
    run: Callable[[str], None], tick: Tick, collector: Collector, monkeypatch: pytest.MonkeyPatch
):
    run("discover")
    with monkeypatch.context() as away:
        away.setenv("OPENLINEAGE__TRANSPORT__URL", "http://127.0.0.1:1")
        for _ in range(openlineage.REFUSALS + 2):
            assert "doesn't accept" in tick()
    assert "1 runs told" in tick()
    assert "discover.mapping_suggestions" in collector.jobs


def test_a_run_that_a_collector_will_not_have_holds_up_no_other(
    run: Callable[[str], None], tick: Tick, flow: Flow, approve: Callable[[Flow], None], collector: Collector
):
    run("discover")
    collector.status, collector.accepts = 422, 0
    for _ in range(openlineage.REFUSALS):
        assert "0 runs told" in tick()
    collector.status = 201
    approve(flow)
    run("deliver")
    assert "1 runs told" in tick()
    assert not any(job.startswith("discover") for job in collector.jobs)


def test_it_sleeps_until_it_is_woken(defs: dg.Definitions):
    assert defs.resolve_sensor_def("lineage_sensor").default_status is dg.DefaultSensorStatus.STOPPED
