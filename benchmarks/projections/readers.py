"""Readers: each follows some of the events and keeps its flows, as the events tell of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from sqlalchemy import select

from discovery_pipeline.flow import machine
from discovery_pipeline.flow.events import Event, EventType
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.flow.tenant import FlowId
from discovery_pipeline.store.events.bell import Bell
from discovery_pipeline.store.events.follow import Wanted, follow
from discovery_pipeline.store.events.outbox import Cursor, Posted
from discovery_pipeline.store.postgres.session import Sessions
from discovery_pipeline.store.schema.flows import flow_events

LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Written:
    """An event as it stands in the table in the end."""

    id: int
    tenant: tuple[int, int]
    event: Event


@dataclass
class Reader:
    """One reader, what it has got so far, and its flows."""

    name: str
    wanted: Wanted
    begins_anew: bool = False  # stops now and then, and goes on from its cursor's text
    seen: list[int] = field(default_factory=list)
    flows: dict[FlowId, Flow] = field(default_factory=dict)
    disorder: int = 0
    _last: dict[FlowId, int] = field(default_factory=dict)

    async def read(self, sessions: Sessions, bell: Bell) -> None:
        """Follow without end."""
        chance, said = random.Random(self.name), ""
        while True:
            left = chance.randrange(1, 50) if self.begins_anew else -1
            async with aclosing(follow(sessions, bell, self.wanted, Cursor.parse(said))) as events:
                async for posted in events:
                    self.take(posted)
                    said, left = str(posted.cursor), left - 1
                    if left == 0:
                        break

    def take(self, posted: Posted) -> None:
        """Go on by one event."""
        number, flow = posted.cursor.id, posted.event.flow_id
        self.seen.append(number)
        self.disorder += number <= self._last.get(flow, 0)
        self._last[flow] = number
        self.flows[flow] = grown(self.flows.get(flow), posted.event)

    def due(self, table: Sequence[Written]) -> list[Written]:
        """What it must have got, where these are all events."""
        tenant, flow = self.wanted.tenant, self.wanted.flow
        mine = (tenant.client_account_id, tenant.engagement_id) if tenant else None
        return [each for each in table if mine in {None, each.tenant} and flow in {None, each.event.flow_id}]

    def faults(self, table: Sequence[Written]) -> list[str]:
        """What is wrong with it."""
        due = self.due(table)
        skipped, twice = len({each.id for each in due} - set(self.seen)), len(self.seen) - len(set(self.seen))
        replayed: dict[FlowId, Flow] = {}
        for each in due:
            replayed[each.event.flow_id] = grown(replayed.get(each.event.flow_id), each.event)
        told = {
            f"{self.name}: skipped {skipped} events": skipped,
            f"{self.name}: got {twice} events twice": twice,
            f"{self.name}: got {self.disorder} events before earlier ones of their flow": self.disorder,
            f"{self.name}: its flows aren't those of a replay": replayed != self.flows,
        }
        return [fault for fault, wrong in told.items() if wrong]


def grown(flow: Flow | None, event: Event) -> Flow:
    """The flow after the event, which may be its first."""
    if event.type is EventType.FLOW_CREATED:
        return machine.born(event)
    if flow is None:
        raise ValueError(f"{event.type} comes before its flow was created")
    return machine.evolve(flow, event)


async def naive(sessions: Sessions, seen: set[int]) -> None:
    """Reads as it is often done: what has a higher id than the highest that was seen."""
    last = 0
    while True:
        async with sessions.orchestrating() as session:
            fresh = select(flow_events.c.id).where(flow_events.c.id > last).order_by(flow_events.c.id)
            found = (await session.execute(fresh)).scalars().all()
        seen.update(found)
        last = found[-1] if found else last
        await asyncio.sleep(LOOK_SECONDS)
