"""A run of the load: flows are made, clients work on them, a reader follows, and everything is judged."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

from benchmarks.load.clients import Shift, digest, story, work
from benchmarks.load.history import Chain, Link, Operation, faults
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.events.bell import Bell
from discovery_pipeline.store.events.follow import Wanted, follow
from discovery_pipeline.store.events.outbox import Posted
from discovery_pipeline.store.postgres.session import Sessions

AUDITS = "select flow_id::text, previous_state, new_state from flow_state_audits order by flow_id, id"
EVENTS = """
select flow_id::text, event_data -> 'new_state' from flow_events
where event_type = 'flow.state.updated' order by flow_id, id
"""
PLACES = "select position, id from flow_events order by position, id"


@dataclass(frozen=True, slots=True)
class Load:
    """How much is to be done."""

    clients: int = 64
    seconds: float = 120
    flows: int = 1000
    processes: int = 4
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Told:
    """What was done, and what was wrong with it."""

    load: Load
    history: list[Operation]
    events: int
    faults: list[str]

    def table(self) -> str:
        """For a person: operations by kind and outcome, with how long they took."""
        lines = [f"{'operation':<22}{'done':>8}{'refused':>9}{'unknown':>9}{'median ms':>11}{'99 % ms':>9}"]
        for kind in sorted({operation.kind for operation in self.history}):
            mine = [operation for operation in self.history if operation.kind == kind]
            took = sorted(1000 * (operation.ended - operation.began) for operation in mine)
            by = Counter(operation.outcome for operation in mine)
            lines.append(
                f"{kind:<22}{by['done']:>8,}{by['refused']:>9,}{by['unknown']:>9,}"
                f"{statistics.median(took):>11.1f}{took[int(0.99 * (len(took) - 1))]:>9.1f}"
            )
        rate = len(self.history) / self.load.seconds
        return "\n".join(
            [
                *lines,
                f"{len(self.history):,} operations of {self.load.clients} clients on {self.load.flows} flows in "
                f"{self.load.seconds:.0f} s ({rate:.0f} a second), {self.events:,} events; {len(self.faults)} faults",
            ]
        )


def run(settings: Settings, load: Load) -> Told:
    """Put the load on that home's database, and judge."""
    with open_store(settings) as store:
        tenant = store.default_tenant()
        flows = [store.create_flow(tenant, f"Load {n}", "servicenow", "aws") for n in range(load.flows)]
        shares = [load.clients // load.processes + (n < load.clients % load.processes) for n in range(load.processes)]
        firsts = [1 + sum(shares[:n]) for n in range(load.processes)]
        shifts = [
            Shift(settings, tenant, tuple(flow.id for flow in flows), first, share, load.seconds, load.seed)
            for first, share in zip(firsts, shares, strict=True)
        ]
        with (
            following(store) as read,
            ProcessPoolExecutor(load.processes, mp_context=get_context("spawn")) as processes,
        ):
            history = [operation for done in processes.map(work, shifts) for operation in done]
            places = store.query(PLACES)
            wrong = unread(read, places)
        wrong += faults(history, chains(store, wrong))
        wrong += [f"{flow.slug}: {rule}" for flow in flows for rule in store.check(flow)]
    return Told(load, history, len(places), wrong)


def chains(store: Store, wrong: list[str]) -> dict[str, Chain]:
    """Each flow's audits; what breaks a chain, or isn't told by the events as well, is added to `wrong`."""
    states: dict[str, list] = {}
    for flow, previous, new in store.query(AUDITS):
        chain = states.setdefault(flow, [])
        if (chain[-1] if chain else None) != previous:
            wrong.append(f"{flow}: audit {len(chain) + 1} doesn't begin where the one before ended")
        chain.append(new)
    told: dict[str, list] = {}
    for flow, new in store.query(EVENTS):
        told.setdefault(flow, []).append(new)
    wrong += [f"{flow}: events tell of other states than the audits" for flow in states if states[flow] != told[flow]]
    return {
        flow: [
            Link(state.get("number", 0), frozenset({digest(state), so_far}))
            for state, so_far in zip(chain, story(chain), strict=True)
        ]
        for flow, chain in states.items()
    }


@contextmanager
def following(store: Store) -> Iterator[list[Posted]]:
    """Events, as a reader beside the clients gets them."""
    read: list[Posted] = []
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    reading = asyncio.run_coroutine_threadsafe(_follow(store, read), loop)
    try:
        yield read
    finally:
        reading.cancel()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.1), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _follow(store: Store, read: list[Posted]) -> None:
    sessions = Sessions(store.databases)
    try:
        async with Bell(store.databases) as bell:
            async for posted in follow(sessions, bell, Wanted()):
                read.append(posted)
    finally:
        await sessions.close()


def unread(read: Sequence[Posted], places: Sequence[tuple[int, int]], patience: float = 20) -> list[str]:
    """What a reader that followed all the while got wrong; it has some seconds to catch up."""
    until = time.monotonic() + patience
    while len(read) < len(places) and time.monotonic() < until:
        time.sleep(0.05)
    met = [(posted.cursor.position, posted.cursor.id) for posted in read]
    if met == [tuple(place) for place in places]:
        return []
    missing, twice = len({*places} - {*met}), len(met) - len({*met})
    return [f"a reader of events missed {missing}, got {twice} twice, or got them out of order"]
