"""Work: a process that moves flows through their lives until it is killed, or has done enough."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from benchmarks.soak import actions
from benchmarks.soak.journal import Entry, Journal, read
from benchmarks.soak.plan import Plan
from benchmarks.soak.points import Points, die, die_after
from discovery_pipeline.errors import (
    DiscoveryError,
    FlowNotFoundError,
    FlowOperationError,
    OutcomeUnknownError,
    ServerError,
)
from discovery_pipeline.flow.state import Flow, FlowStatus, Phase, PhaseStatus
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.postgres.server import RESTORING
from discovery_pipeline.store.upkeep.backup import BackupError, backup
from discovery_pipeline.store.upkeep.restore import restore

ENOUGH = 400  # actions, after which a worker that met no point dies anyway
LONG = 20  # seconds, after which it does, too
FLOWS = 3

RUNS = {Phase.DATA_IMPORT: "discover", Phase.CLEANSING: "deliver", Phase.VALIDATION: "deliver"}
STAGES = {Phase.DATA_IMPORT: "source_tables", Phase.CLEANSING: "cleansed_tables", Phase.VALIDATION: "target_files"}


class Worker:
    """Does what chance says is next for one of its flows, and journals it."""

    def __init__(self, store: Store, journal: Journal, chance: random.Random, name: str) -> None:
        self.store, self.chance = store, chance
        self._journal, self._name, self._done = journal, name, 0
        self.flows: list[str] = []

    def step(self) -> None:
        """One thing more, on a new flow or on one of those there are."""
        if len(self.flows) < FLOWS and (not self.flows or self.chance.random() < 0.3):
            self.create()
            return
        chosen = self.chance.choice(self.flows)
        try:
            flow = self.store.flow(None, chosen)
        except FlowNotFoundError:  # archived, of which nobody was told
            self.flows.remove(chosen)
            return
        if self.chance.random() < 0.2:
            self._aside(flow)
        else:
            self.advance(flow)

    def create(self) -> str | None:
        """Make a flow; its id."""
        answer = self._tried("create", None, {})
        if answer:
            self.flows.append(answer["flow"])
        return answer["flow"] if answer else None

    def advance(self, flow: Flow) -> None:
        """What a run or a reviewer does next."""
        phase = flow.current_phase
        if flow.status in {FlowStatus.COMPLETED, FlowStatus.CANCELLED}:
            self._tried("archive", flow, {})
            self.flows.remove(str(flow.id))
        elif phase in RUNS:
            self._run(flow, phase)
        else:
            fields = self.chance.sample("abcdefgh", self.chance.randint(1, 5))
            self._tried("suggest", flow, {"fields": fields})
            self._tried("submit", flow, {"fields": fields})

    def _run(self, flow: Flow, phase: Phase) -> None:
        if self._tried("request", flow, {"job": RUNS[phase]}):
            self._tried("claim", flow, {"job": RUNS[phase]})
        with self._locked(flow):
            self._tried("start", flow, {"phase": phase})
            if phase is Phase.DATA_IMPORT:
                for _ in range(self.chance.randint(1, 2)):
                    self._tried("import", flow, {"file": self.chance.choice(["a.csv", "b.csv"])})
                    self._tried("start", flow, {"phase": phase})
            if self.chance.random() < 0.15:
                self._tried("fail", flow, {"phase": phase, "result": {"error": "soak"}})
                return
            digest = self._tried("publish", flow, {"stage": STAGES[phase], "parts": self.chance.randint(1, 5)})
            self._tried("complete", flow, {"phase": phase, "result": {"content_hash": digest}})
            if phase is Phase.VALIDATION:
                self._tried("tell", flow, {"type": "delivery.completed"})

    @contextmanager
    def _locked(self, flow: Flow) -> Iterator[None]:
        with ExitStack() as held:
            with suppress(DiscoveryError):  # the server is away; the work goes on
                held.enter_context(self.store.run_lock(flow))
            yield

    def _aside(self, flow: Flow) -> None:
        """Something that moves no phase on, or one back."""
        match self.chance.choice(["keep", "keep", "import", "start", "sweep", "repair", "cancel"]):
            case "keep":
                self._tried("keep", flow, {"patch": {"note": self.chance.choice([None, 1, {"deep": [2]}])}})
            case "import":
                self._tried("import", flow, {"file": "late.csv"})
            case "start":
                self._tried("start", flow, {"phase": self.chance.choice(list(RUNS))})
            case "sweep":
                self.store.sweep()
            case "repair":
                self.store.repair(flow)
            case _ if self.chance.random() < 0.2:
                self._tried("cancel", flow, {})

    def _tried(self, action: str, flow: Flow | None, given: dict[str, Any]) -> Any:
        """Do it, journalled. What the database refuses is refused; what is unknown is the judge's to find out."""
        self._done += 1
        by, flow_id = f"{self._name}.{self._done}", str(flow.id) if flow else None
        self._journal.means(Entry(by, action, flow_id, given))
        try:
            if flow_id is None:
                answer = actions.create(self.store, by)
            else:
                answer = actions.perform(self.store, action, flow_id, given, by)
        except DiscoveryError as error:
            self._journal.heard(by, "refused" if _nothing_was_done(error) else "unknown", str(error))
            return None
        self._journal.heard(by, "done", answer)
        return answer or True

    def finish(self, flow_id: str) -> Flow:
        """Bring a flow to its end, whatever state it was left in."""
        for _ in range(20):
            flow = self.store.flow(None, flow_id)
            running = [phase for phase in RUNS if flow.phases[phase].status is PhaseStatus.RUNNING]
            if flow.status in {FlowStatus.COMPLETED, FlowStatus.CANCELLED} and not running:
                return flow
            self.advance(flow)
        return self.store.flow(None, flow_id)


