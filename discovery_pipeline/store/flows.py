"""Flows: everything that can be done with them, each call one transaction.

Whoever has an event loop calls these; `blocking` waits for them on behalf of whoever hasn't.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.mapping.model import Mapping as FieldMapping
from discovery_pipeline.engine.mapping.model import Suggestions
from discovery_pipeline.flow.commands import Command
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Flow, FlowStatus
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store import accounts, imports, locks, mappings, outbox, quality, rows
from discovery_pipeline.store.accounts import Membership, NewToken, UserRole
from discovery_pipeline.store.operation import flow_operation
from discovery_pipeline.store.outbox import Cursor, Posted
from discovery_pipeline.store.rows import FlowRef
from discovery_pipeline.store.schema import discovery_flows
from discovery_pipeline.store.session import Sessions
from discovery_pipeline.store.state import Clock, FlowStateManager, utc_now

if TYPE_CHECKING:
    from discovery_pipeline.engine.intake.model import FileRead  # its room imports DuckDB


class Flows:
    """Flows of every tenant, behind the tenant's own door."""

    def __init__(self, sessions: Sessions, clock: Clock = utc_now) -> None:
        self.sessions, self._clock = sessions, clock

    @asynccontextmanager
    async def changing(self, tenant: Tenant) -> AsyncIterator[FlowStateManager]:
        """A transaction of the tenant, as the manager that writes in it."""
        async with self.sessions.transaction(tenant) as session:
            yield FlowStateManager(session, tenant, self._clock)

    @flow_operation("find default tenant")
    async def default_tenant(self) -> Tenant:
        """The account and engagement that exist after the first start."""
        async with self.sessions.operating() as session:
            return await accounts.ensure_default(session)

    @flow_operation("find tenant")
    async def tenant(self, account: int, engagement: int | None) -> Tenant:
        """The engagement of that number; without one, the account's first."""
        async with self.sessions.operating() as session:
            return await accounts.tenant(session, account, engagement)

    @flow_operation("create token")
    async def create_token(self, tenant: Tenant, role: UserRole, days: int | None = None) -> NewToken:
        """A new token with a user of its own; it is worth nothing after so many days."""
        expires_at = self._clock() + timedelta(days=days) if days else None
        async with self.sessions.operating() as session:
            return await accounts.create_token(session, tenant, role, expires_at)

    @flow_operation("revoke token")
    async def revoke_token(self, token: str) -> bool:
        """Make the token worthless. Tells whether it was worth something."""
        async with self.sessions.operating() as session:
            return await accounts.revoke(session, token, self._clock())

    @flow_operation("authenticate")
    async def authenticate(self, token: str) -> tuple[Membership, ...]:
        """Every engagement that the token's user belongs to; none where it is worth nothing."""
        async with self.sessions.strangers() as session:
            return await accounts.authenticate(session, token)

    @flow_operation("find tenant")
    async def tenant_of(self, flow_id: FlowRef, by: str) -> Tenant:
        """Whose flow it is, with `by` acting."""
        if isinstance(flow_id, Flow):
            return flow_id.tenant.acting(by)
        async with self.sessions.orchestrating() as session:
            return (await rows.find(session, flow_id)).tenant.acting(by)

    @flow_operation("create flow")
    async def create(
        self,
        tenant: Tenant,
        name: str,
        source_system: str,
        target_system: str,
        metadata: Mapping[str, Any] | None = None,
    ) -> Flow:
        """A new flow that waits for data."""
        async with self.changing(tenant) as states:
            return await states.create_flow(name, source_system, target_system, metadata)

    @flow_operation("read flow")
    async def get(self, tenant: Tenant | None, flow_id: FlowRef) -> Flow:
        """The flow of that id or slug; without a tenant, whoever's it is."""
        if tenant is not None:
            async with self.sessions.transaction(tenant) as session:
                return await rows.find(session, flow_id)
        async with self.sessions.orchestrating() as session:
            return await rows.find(session, flow_id)

    @flow_operation("list flows")
    async def list(
        self, tenant: Tenant | None, *, status: FlowStatus | None = None, search: str | None = None, limit: int = 1000
    ) -> list[Flow]:
        """Flows, newest first. `search` is in the words of a name, as PostgreSQL's web search has them."""
        wanted = select(discovery_flows).order_by(discovery_flows.c.created_at.desc(), discovery_flows.c.id)
        if status is not None:
            wanted = wanted.where(discovery_flows.c.status == status.value)
        if search:
            words = func.websearch_to_tsquery("simple", search)
            wanted = wanted.where(func.to_tsvector("simple", discovery_flows.c.name).op("@@")(words))
        door = self.sessions.transaction(tenant) if tenant is not None else self.sessions.orchestrating()
        async with door as session:
            return await rows.find_all(session, wanted.limit(limit))

    @flow_operation("update flow")
    async def update(
        self,
        tenant: Tenant,
        flow_id: FlowRef,
        patch: Command | Mapping[str, Any],
        *,
        expected_version: int | None = None,
        reason: str = "",
    ) -> Flow:
        """Change a flow by a command; see FlowStateManager.update_state."""
        async with self.changing(tenant) as states:
            return await states.update_state(flow_id, patch, expected_version=expected_version, reason=reason)

    @flow_operation("record import")
    async def record_import(self, tenant: Tenant, flow_id: FlowRef, file: FileRead) -> int:
        """Keep what came of one file; its id."""
        async with self.changing(tenant) as states:
            return await imports.record(states, flow_id, file)

    @flow_operation("record suggestions")
    async def record_suggestions(self, tenant: Tenant, flow_id: FlowRef, suggestions: Suggestions) -> None:
        """Keep what the matcher offers for one target."""
        async with self.changing(tenant) as states:
            await mappings.suggest(states, flow_id, suggestions)

    @flow_operation("submit mapping")
    async def submit_mapping(
        self, tenant: Tenant, flow_id: FlowRef, agreed: Sequence[FieldMapping], expected_version: int | None = None
    ) -> Flow:
        """Approve these mappings, one for each target, and move the flow to cleansing."""
        async with self.changing(tenant) as states:
            return await mappings.submit(states, flow_id, agreed, expected_version)

    @flow_operation("read mapping")
    async def approved_mappings(self, tenant: Tenant, flow_id: FlowRef) -> dict[str, FieldMapping]:
        """The approved mapping of each target; empty before there is one."""
        async with self.sessions.transaction(tenant) as session:
            return await mappings.approved(session, flow_id)

    @flow_operation("record quality")
    async def record_quality(self, tenant: Tenant, flow_id: FlowRef, findings: Iterable[Finding]) -> None:
        """Make these the flow's open quality issues."""
        async with self.sessions.transaction(tenant) as session:
            await quality.record(session, flow_id, findings)

    @flow_operation("read events")
    async def events_after(
        self, cursor: Cursor, *, types: frozenset[EventType] | None = None, limit: int = 200
    ) -> list[Posted]:
        """A page of events of every tenant, for the orchestrator."""
        async with self.sessions.orchestrating() as session:
            return await outbox.after(session, cursor, types=types, limit=limit)

    @asynccontextmanager
    async def running(self, flow_id: FlowRef) -> AsyncIterator[None]:
        """Hold the flow's lock while a run works on it."""
        flow = await self.get(None, flow_id)
        async with locks.running(self.sessions, flow.id):
            yield
