"""Ten thousand flows in Dagster's partitions set: what a tick, a page of the UI and a run cost then.

Usage: python -m benchmarks.partitions [--flows 10000]
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from discovery_pipeline.assets import instance as dagster_instance
from discovery_pipeline.assets.build import build
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.files.artifacts import UPLOADS

ROOT = Path(__file__).resolve().parent.parent
SERVERS = "sys_id,name,ip_address,os\n" + "".join(f"{i:032x},web{i:03},10.0.0.{i},Ubuntu\n" for i in range(1, 200))
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
KEYS = '{assetNodeOrError(assetKey:{path:["source_tables"]}){... on AssetNode{partitionKeys}}}'
PAGE = (
    '{assetNodeOrError(assetKey:{path:["source_tables"]}){... on AssetNode'
    "{partitionKeyConnection(limit:50,ascending:false){results}}}}"
)
STATUS = '{assetNodeOrError(assetKey:{path:["source_tables"]}){... on AssetNode{partitionStats{numMaterialized}}}}'


def main() -> None:
    """Measure with one flow and with many, and print both."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--flows", type=int, default=10_000)
    many = asked.parse_args().flows
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder))
        os.environ["DISCOVERY_HOME"] = folder
        with open_store(settings) as store, dagster_instance.opened(store.dagster_url, settings.root) as instance:
            discovered(store, settings, instance)  # a process's first run imports much
            alone = measured(store, settings, instance)
            instance.add_dynamic_partitions(FLOWS, [f"estate-2027-01-01-{n:08x}" for n in range(many)])
            crowded = measured(store, settings, instance)
    print(f"{'':42}{'1 flow':>10}{f'{many:,} flows':>16}")
    for name in alone:
        print(f"{name:42}{alone[name]:>9.2f}s{crowded[name]:>15.2f}s")


def discovered(store: Store, settings: Settings, instance: dg.DagsterInstance) -> float:
    """Seconds of the run that takes a new flow to its suggestions."""
    flow = store.create_flow(store.default_tenant(), "servers", "servicenow", "aws")
    with store.artifacts.writing(flow, UPLOADS) as folder:
        (folder / "servers.csv").write_text(SERVERS)
    instance.add_dynamic_partitions(FLOWS, [flow.slug])
    job = build(settings).resolve_job_def("discover")

    def run() -> None:
        assert job.execute_in_process(instance=instance, partition_key=flow.slug, run_config=QUIET).success

    return _best(run, 1)


def measured(store: Store, settings: Settings, instance: dg.DagsterInstance) -> dict[str, float]:
    """Seconds of each thing, the best of three where it can be done again."""
    defs = build(settings)

    def tick(name: str) -> Callable[[], object]:
        def evaluate() -> object:
            with dg.build_sensor_context(
                last_sensor_start_time=1.0, instance=instance, resources={"desk": (defs.resources or {})["desk"]}
            ) as context:
                return defs.resolve_sensor_def(name)(context)

        return evaluate

    found = {"a run to the suggestions": discovered(store, settings, instance)}
    for sensor in ("flow_sensor", "dead_run_sensor"):
        found[f"a tick of {sensor}"] = _best(tick(sensor))
    with _webserver(settings) as ask:
        found["GraphQL: newest 50 partitions"] = _best(lambda: ask(PAGE))
        found["GraphQL: all partition keys"] = _best(lambda: ask(KEYS))
        found["GraphQL: how many are materialized"] = _best(lambda: ask(STATUS))
    return found


def _best(work: Callable[[], object], times: int = 3) -> float:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return min(took)


@contextmanager
def _webserver(settings: Settings) -> Iterator[Callable[[str], object]]:
    """Dagster's web server on the home, as something to ask."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = [sys.executable, "-m", "dagster_webserver", "--port", str(port), "-f", str(ROOT / "definitions.py")]
    environment = os.environ | {"DAGSTER_HOME": str(settings.root / "dagster")}
    server = subprocess.Popen(program, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(query: str) -> object:
        body = json.dumps({"query": query}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            told = json.load(answer)
        assert "errors" not in told, told
        return told["data"]

    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                ask("{version}")
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
        yield ask
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
