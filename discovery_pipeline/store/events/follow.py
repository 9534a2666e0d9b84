"""Following: a reader that gets every event from its cursor on, and then each new one as it comes.

Pages and services in one process share a bell and a pool of connections. Between events a reader holds no connection,
and it outlives the server's: while the database is away it waits, and then goes on from where it stood.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import structlog
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.errors import ServerError
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.tenant import FlowId, Tenant
from discovery_pipeline.store.events import outbox
from discovery_pipeline.store.events.bell import Bell
from discovery_pipeline.store.events.outbox import Cursor, Page, Posted
from discovery_pipeline.store.postgres.operation import CommitLost
from discovery_pipeline.store.postgres.session import Sessions

PAGE = 200
LOOK_SECONDS = 5.0  # how often a reader looks although nothing rang
HELD_SECONDS = 0.1  # how soon it looks again for events that an open transaction holds back
AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, CommitLost, ServerError)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events a reader asks for: of one tenant or all, of one flow or all, of some types or all."""

    tenant: Tenant | None = None
    flow: FlowId | None = None
    types: frozenset[EventType] | None = None


async def follow(
    sessions: Sessions, bell: Bell, wanted: Wanted, cursor: Cursor | None = None
) -> AsyncGenerator[Posted, None]:
    """Every wanted event after the cursor, as long as the bell rings; those of one flow in order, each at least once.

    `str(posted.cursor)` is what a reader keeps to go on later (`Last-Event-ID`); `Cursor.parse` reads it back. Of one
    flow, events come as soon as they are committed. Of several, an event waits for every transaction that began to
    write before its own: that is what keeps a late one from being passed over.

    Parameters
    ----------
    sessions, bell
        The process's own. With a tenant the reader is the application, and row security shows it that tenant's rows;
        without one it is the orchestrator, and sees all.
    wanted
        Which events.
    cursor
        How far the reader has come; without one it begins with the first event.
    """
    place = cursor or Cursor()
    with bell.heard(wanted.flow) as rung:
        while not bell.over:
            rung.clear()
            found, held = await _read(sessions, wanted, place)
            for posted in found.posted:
                yield posted
            place = found.end
            if not found.full:
                await _rung(rung, HELD_SECONDS if held else LOOK_SECONDS)


async def newest(sessions: Sessions, wanted: Wanted) -> Cursor:
    """The cursor of a reader that has read all there is: for one that wants only what comes from now on."""
    async with _door(sessions, wanted.tenant) as session:
        return await outbox.end(session, wanted.flow)


async def _read(sessions: Sessions, wanted: Wanted, cursor: Cursor) -> tuple[Page, bool]:
    """A page, and whether more is there that can't be read yet. While the database is away, nothing."""
    try:
        async with _door(sessions, wanted.tenant) as session:
            found = await outbox.page(session, cursor, flow=wanted.flow, types=wanted.types, limit=PAGE)
            return found, wanted.flow is None and not found.full and await outbox.held(session, found)
    except AWAY as error:
        log.warning("reader of events waits for the database", kind=type(error).__name__)
        return Page([], cursor, full=False), False


def _door(sessions: Sessions, tenant: Tenant | None) -> AbstractAsyncContextManager[AsyncConnection]:
    return sessions.transaction(tenant) if tenant is not None else sessions.orchestrating()


async def _rung(rung: asyncio.Event, seconds: float) -> None:
    """Wait for the bell, at most so long."""
    try:
        await asyncio.wait_for(rung.wait(), seconds)
    except TimeoutError:
        return
