"""From a request to suggestions: the warm runner against Dagster's own daemon and launcher, in the same run.

Usage: python -m benchmarks.warm [--servers 500] [--repeat 5]

A request is accepted when its row is committed. "First asset" is when its first step starts, "suggestions" when the
flow waits for its review. The engines' own time is that of their functions on the same files, in a process that has
everything loaded and hasn't run them before. Dagster's own way is a run that is put into its queue at once, taken from
there by its daemon, and started by its default launcher. The promise: half a second to the first asset, and about a
second of orchestration on top of the engines.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import psutil
import yaml

from discovery_pipeline.assets import instance
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.assets.runner import locks, place, starting
from discovery_pipeline.assets.runner.calling import ask
from discovery_pipeline.cli import services
from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import parts, requests
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.files.artifacts import UPLOADS
from discovery_pipeline.store.requests import RunRequest

ROOT = Path(__file__).resolve().parents[1]
FIRST_SECONDS, ADDED_SECONDS = 0.5, 1.0
"""What is promised: to the first asset, and on top of the engines."""
ENGINES = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from discovery_pipeline.assets.runner import loading, place
from discovery_pipeline.settings import Settings
loading.load(place.definitions(), Settings(home=Path(sys.argv[2])))
from discovery_pipeline.engine import duck, intake, mapping, profiling, schema, targets
files, scratch = sorted(Path(sys.argv[1]).iterdir()), Path(sys.argv[2])
began = time.perf_counter()
with duck.connect(scratch=scratch / "duckdb") as con:
    read = intake.read(con, files, scratch)
    profile = profiling.profile(con, read.tables, today=datetime.now(UTC).date())
    analysis = schema.analyse(con, read.tables, profile)
    mapping.suggest(con, read.tables, targets.load("aws"), mapping.Known(profile, analysis))
print(time.perf_counter() - began)
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """One flow: seconds from its request to its first asset, and to its suggestions."""

    first: float
    suggestions: float


def until(found: Callable[[], object], seconds: float = 120) -> None:
    """Wait for that."""
    deadline = time.monotonic() + seconds
    while not found():
        if time.monotonic() > deadline:
            raise SystemExit("it took too long")
        time.sleep(0.05)


def new_flow(store: Store, files: Path) -> Flow:
    """A flow that holds these files."""
    flow = store.create_flow(store.default_tenant(), "benchmark", "servicenow", "aws")
    with store.artifacts.writing(flow, UPLOADS) as folder:
        for file in files.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
    return flow


def followed(store: Store, dagster: dg.DagsterInstance, flow: Flow, run_id: str, began: float) -> Timed:
    """Follow a run to its end."""
    until(lambda: (run := dagster.get_run_by_id(run_id)) and run.is_finished)
    started = dagster.all_logs(run_id, dg.DagsterEventType.STEP_START)
    offered = store.flow(None, flow.id).phases[Phase.DATA_IMPORT].completed_at
    if not started or offered is None:
        raise SystemExit(f"run {run_id} failed")
    return Timed(started[0].timestamp - began, offered.timestamp() - began)


def requested(store: Store, flow: Flow) -> RunRequest:
    """The committed request of a run that discovers the flow."""

    async def asked() -> RunRequest:
        async with store.flows.changing(flow.tenant) as states:
            return await requests.request(states, flow, "discover", "benchmark")

    return store.wait_for(asked())


def warm(store: Store, dagster: dg.DagsterInstance, files: Path, repeat: int) -> tuple[list[Timed], list[str]]:
    """Flows by request, under `discovery up`; and what the zygote and a worker of it hold in memory."""
    home = store.settings.root
    program = Path(sys.executable).with_name("discovery")
    with running([str(program), "up"], store.settings):
        until(lambda: (up := parts.running(home)) and up.ready)
        found = []
        for _ in range(repeat + 1):
            request = requested(store, flow := new_flow(store, files))
            found.append(followed(store, dagster, flow, request.run_id, time.time()))
        zygote = psutil.Process(ask(home, {})["pid"]).memory_full_info()
        request, worker = requested(store, new_flow(store, files)), (0, 0)
        until(lambda: locks.worker(home, request.run_id))
        with suppress(psutil.NoSuchProcess):
            while pid := locks.worker(home, request.run_id):
                used = psutil.Process(pid).memory_full_info()
                worker = max(worker, (used.pss, used.uss))
    return found[1:], [told_memory("zygote", zygote.pss, zygote.uss), told_memory("a worker, at most", *worker)]


def plain(store: Store, dagster: dg.DagsterInstance, files: Path, repeat: int) -> list[Timed]:
    """Flows by Dagster's queue, daemon and default launcher."""
    home, code = store.settings.root / "dagster-plain", place.definitions()
    home.mkdir()
    configured = instance.configuration(store.dagster_url, store.settings.root)
    for ours in ("run_launcher", "run_coordinator", "compute_logs"):
        del configured[ours]
    (home / "dagster.yaml").write_text(yaml.safe_dump(configured))
    found = []
    with services.reserved("code") as port, ExitStack() as processes:
        workspace = services.write_workspace(home, port)
        known = services.services(home, {"code": port, "web": 1, "dagster": 1}, workspace)
        server, daemon = (next(s for s in known if s.name == name) for name in ("code-server", "dagster-daemon"))
        for service in (server, daemon):
            command = [sys.executable, "-m", *service.arguments]
            processes.enter_context(running(command, store.settings, DAGSTER_HOME=str(home)))
            until(service.well)
        for _ in range(repeat + 1):
            flow = new_flow(store, files)
            request = RunRequest(
                uuid.uuid4(), flow.id, flow.slug, flow.tenant, "discover", (), "benchmark", datetime.now(UTC)
            )
            began = time.time()
            dagster.add_dynamic_partitions(FLOWS, [flow.slug])
            run = starting.origin(starting.code_location(code)).create(dagster, request)
            dagster.submit_run(run.run_id, workspace=None)  # pyright: ignore[reportArgumentType] - a queue needs none
            found.append(followed(store, dagster, flow, run.run_id, began))
    return found[1:]


