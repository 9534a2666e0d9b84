"""Locks of runs: a session-level advisory lock says that a run is alive, for exactly as long as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.errors import FlowOperationError
from discovery_pipeline.flow.tenant import FlowId
from discovery_pipeline.store.session import Sessions

HELD = text(
    "select exists (select from pg_locks join pg_database on pg_database.oid = pg_locks.database "
    "where datname = current_database() and locktype = 'advisory' and objsubid = 1 and granted "
    "and (classid::bigint << 32 | objid::bigint) = :key)"
)
TRIES, PAUSE = 10, 0.1  # seconds


def key(flow_id: FlowId) -> int:
    """The lock's number: 64 of the id's random bits, signed as PostgreSQL has them."""
    return int.from_bytes(flow_id.bytes[:8], "big", signed=True)


@asynccontextmanager
async def running(sessions: Sessions, flow_id: FlowId) -> AsyncIterator[None]:
    """Hold the flow's lock. It ends with the block, the process or the connection, whichever is first.

    Raises
    ------
    FlowOperationError
        Another run works on the flow.
    """
    async with sessions.holding() as session:
        if not await _got(session, flow_id):
            raise FlowOperationError(
                f"Another run works on flow {flow_id}. Wait for it, or cancel it first.",
                flow_id,
                {"error_type": "running"},
            )
        try:
            yield
        finally:
            with suppress(DBAPIError):  # the connection is gone, and the lock with it
                await session.execute(text("select pg_advisory_unlock(:key)"), {"key": key(flow_id)})


async def held(session: AsyncConnection, flow_id: FlowId) -> bool:
    """Whether a run holds the flow's lock, wherever it runs."""
    return bool(await session.scalar(HELD, {"key": key(flow_id)}))


async def _got(session: AsyncConnection, flow_id: FlowId) -> bool:
    """Try for a moment: a sweep holds the lock while it looks whether its run is dead."""
    for _ in range(TRIES):
        if await session.scalar(text("select pg_try_advisory_lock(:key)"), {"key": key(flow_id)}):
            return True
        await asyncio.sleep(PAUSE)
    return False
