"""The outbox: events in an order that no late commit can break.

Identity values are given out before their transactions commit, so a reader that remembers the highest id it saw can
pass over one that commits later. Here an event's position is the number of its transaction, readers go by (position,
id), and read only below the oldest transaction that is still open. Whatever commits later has a higher position than
every row that was ever read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Row, Select, Tuple, exists, literal_column, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.flow.events import Event, EventType
from discovery_pipeline.flow.tenant import FlowId
from discovery_pipeline.store.schema.flows import flow_events

CLOSED_BELOW = literal_column("events_closed_below()", BigInteger)
"""Every transaction of a lower number has ended, and what it wrote is to be seen or never will be."""

LAST_ID = 2**63 - 1


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
        """The cursor of that text; of none, the one before all events.

        Raises
        ------
        ValueError
            The text is no cursor: two numbers of 64 bits, with a colon between them.
        """
        if not said:
            return cls()
        numbers = re.fullmatch(r"([0-9]{1,19}):([0-9]{1,19})", said)
        if numbers is None or max(int(numbers[1]), int(numbers[2])) > LAST_ID:
            raise ValueError(f"{said[:50]!r} is no cursor; one looks like 1234:56")
        return cls(int(numbers[1]), int(numbers[2]))


@dataclass(frozen=True, slots=True)
class Posted:
    """An event with where it stands: the cursor of a reader that has handled it."""

    cursor: Cursor
    event: Event


@dataclass(frozen=True, slots=True)
class Page:
    """Some events, oldest first, and the cursor of a reader that has handled them."""

    posted: list[Posted]
    end: Cursor
    full: bool  # more may be there to be read at once


async def page(
    session: AsyncConnection,
    cursor: Cursor,
    *,
    flow: FlowId | None = None,
    types: frozenset[EventType] | None = None,
    limit: int = 200,
) -> Page:
    """The events after the cursor that this session may see, at most `limit`, those of one flow in order.

    They come at least once: a reader that dies before it keeps its cursor reads them again. The page's end lies behind
    events of other types, too, so that they aren't looked through again and again.
    """
    if flow is not None:
        return await _of_one(session, cursor, flow, types, limit)
    closed_below = (await session.execute(select(CLOSED_BELOW))).scalar_one()
    wanted = (
        _events(types)
        .where(_place() > tuple_(cursor.position, cursor.id), flow_events.c.position < closed_below)
        .order_by(flow_events.c.position, flow_events.c.id)
        .limit(limit)
    )
    posted = [_posted(row) for row in await session.execute(wanted)]
    if len(posted) == limit:
        return Page(posted, posted[-1].cursor, full=True)
    return Page(posted, max(cursor, Cursor(closed_below - 1, LAST_ID)), full=False)


async def _of_one(
    session: AsyncConnection, cursor: Cursor, flow: FlowId, types: frozenset[EventType] | None, limit: int
) -> Page:
    """The same for one flow, whose events need no such care.

    Whoever tells of a flow holds its row's lock until the transaction ends. So ids of one flow are given out in the
    order in which they are committed, and a reader waits for nobody else's transaction.
    """
    wanted = (
        _events(types)
        .where(flow_events.c.flow_id == flow, flow_events.c.id > cursor.id)
        .order_by(flow_events.c.id)
        .limit(limit)
    )
    posted = [_posted(row) for row in await session.execute(wanted)]
    return Page(posted, posted[-1].cursor if posted else cursor, full=len(posted) == limit)


async def after(
    session: AsyncConnection, cursor: Cursor, *, types: frozenset[EventType] | None = None, limit: int = 200
) -> list[Posted]:
    """The events of a page; see `page`."""
    return (await page(session, cursor, types=types, limit=limit)).posted


async def held(session: AsyncConnection, read: Page) -> bool:
    """Whether there were events that this page couldn't hold yet, because an older transaction was still open.

    Asked of the page, not of the transactions that are open by now: one that has ended since then rings no bell for
    the events it held back.
    """
    later = exists().where(_place() > tuple_(read.end.position, read.end.id))
    return (await session.execute(select(later))).scalar_one()


async def end(session: AsyncConnection, flow: FlowId | None = None) -> Cursor:
    """The cursor of a reader that has read all that can be read."""
    last = select(flow_events.c.position, flow_events.c.id).limit(1)
    if flow is not None:
        last = last.where(flow_events.c.flow_id == flow).order_by(flow_events.c.id.desc())
    else:
        by_place = (flow_events.c.position.desc(), flow_events.c.id.desc())
        last = last.where(flow_events.c.position < CLOSED_BELOW).order_by(*by_place)
    row = (await session.execute(last)).one_or_none()
    return Cursor(row.position, row.id) if row else Cursor()


def _place() -> Tuple:
    return tuple_(flow_events.c.position, flow_events.c.id)


def _events(types: frozenset[EventType] | None) -> Select[Any]:
    wanted = select(flow_events)
    return wanted if types is None else wanted.where(flow_events.c.event_type.in_([t.value for t in types]))


def _posted(row: Row[Any]) -> Posted:
    told = Event(EventType(row.event_type), FlowId(row.flow_id), row.created_by, row.created_at, row.event_data)
    return Posted(Cursor(row.position, row.id), told)
