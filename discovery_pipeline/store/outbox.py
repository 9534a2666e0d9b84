"""The outbox: events in an order that no late commit can break.

Identity values are given out before their transactions commit, so a reader that remembers the highest id it saw can
pass over one that commits later. Here an event's position is the number of its transaction, readers go by (position,
id), and read only below the oldest transaction that is still open. Whatever commits later has a higher position than
every row that was ever read.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, func, literal_column, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.flow.events import Event, EventType
from discovery_pipeline.flow.tenant import FlowId
from discovery_pipeline.store.schema import flow_events

CLOSED_BELOW = literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", BigInteger)
"""Every transaction of a lower number has ended, and what it wrote is to be seen or never will be."""


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """How far a reader has come. Its text is what a sensor keeps."""

    position: int = 0
    id: int = 0

    def __str__(self) -> str:
        """Position and id, as `parse` reads them."""
        return f"{self.position}:{self.id}"

    @classmethod
    def parse(cls, said: str | None) -> Cursor:
        """The cursor of that text; of none, the one before all events."""
        if not said:
            return cls()
        position, _, event_id = said.partition(":")
        return cls(int(position), int(event_id))


@dataclass(frozen=True, slots=True)
class Posted:
    """An event with where it stands: the cursor of a reader that has handled it."""

    cursor: Cursor
    event: Event


async def after(
    session: AsyncConnection, cursor: Cursor, *, types: frozenset[EventType] | None = None, limit: int = 200
) -> list[Posted]:
    """The events after the cursor that this session may see, at most `limit`, those of one flow in order.

    They come at least once: a reader that dies before it keeps its cursor reads them again.
    """
    place = tuple_(flow_events.c.position, flow_events.c.id)
    wanted = (
        select(flow_events)
        .where(place > tuple_(cursor.position, cursor.id), flow_events.c.position < CLOSED_BELOW)
        .order_by(flow_events.c.position, flow_events.c.id)
        .limit(limit)
    )
    if types is not None:
        wanted = wanted.where(flow_events.c.event_type.in_([t.value for t in types]))
    return [
        Posted(
            Cursor(row.position, row.id),
            Event(EventType(row.event_type), FlowId(row.flow_id), row.created_by, row.created_at, row.event_data),
        )
        for row in await session.execute(wanted)
    ]


async def waiting(session: AsyncConnection, cursor: Cursor) -> int:
    """How many events stand after the cursor, those included that can't be read yet."""
    place = tuple_(flow_events.c.position, flow_events.c.id)
    counted = select(func.count()).where(place > tuple_(cursor.position, cursor.id))
    return (await session.execute(counted)).scalar_one()
