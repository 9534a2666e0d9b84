"""The verdict: a fresh process looks at what a killed one left, for anything lost, doubled, stuck or half there."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

from benchmarks.soak.actions import COMMANDS
from benchmarks.soak.journal import Entry, Journal, read
from benchmarks.soak.plan import Plan
from benchmarks.soak.work import Worker
from discovery_pipeline.errors import InvalidTransitionError
from discovery_pipeline.flow import machine
from discovery_pipeline.flow.commands import AcceptImport, Command
from discovery_pipeline.flow.events import Event, EventType
from discovery_pipeline.flow.moment import Moment
from discovery_pipeline.flow.state import ENDED, Flow, FlowStatus, PhaseStatus
from discovery_pipeline.flow.tenant import ORCHESTRATOR, FlowId
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.events.outbox import Cursor

PATIENCE = 20  # seconds, in which the server lets go of what a dead client held
ASKED = frozenset({"request", "claim"})
"""Actions that tell nothing where another one's request or claim is the answer; their rows are looked at instead."""
FINISHED = 2  # flows that are brought to their end, the last ones worked on

LIVE = """
select id, flow_id::text, position, event_type, event_data, created_by, created_at from flow_events order by id
"""
MOVED = "select id::text, events from discovery_flows_history"


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it stands in a table."""

    event: Event
    position: int | None  # None: written by the archive, which says who in the history


@dataclass
class Verdict:
    """What was found, and how much was looked at."""

    faults: list[str] = field(default_factory=list)
    flows: int = 0
    events: int = 0
    told: int = 0  # actions of which the worker had heard that they happened

    def find(self, fault: str) -> None:
        """Keep a fault."""
        self.faults.append(fault)


def judge(plan: Plan, settings: Settings, journal: Path, said: Path) -> None:
    """Judge the home as it is now, bring flows to their end, and write what was found to a file."""
    verdict = Verdict()
    with open_store(settings) as store:
        _settle(store, verdict)
        entries = read(journal)
        stories = _stories(store)
        verdict.events = sum(len(story) for story in stories.values())
        verdict.told = sum(entry.outcome == "done" for entry in entries)
        _rules(store, verdict)
        _events(entries, stories, verdict)
        _rows(store, entries, stories, verdict)
        _readers(store, verdict)
        _files(store, entries, verdict)
        _ends(store, plan, journal, entries, verdict)
    said.write_text(json.dumps(verdict.__dict__))


def _settle(store: Store, verdict: Verdict) -> None:
    """Nothing runs any more once the sweep has looked at every phase."""
    running = "select count(*) from flow_phases where status = 'running'"
    deadline = time.monotonic() + PATIENCE
    while store.sweep() or store.query(running)[0][0]:
        if time.monotonic() > deadline:
            verdict.find(f"stuck: {store.query(running)[0][0]} phases still run after {PATIENCE} s of sweeping")
            return
        time.sleep(0.05)


def _rules(store: Store, verdict: Verdict) -> None:
    """Every flow, live or archived, tells one story."""
    flows = [str(flow.id) for flow in store.list_flows(limit=10_000)]
    verdict.flows = len(flows)
    for flow in [*flows, *(flow for (flow,) in store.query("select id::text from discovery_flows_history"))]:
        for broken in store.check(flow):
            verdict.find(f"broken: {flow}: {broken}")


def _stories(store: Store) -> dict[str, list[Told]]:
    """The events of each flow, live or moved to the history, in order."""
    stories: dict[str, list[Told]] = {}
    for _, flow, position, type_, data, by, at in store.query(LIVE):
        stories.setdefault(flow, []).append(Told(_event(flow, type_, data, by, at), position))
    for flow, events in store.query(MOVED):
        told = [
            Told(_event(flow, e["event_type"], e["event_data"], e["created_by"], e["created_at"]), e.get("position"))
            for e in events
        ]
        stories.setdefault(flow, []).extend(told)
    return stories


def _event(flow: str, type_: str, data: Any, by: str, at: Any) -> Event:
    return Event(EventType(type_), FlowId(flow), by, at, data)  # pyright: ignore[reportArgumentType] - text will do


def _events(entries: Iterable[Entry], stories: dict[str, list[Told]], verdict: Verdict) -> None:
    """Each action's events are all there, once and together, or none is; those that were told are there."""
    known = {entry.by for entry in entries}
    by_whom: dict[str, list[tuple[str, int]]] = {}
    for flow, story in stories.items():
        for place, told in enumerate(story):
            by_whom.setdefault(told.event.by, []).append((flow, place))
    for by in by_whom.keys() - known - {ORCHESTRATOR}:
        if not by.startswith("end"):
            verdict.find(f"from nowhere: events by {by}")
    for entry in entries:
        places = by_whom.get(entry.by, [])
        if fault := _fault(entry, places, stories):
            verdict.find(f"{fault}: {entry}")


