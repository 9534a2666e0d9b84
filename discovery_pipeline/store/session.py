"""Sessions: transactions that see one tenant's rows, and the few that see more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store.databases import Databases, Role

LOCK_TIMEOUT = "15s"
STATEMENT_TIMEOUT = "60s"
POOL = 8

SET_TENANT = text(
    "select set_config('discovery.client_account_id', :client, true), "
    "set_config('discovery.engagement_id', :engagement, true)"
)


class Sessions:
    """Transactions on our database, by who acts in them. Connections are opened when they are needed."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._engines: dict[Role, AsyncEngine] = {}

    @asynccontextmanager
    async def transaction(self, tenant: Tenant) -> AsyncIterator[AsyncConnection]:
        """One transaction of the application for this tenant. It commits at the end of the block, or not at all."""
        async with self._engine(Role.APP).begin() as session:
            await session.execute(SET_TENANT, _named(tenant))
            yield session

    @asynccontextmanager
    async def moment(self, tenant: Tenant) -> AsyncIterator[AsyncConnection]:
        """One reading transaction of the tenant in which every query sees the same moment."""
        async with self._engine(Role.APP).begin() as session:
            await session.execute(text("set transaction isolation level repeatable read, read only"))
            await session.execute(SET_TENANT, _named(tenant))
            yield session

    @asynccontextmanager
    async def strangers(self) -> AsyncIterator[AsyncConnection]:
        """One transaction of the application for nobody yet: only `authenticate` answers there."""
        async with self._engine(Role.APP).begin() as session:
            yield session

    @asynccontextmanager
    async def orchestrating(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that reads flows and events of every tenant, and writes nothing."""
        async with self._engine(Role.ORCHESTRATOR).begin() as session:
            yield session

    @asynccontextmanager
    async def operating(self) -> AsyncIterator[AsyncConnection]:
        """One transaction of the operator: accounts, users, tokens, the archive."""
        async with self._engine(Role.OWNER).begin() as session:
            yield session

    @asynccontextmanager
    async def holding(self) -> AsyncIterator[AsyncConnection]:
        """A connection of its own, for locks that live as long as a session."""
        async with self._engine(Role.APP).connect() as session:
            await session.execution_options(isolation_level="AUTOCOMMIT")
            yield session

    async def close(self) -> None:
        """Let go of every connection."""
        for engine in self._engines.values():
            await engine.dispose()
        self._engines.clear()

    def _engine(self, role: Role) -> AsyncEngine:
        if role not in self._engines:
            url = self._databases.url(role)
            limits = f"-c lock_timeout={LOCK_TIMEOUT} -c statement_timeout={STATEMENT_TIMEOUT}"
            options = f"{url.query.get('options', '')} {limits}".strip()
            self._engines[role] = create_async_engine(
                url.update_query_dict({"options": options}),
                pool_size=POOL,
                max_overflow=POOL,
                pool_pre_ping=True,  # a server that was restarted meanwhile is a new connection, not an error
            )
        return self._engines[role]


def _named(tenant: Tenant) -> dict[str, str]:
    return {"client": str(tenant.client_account_id), "engagement": str(tenant.engagement_id)}
