"""Writers: quick ones commit at once, slow ones keep their transactions open and commit late, or give up."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from discovery_pipeline.errors import FlowOperationError
from discovery_pipeline.flow.commands import Tell
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.flows import Flows

GIVES_UP = 0.1  # the share of slow transactions that don't commit
AT_ONCE = 8  # facts that a quick transaction tells of


class GivenUp(Exception):
    """A slow writer doesn't commit."""


@dataclass
class Told:
    """What all writers together have done so far."""

    enough: int
    all: asyncio.Event = field(default_factory=asyncio.Event)
    events: int = 0
    held: int = 0
    given_up: int = 0
    longest: float = 0.0  # seconds that a transaction stayed open, at most

    def more(self, events: int) -> None:
        """Count them; when there are enough, everybody ends."""
        self.events += events
        if self.events >= self.enough:
            self.all.set()


async def quick(flows: Flows, shared: Sequence[Flow], told: Told, seed: str) -> None:
    """Tell of shared flows, many events a transaction, until enough are told."""
    chance = random.Random(seed)
    while not told.all.is_set():
        flow = chance.choice(shared)
        async with flows.changing(flow.tenant) as states:
            for n in range(AT_ONCE):
                await states.update_state(flow.id, Tell(EventType.PROFILE_COMPLETED, {"columns": n}))
            await states.update_state(flow.id, {"quick": chance.random()})
        told.more(AT_ONCE + 1)


async def slow(flows: Flows, own: Flow, shared: Sequence[Flow], told: Told, hold: float) -> None:
    """Tell of a flow of one's own, stay open up to `hold` seconds, and then sometimes of one that others tell of."""
    chance = random.Random(own.name)
    while not told.all.is_set():
        began, held = time.monotonic(), chance.random() * hold
        with suppress(GivenUp, FlowOperationError):
            async with flows.changing(own.tenant) as states:
                await states.update_state(own.id, {"held": held})
                with suppress(TimeoutError):
                    await asyncio.wait_for(told.all.wait(), held)
                if chance.random() < 0.5:
                    await states.update_state(chance.choice(shared).id, {"late": held})
                if chance.random() < GIVES_UP:
                    told.given_up += 1
                    raise GivenUp
            told.held += 1
        told.longest = max(told.longest, time.monotonic() - began)
