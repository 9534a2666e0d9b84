"""Locks of runs: a session-level advisory lock says that a run is alive, for exactly as long as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.errors import DiscoveryError, FlowOperationError
from discovery_pipeline.flow.tenant import FlowId
from discovery_pipeline.store.postgres.operation import flow_transaction
from discovery_pipeline.store.postgres.session import Sessions

HELD = text(
    "select exists (select from pg_locks join pg_database on pg_database.oid = pg_locks.database "
    "where datname = current_database() and locktype = 'advisory' and objsubid = 1 and granted "
    "and (classid::bigint << 32 | objid::bigint) = :key)"
)
TRIES, PAUSE = 10, 0.1  # seconds
LOOK_SECONDS = 3.0
"""How often a run looks whether it has its lock; a sweep in between takes it for dead."""

log = structlog.get_logger(__name__)


def key(flow_id: FlowId) -> int:
    """The lock's number: 64 of the id's random bits, signed as PostgreSQL has them."""
    return int.from_bytes(flow_id.bytes[:8], "big", signed=True)


@asynccontextmanager
async def running(sessions: Sessions, flow_id: FlowId) -> AsyncIterator[None]:
    """Hold the flow's lock. It ends with the block or the process; where its connection is cut, it is taken again.

    Raises
    ------
    FlowOperationError
        Another run works on the flow.
    """
    async with AsyncExitStack() as stack:
        session = await _taken(stack, sessions, flow_id)
        keeper = asyncio.create_task(_keep(stack, sessions, flow_id, session))
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.wait([keeper])


@flow_transaction("lock flow")
async def _taken(stack: AsyncExitStack, sessions: Sessions, flow_id: FlowId) -> AsyncConnection:
    """The connection that holds the lock until the stack is left."""
    async with AsyncExitStack() as taking:
        session = await taking.enter_async_context(sessions.holding())
        if not await _got(session, flow_id):
            raise FlowOperationError(
                f"Another run works on flow {flow_id}. Wait for it, or cancel it first.",
                flow_id,
                {"error_type": "running"},
            )
        taking.push_async_callback(_give_back, session, flow_id)
        await stack.enter_async_context(taking.pop_all())
    return session


async def _give_back(session: AsyncConnection, flow_id: FlowId) -> None:
    with suppress(SQLAlchemyError):  # the connection is gone, and the lock with it
        await session.execute(text("select pg_advisory_unlock(:key)"), {"key": key(flow_id)})


async def _keep(stack: AsyncExitStack, sessions: Sessions, flow_id: FlowId, session: AsyncConnection) -> None:
    """Look now and then whether the lock's connection is there, and take the lock again where it isn't."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            await session.execute(text("select 1"))
        except SQLAlchemyError:
            log.warning("run lost its lock", flow=str(flow_id))
            with suppress(DiscoveryError):  # it is tried again
                session = await _taken(stack, sessions, flow_id)


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
