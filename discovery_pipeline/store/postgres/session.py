"""Sessions: transactions that see one tenant's rows, and the few that see more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from discovery_pipeline.errors import ServerError
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store.postgres.databases import Databases, Role
from discovery_pipeline.store.postgres.operation import CommitLost, lost, said
from discovery_pipeline.store.postgres.silence import Connection, watched

LOCK_TIMEOUT = "15s"
STATEMENT_TIMEOUT = "60s"
IDLE_TIMEOUT = "5min"
"""How long a transaction may wait for its client: one that the network lost must not hold its locks."""
NETWORK = {"connect_timeout": "5", "tcp_user_timeout": "30000"}
"""How long a network may be silent (seconds, milliseconds), where the address of the server doesn't say."""
POOL = 8
PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Seconds between tries to reach a server that is away: together longer than a restart takes."""
PATIENCE_SECONDS = 10.0
"""After how long no further try is made: one to reach a server that hangs takes as long as a connection may."""

SET_TENANT = text(
    "select set_config('discovery.client_account_id', :client, true), "
    "set_config('discovery.engagement_id', :engagement, true)"
)


class Sessions:
    """Transactions on our database, by who acts in them. Connections are opened when they are needed.

    A server that is away is waited for a few seconds, and the embedded one is started again: nothing has begun yet.
    """

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._engines: dict[Role, AsyncEngine] = {}

    @asynccontextmanager
    async def transaction(self, tenant: Tenant) -> AsyncIterator[AsyncConnection]:
        """One transaction of the application for this tenant. It commits at the end of the block, or not at all."""
        async with self._begun(Role.APP) as session:
            await session.execute(SET_TENANT, _named(tenant))
            yield session

    @asynccontextmanager
    async def moment(self, tenant: Tenant | None) -> AsyncIterator[AsyncConnection]:
        """One reading transaction in which every query sees one moment: of the tenant, or without one of everybody."""
        async with self._begun(Role.APP if tenant else Role.OWNER) as session:
            await session.execute(text("set transaction isolation level repeatable read, read only"))
            if tenant:
                await session.execute(SET_TENANT, _named(tenant))
            yield session

    @asynccontextmanager
    async def strangers(self) -> AsyncIterator[AsyncConnection]:
        """One transaction of the application for nobody yet: only `authenticate` answers there."""
        async with self._begun(Role.APP) as session:
            yield session

    @asynccontextmanager
    async def orchestrating(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that reads flows and events of every tenant, and writes nothing."""
        async with self._begun(Role.ORCHESTRATOR) as session:
            yield session

    @asynccontextmanager
    async def operating(self) -> AsyncIterator[AsyncConnection]:
        """One transaction of the operator: accounts, users, tokens, the archive."""
        async with self._begun(Role.OWNER) as session:
            yield session

    @asynccontextmanager
    async def holding(self) -> AsyncIterator[AsyncConnection]:
        """A connection of its own, for locks that live as long as a session."""
        async with self._connected(Role.APP) as session:
            await session.execution_options(isolation_level="AUTOCOMMIT")
            yield session

    async def close(self) -> None:
        """Let go of every connection."""
        for engine in self._engines.values():
            await engine.dispose()
        self._engines.clear()

    @asynccontextmanager
    async def _begun(self, role: Role) -> AsyncIterator[AsyncConnection]:
        async with self._connected(role) as session, session.begin() as transaction:
            yield session
            try:
                await transaction.commit()
            except DBAPIError as error:
                if lost(error):
                    raise CommitLost from error
                raise

    @asynccontextmanager
    async def _connected(self, role: Role) -> AsyncIterator[AsyncConnection]:
        session = await self._reached(role)
        try:
            yield session
        finally:
            await session.close()

    async def _reached(self, role: Role) -> AsyncConnection:
        until = time.monotonic() + PATIENCE_SECONDS
        for pause in PAUSES:
            with suppress(DBAPIError):
                return await self._engine(role).connect()
            if time.monotonic() > until:
                break
            await asyncio.to_thread(self._databases.revive)
            await asyncio.sleep(pause)
        try:
            return await self._engine(role).connect()
        except DBAPIError as error:
            raise ServerError(
                f"PostgreSQL doesn't answer: {said(error)} Nothing was changed. Run `discovery doctor`."
            ) from error

    def _engine(self, role: Role) -> AsyncEngine:
        if role not in self._engines:
            url = self._databases.url(role)
            limits = (
                f"-c lock_timeout={LOCK_TIMEOUT} -c statement_timeout={STATEMENT_TIMEOUT} "
                f"-c idle_in_transaction_session_timeout={IDLE_TIMEOUT}"
            )
            options = f"{url.query.get('options', '')} {limits}".strip()
            engine = create_async_engine(
                url.set(query=NETWORK | dict(url.query) | {"options": options}),
                connect_args={"async_creator_fn": Connection.connect},
                pool_size=POOL,
                max_overflow=POOL,
                pool_pre_ping=True,  # a server that was restarted meanwhile is a new connection, not an error
            )
            self._engines[role] = watched(engine)
        return self._engines[role]


def _named(tenant: Tenant) -> dict[str, str]:
    return {"client": str(tenant.client_account_id), "engagement": str(tenant.engagement_id)}
