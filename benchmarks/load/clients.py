"""Clients: each does one thing after another to flows that all of them share, and writes down what it saw."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import select

from benchmarks.load.history import Operation, Outcome, Seen
from discovery_pipeline.errors import FlowOperationError, InvalidTransitionError, StaleVersionError
from discovery_pipeline.flow.commands import Command, CompletePhase, FailPhase, StartPhase
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.flow.tenant import FlowId, Tenant
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import rows
from discovery_pipeline.store.events import outbox
from discovery_pipeline.store.events.outbox import Cursor
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.postgres.connection import connected
from discovery_pipeline.store.postgres.session import Sessions
from discovery_pipeline.store.schema.flows import discovery_flows

SHARES = {
    "read": 22, "change": 26, "change what was read": 14, "work": 12, "change two": 6,
    "read three": 6, "list": 6, "read the story": 6, "search": 2,
}  # fmt: skip
"""How many operations of a hundred are of each kind."""
NUMBERS = 10_000_000  # for each client


@dataclass(frozen=True, slots=True)
class Shift:
    """What one process of clients is to do."""

    settings: Settings
    tenant: Tenant
    flows: tuple[UUID, ...]
    first: int  # its first client's number
    clients: int
    seconds: float
    seed: int


def work(shift: Shift) -> list[Operation]:
    """Let the clients of one process work side by side; everything they did."""
    return asyncio.run(_shift(shift))


async def _shift(shift: Shift) -> list[Operation]:
    with connected(shift.settings) as databases:
        sessions = Sessions(databases)
        try:
            flows = Flows(sessions)
            clients = [Client(shift, flows, shift.first + n) for n in range(shift.clients)]
            until = time.monotonic() + shift.seconds
            return [each for done in await asyncio.gather(*(c.work(until) for c in clients)) for each in done]
        finally:
            await sessions.close()


class Client:
    """One client, and what it remembers of the flows it saw last."""

    def __init__(self, shift: Shift, flows: Flows, number: int) -> None:
        self._flows, self._all, self.number = flows, shift.flows, number
        self._tenant = shift.tenant.acting(f"client {number}")
        self._chance = random.Random(f"{shift.seed}:{number}")
        self._numbers = count(number * NUMBERS + 1)
        self._known: dict[UUID, Flow] = {}

    async def work(self, until: float) -> list[Operation]:
        """Work until that time."""
        done = []
        while time.monotonic() < until:
            kind = self._chance.choices([*SHARES], [*SHARES.values()])[0]
            done.append(await self._do(kind))
        return done

    async def _do(self, kind: str) -> Operation:
        act = getattr(self, f"_{kind.replace(' ', '_')}")
        number = next(self._numbers) if kind.startswith("change") else 0
        began = time.monotonic()
        outcome: Outcome = "done"
        read: Sequence[Seen] = ()
        wrote: Sequence[Seen] = ()
        try:
            read, wrote = await act(number)
        except (InvalidTransitionError, StaleVersionError):
            outcome = "refused"
        except FlowOperationError:
            outcome = "unknown"
        return Operation(self.number, kind, began, time.monotonic(), outcome, tuple(read), tuple(wrote), number)

    def _any(self) -> UUID:
        """A flow; some are much busier than others."""
        return self._all[int(len(self._all) * self._chance.random() ** 2)]

    async def _read(self, _: int) -> tuple[list[Seen], list[Seen]]:
        flow = await self._flows.get(self._tenant, FlowId(self._any()))
        self._known[flow.id] = flow
        return [seen(flow)], []

    async def _change(self, number: int) -> tuple[list[Seen], list[Seen]]:
        return [], [seen(await self._flows.update(self._tenant, FlowId(self._any()), {"number": number}))]

    async def _change_what_was_read(self, number: int) -> tuple[list[Seen], list[Seen]]:
        """Only where nobody else changed it since."""
        known = self._known.get(flow_id := self._any()) or await self._flows.get(self._tenant, FlowId(flow_id))
        update = self._flows.update(self._tenant, known.id, {"number": number}, expected_version=known.version)
        self._known.pop(known.id, None)
        return [seen(known)], [seen(await update)]

    async def _work(self, _: int) -> tuple[list[Seen], list[Seen]]:
        """What runs do: begin a phase, fail it, complete it."""
        phase = self._chance.choice([Phase.DATA_IMPORT, Phase.CLEANSING])
        command: Command = self._chance.choice([StartPhase(phase), FailPhase(phase), CompletePhase(phase)])
        async with self._flows.changing(self._tenant) as states:
            before = await rows.find(states.session, FlowId(self._any()), lock=True)
            after = await states.update_state(before.id, command)
        return [seen(before)], [seen(after)] if after.version != before.version else []

    async def _change_two(self, number: int) -> tuple[list[Seen], list[Seen]]:
        """Both or neither."""
        chosen = sorted({self._any(), self._any()})
        async with self._flows.changing(self._tenant) as states:
            after = [await states.update_state(FlowId(each), {"number": number}) for each in chosen]
        return [], [seen(flow) for flow in after]

    async def _read_three(self, _: int) -> tuple[list[Seen], list[Seen]]:
        """All of the same moment."""
        chosen = {self._any() for _ in range(3)}
        async with self._flows.sessions.moment(self._tenant) as session:
            found = await rows.find_all(session, select(discovery_flows).where(discovery_flows.c.id.in_(chosen)))
        return [seen(flow) for flow in found], []

    async def _list(self, _: int) -> tuple[list[Seen], list[Seen]]:
        return [seen(flow) for flow in await self._flows.list(self._tenant, limit=10)], []

    async def _search(self, _: int) -> tuple[list[Seen], list[Seen]]:
        return [seen(flow) for flow in await self._flows.list(self._tenant, search="load", limit=5)], []

    async def _read_the_story(self, _: int) -> tuple[list[Seen], list[Seen]]:
        """All that was told of the flow's state, in order."""
        flow = FlowId(self._any())
        async with self._flows.sessions.transaction(self._tenant) as session:
            updated = frozenset({EventType.STATE_UPDATED})
            page = await outbox.page(session, Cursor(), flow=flow, types=updated, limit=1_000_000)
        told = story([posted.event.data["new_state"] for posted in page.posted])
        return [Seen(str(flow), len(told), told[-1])], []


def seen(flow: Flow) -> Seen:
    """The flow as it stands."""
    return Seen(str(flow.id), flow.version, digest(flow.state_data))


def digest(state: Any) -> str:
    """Of a state."""
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:16]


def story(states: Sequence[Any]) -> list[str]:
    """Of each state together with all before it."""
    told, whole = [], hashlib.sha256()
    for state in states:
        whole.update(digest(state).encode())
        told.append(whole.hexdigest()[:16])
    return told