@contextmanager
def running(command: Sequence[str], settings: Settings, **environment: str) -> Iterator[None]:
    """A process, for as long as the block lasts."""
    known = os.environ | {"DISCOVERY_HOME": str(settings.root)} | environment
    process = subprocess.Popen(command, env=known, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def engines(files: Path, scratch: Path, repeat: int) -> float:
    """Median seconds of the engines' functions alone."""
    took = []
    for turn in range(repeat):
        (place_of_turn := scratch / f"engines{turn}").mkdir()
        said = subprocess.run(
            [sys.executable, "-c", ENGINES, files, place_of_turn], check=True, capture_output=True, text=True, cwd=ROOT
        )
        took.append(float(said.stdout.splitlines()[-1]))
    return statistics.median(took)


def told_memory(what: str, shared: int, own: int) -> str:
    """A line of the table on memory."""
    return f"{what:<44} {shared / 2**20:>7.0f} MiB {own / 2**20:>8.0f} MiB of its own"


def table(alone: float, of_ours: list[Timed], of_dagster: list[Timed], memory: list[str]) -> list[str]:
    """What was measured, against what was promised."""
    lines = [
        f"{'median of ' + str(len(of_ours)):<44} {'first asset':>12} {'suggestions':>12} {'on top of engines':>18}"
    ]
    lines.append(f"{'the engines alone':<44} {'':>12} {alone:>10.2f} s")
    for what, found in (("warm runner", of_ours), ("Dagster's queue, daemon, launcher", of_dagster)):
        first, whole = (statistics.median(getattr(each, name) for each in found) for name in ("first", "suggestions"))
        lines.append(f"{what:<44} {first:>10.2f} s {whole:>10.2f} s {whole - alone:>16.2f} s")
    lines.append(f"{'promised':<44} {FIRST_SECONDS:>10.2f} s {'':>12} {ADDED_SECONDS:>16.2f} s")
    return [*lines, *memory]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=int, default=500)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch, files = Path(folder), Path(folder) / "files"
        estate = [sys.executable, ROOT / "examples" / "estate.py", "--out", files, "--servers", str(options.servers)]
        subprocess.run(estate, check=True, capture_output=True)
        alone = engines(files, scratch, options.repeat)
        settings = Settings(home=scratch / "home")
        with open_store(settings) as store, instance.opened(store.dagster_url, settings.root) as dagster:
            ours, memory = warm(store, dagster, files, options.repeat)
            theirs = plain(store, dagster, files, options.repeat)
    print("\n".join(table(alone, ours, theirs, memory)))


if __name__ == "__main__":
    main()
