"""The whole service under fire: files arrive in the landing zone, while each part of `discovery up` is killed.

Usage: python -m benchmarks.service_soak [--files 600] [--minutes 10] [--seed 7] [--spare]

Some files are bad, some are still being written when they are seen, some never get whole. Every few seconds a worker,
the zygote, the dispatcher, Dagster's daemon, the code server or PostgreSQL is killed (SIGKILL). When all has arrived,
the service is left alone, failed flows are asked for again as a person would, and then: no file is lost or there twice,
each flow waits for its review, no run is stuck or was begun twice, no rule of the state is broken. `--spare` kills
nothing, to see whether memory stays as it is.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import psutil
import psycopg
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from sqlalchemy.exc import OperationalError

from discovery_pipeline.assets import instance
from discovery_pipeline.assets.runner import locks
from discovery_pipeline.assets.runner.calling import ask
from discovery_pipeline.errors import ServerError
from discovery_pipeline.flow.state import Flow, FlowStatus
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import parts, requests
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.files.artifacts import UPLOADS

FOLDER = 4  # files that arrive together
HALF = ".part"
BAD = (b"", b"%PDF-1.7", b"\x89PNG\r\n")
TARGETS = {"worker": 6, "dispatcher": 3, "zygote": 2, "dagster-daemon": 2, "code-server": 1, "postgres": 1}
"""How often each is killed, among so many kills."""
SETTLING_SECONDS = 900
RETRIES = 3  # of a person, for flows whose run was killed and failed
UNFINISHED = dg.RunsFilter(statuses=[status for status in dg.DagsterRunStatus if status not in FINISHED_STATUSES])


@dataclass(slots=True)
class Arrived:
    """What was put into the landing zone, by the names of files."""

    good: dict[str, bytes] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    half: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.good) + len(self.bad) + len(self.half)


@dataclass(slots=True)
class Slow:
    """A file that somebody is still writing."""

    path: Path
    content: bytes
    written: int = 0

    def write(self) -> bool:
        """Write some more of it; tells whether it is whole."""
        with self.path.open("ab") as file:
            file.write(self.content[self.written : self.written + 4096])
        self.written += 4096
        return self.written >= len(self.content)


def arrive(inbox: Path, number: int, chance: random.Random, arrived: Arrived) -> list[Slow]:
    """Put a folder's files into the landing zone; those that are still being written."""
    folder = inbox / f"client-{number % 5}" / f"engagement-{number % 3}" / f"cmdb{number}__aws"
    folder.mkdir(parents=True)
    slow = []
    for part in range(FOLDER):
        name = f"{number}-{part}.csv"
        rows = "".join(
            f"{number}{part}{i:04},web{i},10.{part}.0.{i % 250},Ubuntu\n" for i in range(chance.randint(9, 400))
        )
        match chance.choice(["good", "good", "slow", "bad", "half"] if part else ["good"]):
            case "good":
                arrived.good[name] = ("sys_id,name,ip_address,os\n" + rows).encode()
                (folder / name).write_bytes(arrived.good[name])
            case "slow":
                arrived.good[name] = ("sys_id,name,ip_address,os\n" + rows).encode()
                slow.append(Slow(folder / name, arrived.good[name]))
            case "bad":
                arrived.bad.add(name)
                (folder / name).write_bytes(chance.choice(BAD))
            case _:
                arrived.half.add(name + HALF)
                (folder / (name + HALF)).write_bytes(b"sys_id,na")
    return slow


def victim(name: str, home: Path, chance: random.Random) -> int | None:
    """The process to be killed, where it lives."""
    if name == "worker":
        return chance.choice(list(locks.workers(home).values()) or [None])
    if name in {"zygote", "dispatcher"}:
        return ask(home, {}).get("pid" if name == "zygote" else name) or None
    if name == "postgres":
        with suppress(OSError, ValueError):
            return int((home / "postgres" / "cluster" / "data" / "postmaster.pid").read_text().split()[0])
        return None
    there = parts.running(home)
    part = there.parts.get(name) if there else None
    return part.process.pid if part and part.process and part.process.alive else None


@dataclass(slots=True)
class Memory:
    """What each zygote of the soak held, in MiB of its own share, by its process: first and last."""

    lives: dict[int, list[float]] = field(default_factory=dict)
    worker: float = 0.0

    def look(self, home: Path) -> None:
        """Take the sizes of who lives."""
        with suppress(psutil.NoSuchProcess):
            if pid := ask(home, {}).get("pid"):
                self.lives.setdefault(pid, []).append(_mebibytes(pid))
        for pid in locks.workers(home).values():
            with suppress(psutil.NoSuchProcess):
                self.worker = max(self.worker, _mebibytes(pid))

    @property
    def growth(self) -> float:
        """By how much a zygote grew in its life, at most; its first look is at one that has just begun to fork."""
        return max((sizes[-1] - sizes[min(2, len(sizes) - 1)] for sizes in self.lives.values()), default=0.0)


def _mebibytes(pid: int) -> float:
    return psutil.Process(pid).memory_full_info().uss / 2**20


@contextmanager
def serving(settings: Settings) -> Iterator[None]:
    """`discovery up` on this home."""
    program, log = Path(sys.executable).with_name("discovery"), settings.root / "up.log"
    with log.open("wb") as out:
        process = subprocess.Popen([program, "up"], stdout=out, stderr=out, start_new_session=True)
    try:
        if not _until(lambda: (up := parts.running(settings.root)) is not None and up.ready, 300):
            raise SystemExit(f"the service didn't start:\n{log.read_text()}")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)


