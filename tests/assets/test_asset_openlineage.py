"""OpenLineage at the wire: a collector hears what a delivery was made of, column by column."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import dagster as dg
import pytest

from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.blocking import Store

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Collector(HTTPServer):
    """Keeps the events that it gets."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        server.events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that OpenLineage's own configuration names."""
    with Collector() as server:
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_delivery_is_told_column_by_column(
    defs: dg.Definitions,
    store: Store,
    flow: Flow,
    instance: dg.DagsterInstance,
    approve: Callable[[Flow], None],
    collector: Collector,
):
    instance.add_dynamic_partitions(FLOWS, [flow.slug])
    sensor = defs.resolve_sensor_def("lineage_sensor")
    for job in ("discover", "deliver"):
        result = defs.resolve_job_def(job).execute_in_process(
            instance=instance, partition_key=flow.slug, run_config=QUIET
        )
        event = next(e for e in result.all_events if e.event_type is dg.DagsterEventType.RUN_SUCCESS)
        with dg.build_run_status_sensor_context(
            sensor_name="lineage_sensor", dagster_event=event, dagster_instance=instance, dagster_run=result.dagster_run
        ) as context:
            sensor(context)
        if job == "discover":
            approve(flow)
    told = {event["job"]["name"]: event for event in collector.events}
    assert {"discover.source_tables", "deliver.validated_tables", "deliver.target_files"} <= told.keys()
    assert all(event["eventType"] == "COMPLETE" for event in told.values())
    assert len({event["run"]["runId"] for event in told.values()}) == len(told)
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


def test_it_sleeps_until_it_is_woken(defs: dg.Definitions):
    assert defs.resolve_sensor_def("lineage_sensor").default_status is dg.DefaultSensorStatus.STOPPED