def _fault(entry: Entry, places: list[tuple[str, int]], stories: dict[str, list[Told]]) -> str:
    """What is wrong with the events of an action; nothing, where all is well."""
    if entry.action == "publish":
        return ""
    if not places:
        answered = entry.action in ASKED or _changed_nothing(entry, stories.get(entry.flow or "", []))
        return "lost" if entry.outcome == "done" and not answered else ""
    if entry.outcome == "refused":
        return "refused, and happened"
    flow, first, last = places[0][0], places[0][1], places[-1][1]
    story = stories[flow]
    if {at for at, _ in places} != {flow} or last - first + 1 != len(places):
        return "torn apart"
    if len({story[place].position for _, place in places}) != 1:
        return "in more than one transaction"
    found = [told.event.type for told in story[first : last + 1]]
    expected = _expected(entry, story[:first], story[first : last + 1])
    return "" if found == expected else f"{[t.value for t in found]} instead of {[t.value for t in expected]}"


def _changed_nothing(entry: Entry, story: Sequence[Told]) -> bool:
    """Whether there was nothing to change in the state whose version was the answer."""
    if not story or not isinstance(entry.answer, int):
        return False
    flow, command = machine.born(story[0].event), COMMANDS[entry.action](entry.arguments)
    for told in story[1:]:
        flow = machine.evolve(flow, told.event)
        if flow.version == entry.answer and flow.status not in ENDED and not _made(command, flow):
            return True
    return False


def _expected(entry: Entry, before: Sequence[Told], made: Sequence[Told]) -> list[EventType]:
    """What the machine says the action makes happen to a flow of that story."""
    if entry.action == "create":
        return [EventType.FLOW_CREATED, EventType.PHASE_COMPLETED, EventType.STATE_UPDATED]
    if entry.action == "archive":
        return [EventType.FLOW_ARCHIVED]
    command = COMMANDS[entry.action](entry.arguments)
    if isinstance(command, AcceptImport):  # which file it replaces is known to the store alone
        command = next(
            (_accepted(told.event) for told in made if told.event.type is EventType.IMPORT_ACCEPTED), command
        )
    return _made(command, machine.fold(told.event for told in before))


def _accepted(event: Event) -> AcceptImport:
    return AcceptImport(event.data["import_id"], event.data["rows"], event.data["replaces"])


def _made(command: Command, flow: Flow) -> list[EventType]:
    """The events that the machine makes of the command, and the state's update where it makes one."""
    try:
        made = machine.decide(command, flow, Moment("", flow.updated_at))
    except InvalidTransitionError:
        return [EventType.FLOW_FAILED]  # which alone nothing makes
    after = machine.kept(reduce(machine.evolve, made, flow), command)
    return [event.type for event in made] + ([EventType.STATE_UPDATED] if after != flow else [])