def under_fire(store: Store, inbox: Path, options: argparse.Namespace, memory: Memory) -> tuple[Arrived, Counter[str]]:
    """Let files arrive over the minutes, and kill; what arrived, and how often each was killed."""
    chance, home = random.Random(options.seed), store.settings.root
    arrived, kills, slow = Arrived(), Counter[str](), list[Slow]()
    began, number, next_kill, next_look = time.monotonic(), 0, 5.0, 0.0
    pace = 60 * options.minutes * FOLDER / options.files
    while slow or len(arrived) < options.files:
        now = time.monotonic() - began
        if len(arrived) < options.files and now >= number * pace:
            slow += arrive(inbox, number, chance, arrived)
            number += 1
        slow = [each for each in slow if not each.write()]
        if now >= next_kill and not options.spare:
            name = chance.choices(list(TARGETS), list(TARGETS.values()))[0]
            if pid := victim(name, home, chance):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    kills[name] += 1
            next_kill = now + chance.uniform(2, 12)
        if now >= next_look:
            memory.look(home)
            next_look = now + 5
        time.sleep(0.2)
    return arrived, kills


def settled(store: Store, dagster: dg.DagsterInstance, inbox: Path, half: int) -> bool:
    """Wait until nothing is to be done any more; flows that failed are asked for again, as a person would."""

    def at_rest() -> bool:
        waiting = [p for p in inbox.rglob("*.csv") if not {"accepted", "rejected"} & set(p.parts)]
        asked = store.query("select 1 from run_requests where status = 'requested'")
        return not waiting and not asked and not dagster.get_runs(UNFINISHED, limit=1)

    for _ in range(RETRIES + 1):
        if not _until(at_rest, SETTLING_SECONDS):
            return False
        failed = store.list_flows(status=FlowStatus.FAILED)
        if not failed:
            return True
        for flow in failed:
            store.wait_for(_again(store, flow))
    return False


async def _again(store: Store, flow: Flow) -> None:
    async with store.flows.changing(flow.tenant) as states:
        await requests.request(states, flow, "discover", "retry")


def faults(store: Store, dagster: dg.DagsterInstance, inbox: Path, arrived: Arrived) -> Iterator[str]:
    """Every promise that isn't kept."""
    flows = store.list_flows(limit=100_000)
    stored = Counter(
        (file.name, file.read_bytes()) for flow in flows for file in store.artifacts.reading(flow, UPLOADS).iterdir()
    )
    for file, content in arrived.good.items():
        if (count := stored.pop((file, content), 0)) != 1:
            yield f"{file} is there {count} times"
    yield from (f"{name} is there, and never arrived so" for name, _ in stored)
    rejected = {path.name for path in inbox.rglob("rejected/*") if not path.name.endswith(".reason.txt")}
    yield from (f"{name} should be rejected, or shouldn't" for name in rejected ^ arrived.bad)
    left = {path.name for path in inbox.rglob(f"*{HALF}")}
    yield from (f"{name}, which isn't whole, was taken" for name in arrived.half - left)
    for flow in flows:
        if flow.status is not FlowStatus.WAITING_FOR_REVIEW:
            yield f"{flow.slug} is {flow.status.value} in {flow.current_phase.value}"
        yield from (f"{flow.slug}: {broken}" for broken in store.check(flow))
    for run in dagster.get_runs(UNFINISHED):
        yield f"run {run.run_id} is {run.status.value}"
    for run in dagster.get_runs(dg.RunsFilter(job_name="discover")):
        if (begun := len(dagster.all_logs(run.run_id, dg.DagsterEventType.RUN_START))) > 1:
            yield f"run {run.run_id} was begun {begun} times"


def main() -> int:
    """Run it, and tell what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--spare", action="store_true", help="kill nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="discovery-soak-") as folder:
        home, inbox, memory = Path(folder) / "home", Path(folder) / "inbox", Memory()
        home.mkdir()
        os.environ |= {
            "DISCOVERY_HOME": str(home),
            "DISCOVERY_INBOX": str(inbox),
            "DISCOVERY_INBOX_REST_SECONDS": "3",
            "DISCOVERY_AGENTS_ENGINE": "expert",
        }
        began, settings = time.monotonic(), Settings(home=home)
        with serving(settings):
            with open_store(settings) as store:
                arrived, kills = under_fire(store, inbox, options, memory)
            with open_store(settings) as store, instance.opened(store.dagster_url, home) as dagster:
                rest = settled(store, dagster, inbox, len(arrived.half))
                found = [] if rest else [f"it didn't come to rest within {SETTLING_SECONDS} s"]
                found += faults(store, dagster, inbox, arrived)
                flows, runs = len(store.list_flows(limit=100_000)), dagster.get_runs_count()
        minutes = (time.monotonic() - began) / 60
    kinds = f"{len(arrived.good)} good, {len(arrived.bad)} bad, {len(arrived.half)} never whole"
    print(f"seed {options.seed}: {len(arrived)} files ({kinds}), {flows} flows, {runs} runs in {minutes:.0f} minutes")
    print(f"killed: {', '.join(f'{count} {name}' for name, count in kills.most_common()) or 'none'}")
    print(
        f"{len(memory.lives)} zygotes, one grew by {memory.growth:.1f} MiB at most; a worker: {memory.worker:.0f} MiB"
    )
    print("\n".join(found) or "no fault")
    return 1 if found else 0


def _until(found: Callable[[], object], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        with suppress(psycopg.Error, OperationalError, ServerError):  # the database may be away for a moment
            if found():
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