def _nothing_was_done(error: DiscoveryError) -> bool:
    """Whether the error says that nothing happened, to be held to it."""
    return isinstance(error, FlowOperationError) and not isinstance(error, OutcomeUnknownError)


def survivors(journal: Path) -> list[str]:
    """Flows that earlier workers made, and that are still worked on."""
    entries = read(journal)
    gone = {entry.flow for entry in entries if entry.action == "archive"}
    made = [entry.answer["flow"] for entry in entries if entry.action == "create" and entry.outcome == "done"]
    return [flow for flow in made if flow not in gone][-FLOWS:]


def begin(store: Store, journal: Path) -> None:
    """Some work before any cycle."""
    worker = Worker(store, Journal(journal), random.Random("before"), "before")
    for _ in range(30):
        worker.step()


def until_killed(plan: Plan, settings: Settings, journal: Path) -> None:
    """Work on the home until the plan's point, or its moment, is there, which may be while it opens."""
    points = Points(plan)
    points.install()
    opening = plan.random("opening").random() < 0.5
    if plan.kind == "moment" and opening:
        die_after(plan.delay)
    flows = survivors(journal)
    with open_store(settings) as store:
        if plan.kind == "moment" and not opening:
            die_after(plan.delay)
        worker = Worker(store, Journal(journal), plan.random("work"), f"c{plan.cycle}")
        worker.flows = flows
        begun = time.monotonic()
        for _ in range(ENOUGH):
            if time.monotonic() > begun + LONG:
                break
            worker.step()
        die()


def come_and_go(plan: Plan, settings: Settings, journal: Path) -> None:
    """Open the home, do one thing, and close it, again and again, until the plan's point or moment is there."""
    points = Points(plan)
    points.install()
    if not plan.point:
        die_after(plan.delay)
    chance, name = plan.random("work"), f"c{plan.cycle}"
    for turn in range(plan.hit + 1):
        with open_store(settings) as store:
            worker = Worker(store, Journal(journal), chance, f"{name}.{turn}")
            worker.flows = survivors(journal)
            worker.step()
    die()


def back_up(plan: Plan, settings: Settings, journal: Path) -> None:
    """Back the home up, again and again, while it is worked on."""
    with open_store(settings) as store:
        die_after(plan.delay)
        worker = Worker(store, Journal(journal), plan.random("work"), f"c{plan.cycle}")
        for number in range(ENOUGH):
            worker.step()
            backup(settings, journal.with_name(f"{number}.backup"))
    die()


def bring_back(plan: Plan, settings: Settings, journal: Path) -> None:
    """Restore a home from the backup beside the journal."""
    Points(plan).install()
    if plan.point == "in its first recovery":
        threading.Thread(target=_die_with_server, args=(settings, plan.delay), daemon=True).start()
    elif not plan.point:
        die_after(plan.delay)
    restore(settings, journal.with_name("backup"))
    die()


def _die_with_server(settings: Settings, delay: float) -> None:
    """End the home's server and this process in the recovery in which a copy's label has been put aside."""
    data = settings.root / "postgres" / "cluster" / "data"
    while not (data / "backup_label.old").exists():
        time.sleep(0.0005)
    time.sleep(delay)
    postmaster = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
    for process in [*postmaster.children(), postmaster]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    die()


def bring_back_again(plan: Plan, settings: Settings, journal: Path) -> None:
    """Go on as people do after a restore that was cut short: open the home, or restore once more; at last restore."""
    begun = (settings.root / RESTORING).exists()
    if begun and plan.random("go on").random() < 0.5:
        try:
            open_store(settings).close()
        except ServerError as error:
            if "Run `discovery db restore FILE` again" not in str(error):
                raise
    try:
        restore(settings, journal.with_name("backup"))
    except BackupError as error:
        if "isn't empty" not in str(error):
            raise
