"""Flows: everything that can be done with them, each call one transaction.

Whoever has an event loop calls these; `blocking` waits for them on behalf of whoever hasn't.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.mapping.memory import Memory
from discovery_pipeline.engine.mapping.model import Mapping as FieldMapping
from discovery_pipeline.engine.mapping.model import Suggestions
from discovery_pipeline.flow.commands import Command, CompletePhase
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Flow, FlowStatus, Phase
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store import imports, listing, quality, reading, rows
from discovery_pipeline.store.events import outbox
from discovery_pipeline.store.events.outbox import Cursor, Posted
from discovery_pipeline.store.listing import Listed, Place
from discovery_pipeline.store.people import accounts
from discovery_pipeline.store.people.accounts import Membership, NewToken, UserRole
from discovery_pipeline.store.postgres import locks
from discovery_pipeline.store.postgres.operation import flow_transaction
from discovery_pipeline.store.postgres.session import Sessions
from discovery_pipeline.store.reviews import decisions, mappings, memory
from discovery_pipeline.store.reviews.decisions import Decided, Decision, Undone, What
from discovery_pipeline.store.rows import FlowRef
from discovery_pipeline.store.state import Clock, FlowStateManager, utc_now

if TYPE_CHECKING:
    from discovery_pipeline.engine.cleansing.remembering import Before
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

    @flow_transaction("find default tenant", reads=True)
    async def default_tenant(self) -> Tenant:
        """The account and engagement that exist after the first start."""
        async with self.sessions.operating() as session:
            return await accounts.ensure_default(session)

    @flow_transaction("find tenant", reads=True)
    async def tenant(self, account: int, engagement: int | None) -> Tenant:
        """The engagement of that number; without one, the account's first."""
        async with self.sessions.operating() as session:
            return await accounts.tenant(session, account, engagement)

    @flow_transaction("create token")
    async def create_token(self, tenant: Tenant, role: UserRole, days: int | None = None) -> NewToken:
        """A new token with a user of its own; it is worth nothing after so many days."""
        expires_at = self._clock() + timedelta(days=days) if days else None
        async with self.sessions.operating() as session:
            return await accounts.create_token(session, tenant, role, expires_at)

    @flow_transaction("revoke token")
    async def revoke_token(self, token: str) -> bool:
        """Make the token worthless. Tells whether it was worth something."""
        async with self.sessions.operating() as session:
            return await accounts.revoke(session, token, self._clock())

    @flow_transaction("authenticate")
    async def authenticate(self, token: str) -> tuple[Membership, ...]:
        """Every engagement that the token's user belongs to; none where it is worth nothing."""
        async with self.sessions.strangers() as session:
            return await accounts.authenticate(session, token)

    @flow_transaction("find tenant", reads=True)
    async def tenant_of(self, flow_id: FlowRef, by: str) -> Tenant:
        """Whose flow it is, with `by` acting."""
        if isinstance(flow_id, Flow):
            return flow_id.tenant.acting(by)
        async with self.sessions.orchestrating() as session:
            return (await rows.find(session, flow_id)).tenant.acting(by)

    @flow_transaction("create flow")
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

    @flow_transaction("read flow", reads=True)
    async def get(self, tenant: Tenant | None, flow_id: FlowRef) -> Flow:
        """The flow of that id or slug; without a tenant, whoever's it is."""
        if tenant is not None:
            async with self.sessions.transaction(tenant) as session:
                return await rows.find(session, flow_id)
        async with self.sessions.orchestrating() as session:
            return await rows.find(session, flow_id)

    @flow_transaction("list flows", reads=True)
    async def list(
        self,
        tenant: Tenant | None,
        *,
        status: FlowStatus | None = None,
        search: str | None = None,
        before: Place | None = None,
        limit: int = 1000,
    ) -> list[Flow]:
        """Flows, newest first; without a tenant, all tenants'. `before` is the place of the last one of a page before.

        `search` is words of the name, or how they begin.
        """
        wanted = Listed(status, search, before, limit)
        if tenant is None:
            async with self.sessions.orchestrating() as session:
                return await listing.of_all(session, wanted)
        async with self.sessions.transaction(tenant) as session:
            return await listing.of_tenant(session, wanted)

    @flow_transaction("update flow")
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

    @flow_transaction("archive flow")
    async def archive(
        self, tenant: Tenant, flow_id: FlowRef, reason: str, *, expected_version: int | None = None
    ) -> Flow:
        """Move a flow that came to its end into the history; see FlowStateManager.archive."""
        flow = await self.get(tenant, flow_id)
        async with self.sessions.operating() as session:
            return await FlowStateManager(session, tenant, self._clock).archive(flow, reason, expected_version)

    @flow_transaction("complete phase")
    async def complete_phase(self, tenant: Tenant, flow_id: FlowRef, phase: Phase, result: Mapping[str, Any]) -> Flow:
        """End the running phase; the import only where no later run is to read more files."""
        async with self.changing(tenant) as states:
            if phase is Phase.DATA_IMPORT:
                return await reading.finish(states, flow_id, result)
            return await states.update_state(flow_id, CompletePhase(phase, result))

    @flow_transaction("record imports")
    async def record_imports(self, tenant: Tenant, flow_id: FlowRef, files: Sequence[FileRead]) -> list[int]:
        """Keep what came of these files; their ids."""
        async with self.changing(tenant) as states:
            return await imports.record(states, flow_id, files)

    @flow_transaction("record suggestions")
    async def record_suggestions(self, tenant: Tenant, flow_id: FlowRef, suggestions: Suggestions) -> None:
        """Keep what the matcher offers for one target."""
        async with self.changing(tenant) as states:
            await mappings.suggest(states, flow_id, suggestions)

    @flow_transaction("submit mapping")
    async def submit_mapping(
        self, tenant: Tenant, flow_id: FlowRef, agreed: Sequence[FieldMapping], expected_version: int | None = None
    ) -> Flow:
        """Approve these mappings, one for each target, and move the flow to cleansing."""
        async with self.changing(tenant) as states:
            return await mappings.submit(states, flow_id, agreed, expected_version)

    @flow_transaction("read mapping", reads=True)
    async def approved_mappings(self, tenant: Tenant, flow_id: FlowRef) -> dict[str, FieldMapping]:
        """The approved mapping of each target; empty before there is one."""
        async with self.sessions.transaction(tenant) as session:
            return await mappings.approved(session, flow_id)

    @flow_transaction("remember decisions")
    async def remembered(self, tenant: Tenant, source_system: str, target_system: str) -> Memory:
        """What the tenant decided on pairs for this kind of source and this target."""
        async with self.sessions.transaction(tenant) as session:
            return await memory.remembered(session, source_system, target_system)

    @flow_transaction("remember values", reads=True)
    async def remembered_values(self, tenant: Tenant, flow: Flow) -> tuple[Before, ...]:
        """What the tenant decided on values in other flows of that kind of source."""
        async with self.sessions.transaction(tenant) as session:
            return await memory.values(session, flow)

    @flow_transaction("record quality")
    async def record_quality(self, tenant: Tenant, flow_id: FlowRef, findings: Iterable[Finding]) -> None:
        """Make these the flow's open quality issues."""
        async with self.sessions.transaction(tenant) as session:
            await quality.record(session, flow_id, findings)

    @flow_transaction("decide")
    async def decide(
        self, tenant: Tenant, flow_id: FlowRef, wanted: Sequence[Decision], reason: str = ""
    ) -> UUID | None:
        """Write a reviewer's decisions as one batch; see `decisions`."""
        async with self.changing(tenant) as states:
            return await decisions.decide(states, flow_id, wanted, reason)

    @flow_transaction("undo")
    async def undo(self, tenant: Tenant, flow_id: FlowRef, batch: UUID | None = None) -> Undone | None:
        """Take back a batch of decisions, or the newest that stands."""
        async with self.changing(tenant) as states:
            return await decisions.undo(states, flow_id, batch)

    @flow_transaction("redo")
    async def redo(self, tenant: Tenant, flow_id: FlowRef) -> Undone | None:
        """Decide again what was undone last."""
        async with self.changing(tenant) as states:
            return await decisions.redo(states, flow_id)

    @flow_transaction("read decisions", reads=True)
    async def decisions(self, tenant: Tenant, flow_id: FlowRef, kind: str | None = None) -> dict[What, Decided]:
        """The decision that holds, for each subject that has one."""
        async with self.sessions.transaction(tenant) as session:
            return await decisions.current(session, flow_id, kind)

    @flow_transaction("read decisions", reads=True)
    async def decision_history(self, tenant: Tenant, flow_id: FlowRef) -> list[Decided]:
        """Every decision on the flow, oldest first."""
        async with self.sessions.transaction(tenant) as session:
            return await decisions.history(session, flow_id)

    @flow_transaction("read events", reads=True)
    async def events_after(
        self, cursor: Cursor, *, types: frozenset[EventType] | None = None, limit: int = 200
    ) -> list[Posted]:
        """A page of events of every tenant, for the orchestrator."""
        async with self.sessions.orchestrating() as session:
            return await outbox.after(session, cursor, types=types, limit=limit)

    @flow_transaction("look for a run", reads=True)
    async def is_run(self, flow_id: FlowRef) -> bool:
        """Whether a run works on the flow."""
        async with self.sessions.orchestrating() as session:
            return await locks.held(session, (await rows.find(session, flow_id)).id)

    @asynccontextmanager
    async def running(self, flow_id: FlowRef) -> AsyncIterator[None]:
        """Hold the flow's lock while a run works on it."""
        flow = await self.get(None, flow_id)
        async with locks.running(self.sessions, flow.id):
            yield