def _rows(store: Store, entries: Iterable[Entry], stories: dict[str, list[Told]], verdict: Verdict) -> None:
    """Rows that an action writes beside its events are there if those are, and only then."""
    happened = {told.event.by for story in stories.values() for told in story}
    imports = {by for (by,) in store.query("select created_by from data_imports")}
    reviews = dict(store.query("select reviewed_by, count(*) from field_mappings where status = 'approved' group by 1"))
    audits = dict(store.query("select changed_by, count(*) from flow_state_audits group by 1"))
    runs = dict(store.query("select id::text, status from run_requests"))
    live = {flow for (flow,) in store.query("select id::text from discovery_flows")}
    moved = {flow for (flow,) in store.query("select id::text from discovery_flows_history")}
    for flow in live & moved:
        verdict.find(f"twice: {flow} is live and in the history")
    for entry in entries:
        if entry.action == "archive" and entry.outcome == "done" and entry.flow not in moved:
            verdict.find(f"lost: {entry}")
        if entry.flow not in live:
            continue
        there = entry.by in happened
        if entry.action == "import" and (entry.by in imports) is not there:
            verdict.find(f"import without its events, or events without it: {entry}")
        if entry.action == "submit" and there and reviews.get(entry.by) != len(entry.arguments["fields"]):
            verdict.find(f"{reviews.get(entry.by)} approved fields: {entry}")
        if entry.action == "request" and entry.outcome == "done" and entry.answer not in runs:
            verdict.find(f"lost: {entry}")
        if audits.get(entry.by, 0) > 1:
            verdict.find(f"{audits[entry.by]} audits: {entry}")


def _readers(store: Store, verdict: Verdict) -> None:
    """A reader from the beginning meets every event once, in order, as soon as no transaction is open."""
    wanted = [tuple(row) for row in store.query("select position, id from flow_events order by 1, 2")]
    deadline = time.monotonic() + PATIENCE
    while True:
        read_, cursor = [], Cursor()
        while page := store.events_after(cursor, limit=97):
            read_ += [(each.cursor.position, each.cursor.id) for each in page]
            cursor = page[-1].cursor
        if read_ == wanted:
            return
        if time.monotonic() > deadline:
            missing, more = set(wanted) - set(read_), len(read_) - len(set(read_))
            verdict.find(f"a reader misses {len(missing)} of {len(wanted)} events, and meets {more} twice")
            return
        time.sleep(0.05)


def _files(store: Store, entries: Iterable[Entry], verdict: Verdict) -> None:
    """What can be read of a stage is one whole publication: the last that was told of, or a later one."""
    published: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if entry.action == "publish" and entry.flow:
            published.setdefault((entry.flow, entry.arguments["stage"]), []).append(entry)
    flows = {str(flow.id): flow for flow in store.list_flows(limit=10_000)}
    for (flow, stage), tried in published.items():
        if flow not in flows:
            continue
        told = [place for place, entry in enumerate(tried) if entry.outcome == "done"]
        may_be = {entry.by: entry for entry in tried[told[-1] if told else 0 :]}
        try:
            folder = store.artifacts.reading(flows[flow], stage)
        except FileNotFoundError:
            if told:
                verdict.find(f"lost: {tried[told[-1]]}")
            continue
        _one_publication(folder, may_be, verdict)


def _one_publication(folder: Path, may_be: dict[str, Entry], verdict: Verdict) -> None:
    parts, _, by = (folder / "whole.txt").read_text().partition(" ")
    if by not in may_be:
        verdict.find(f"{folder}: holds {by}, not one of {', '.join(may_be)}")
        return
    held = [path.read_text() for path in sorted((folder / "parts").iterdir())]
    if held != [by * 40] * int(parts):
        verdict.find(f"half there: {folder}: {len(held)} of {parts} parts of {by}")


def _ends(store: Store, plan: Plan, journal: Path, entries: Sequence[Entry], verdict: Verdict) -> None:
    """Flows that were worked on last can be brought to their end, and are in order then."""
    live = {str(flow.id): flow for flow in store.list_flows(limit=10_000)}
    touched = list(dict.fromkeys(entry.flow for entry in reversed(entries) if entry.flow in live))
    worker = Worker(store, Journal(journal), plan.random("end"), f"end{plan.cycle}")
    for flow in touched[:FINISHED]:
        worker.flows = [flow] if flow else []
        ended = worker.finish(str(flow))
        _ended(store, ended, verdict)


def _ended(store: Store, flow: Flow, verdict: Verdict) -> None:
    running = [phase.value for phase, state in flow.phases.items() if state.status is PhaseStatus.RUNNING]
    if flow.status not in {FlowStatus.COMPLETED, FlowStatus.CANCELLED} or running:
        verdict.find(f"stuck: {flow.slug} stays {flow.status.value} in {flow.current_phase.value}, running: {running}")
    for broken in store.check(flow):
        verdict.find(f"broken at its end: {flow.slug}: {broken}")
