"""A trial: readers follow while writers write, and in the end everything is judged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from benchmarks.projections import readers, writers
from benchmarks.projections.readers import Reader, Written
from benchmarks.projections.writers import Told
from discovery_pipeline.flow.events import Event, EventType
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.flow.tenant import FlowId, Tenant
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import rows
from discovery_pipeline.store.events.bell import Bell
from discovery_pipeline.store.events.follow import Wanted
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.people import accounts
from discovery_pipeline.store.postgres.connection import connected, prepare
from discovery_pipeline.store.postgres.databases import Databases
from discovery_pipeline.store.postgres.session import Sessions
from discovery_pipeline.store.schema.flows import discovery_flows, flow_events

TENANTS, FLOWS_EACH = 3, 12
CATCHING_UP = 60  # seconds that readers have, once nobody writes any more


@dataclass(frozen=True, slots=True)
class Strain:
    """How much is written, and how long it is held back."""

    hold: float = 30.0  # seconds
    events: int = 10_000
    slow: int = 24
    quick: int = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was written and read, and what was wrong with it."""

    told: Told
    events: int
    readers: int
    skipped_naively: int
    seconds: float
    faults: list[str]

    def table(self) -> str:
        """For a person."""
        return (
            f"{self.events:,} events in {self.seconds:.0f} s; {self.told.held:,} transactions committed late, after up "
            f"to {self.told.longest:.1f} s, and {self.told.given_up:,} not at all\n"
            f"a reader that remembers the highest id skipped {self.skipped_naively:,} events\n"
            f"{self.readers} readers with cursors: {len(self.faults)} faults"
        )


def run(settings: Settings, strain: Strain) -> Outcome:
    """Put the strain on that home's database, and judge."""
    with connected(settings) as databases:
        prepare(databases)
        return asyncio.run(_run(databases, strain))


async def _run(databases: Databases, strain: Strain) -> Outcome:
    began, told, seen = time.monotonic(), Told(strain.events), set[int]()
    async with AsyncExitStack() as closing, Bell(databases) as bell:

        def sessions() -> Sessions:
            opened = Sessions(databases)
            closing.push_async_callback(opened.close)
            return opened

        flows = Flows(sessions())
        tenants = await _tenants(flows)
        shared = {t: [await flows.create(t, f"shared {n}", "csv", "aws") for n in range(FLOWS_EACH)] for t in tenants}
        following = _readers(tenants, [flow for of_one in shared.values() for flow in of_one])
        reading = [reader.read(sessions(), bell) for reader in following]
        async with _beside(*reading, readers.naive(sessions(), seen)):
            await _write(sessions, tenants, shared, told, strain)
            table = await _table(flows)
            await _caught_up(following, table)
        faults = [fault for reader in following for fault in reader.faults(table)]
        faults += await _rows(flows, following[0])
    skipped = len({each.id for each in table} - seen)
    return Outcome(told, len(table), len(following), skipped, time.monotonic() - began, faults)


async def _tenants(flows: Flows) -> list[Tenant]:
    async with flows.sessions.operating() as session:
        return [await accounts.create_engagement(session, f"Client {n}", "Move") for n in range(TENANTS)]


def _readers(tenants: Sequence[Tenant], flows: Sequence[Flow]) -> list[Reader]:
    """Of everything, of each tenant, of a flow of each; and of each kind one that begins anew."""
    few = flows[::FLOWS_EACH]
    return [
        Reader("everything", Wanted()),
        Reader("everything, beginning anew", Wanted(), begins_anew=True),
        *(Reader(f"tenant {t.client_account_id}", Wanted(t), begins_anew=t is tenants[0]) for t in tenants),
        *(Reader(f"flow {flow.id}", Wanted(flow.tenant, flow.id), begins_anew=flow is few[0]) for flow in few),
    ]


@asynccontextmanager
async def _beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let it go on until the block ends; what fails in it fails the block."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error


async def _write(
    sessions: Callable[[], Sessions],
    tenants: Sequence[Tenant],
    shared: Mapping[Tenant, Sequence[Flow]],
    told: Told,
    strain: Strain,
) -> None:
    flows = [Flows(sessions()) for _ in range(1 + strain.slow // 8)]
    work = []
    for n in range(strain.slow):
        tenant, mine = tenants[n % TENANTS], flows[n // 8]
        own = await mine.create(tenant, f"slow {n}", "csv", "aws")
        work.append(writers.slow(mine, own, shared[tenant], told, strain.hold))
    for n in range(strain.quick):
        work.append(writers.quick(flows[-1], shared[tenants[n % TENANTS]], told, f"quick {n}"))
    await asyncio.gather(*work)


async def _table(flows: Flows) -> list[Written]:
    async with flows.sessions.orchestrating() as session:
        found = await session.execute(select(flow_events).order_by(flow_events.c.id))
        return [
            Written(
                row.id,
                (row.client_account_id, row.engagement_id),
                Event(EventType(row.event_type), FlowId(row.flow_id), row.created_by, row.created_at, row.event_data),
            )
            for row in found
        ]


async def _caught_up(following: Sequence[Reader], table: Sequence[Written]) -> None:
    """Wait until every reader has got as many events as it must, and a moment longer for what comes twice."""
    due = [len(reader.due(table)) for reader in following]
    until = time.monotonic() + CATCHING_UP
    # Readers know nothing of who watches them.
    while any(len(r.seen) < n for r, n in zip(following, due, strict=True)) and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)


async def _rows(flows: Flows, everything: Reader) -> list[str]:
    """Flows whose rows aren't what the events told the reader."""
    async with flows.sessions.orchestrating() as session:
        found = await rows.find_all(session, select(discovery_flows))
    return [f"{flow.slug}: the row isn't what was told" for flow in found if everything.flows.get(flow.id) != flow]
