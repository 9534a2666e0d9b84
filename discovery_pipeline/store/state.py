"""The state of flows: every flow is created and changed here, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from typing import Any
from uuid import uuid4

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.errors import InvalidTransitionError, StaleVersionError, TenantAccessError
from discovery_pipeline.flow import machine, naming
from discovery_pipeline.flow.commands import Command, CreateFlow, Keep
from discovery_pipeline.flow.events import Event, EventType
from discovery_pipeline.flow.moment import Moment
from discovery_pipeline.flow.state import ARCHIVABLE, Flow, FlowStatus
from discovery_pipeline.flow.tenant import FlowId, Tenant
from discovery_pipeline.store import rows
from discovery_pipeline.store.postgres import locks
from discovery_pipeline.store.postgres.operation import flow_operation
from discovery_pipeline.store.rows import FlowRef
from discovery_pipeline.store.schema.flows import flow_state_audits

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time of day, for callers that have no clock of their own."""
    return datetime.now(UTC)


class FlowStateManager:
    """Makes and changes flows of one tenant, in the transaction it is given.

    Flow, phases, audit and events are written together; nothing is told to anybody unless that transaction commits.
    """

    def __init__(self, session: AsyncConnection, tenant: Tenant, clock: Clock = utc_now) -> None:
        self.session, self.tenant, self._clock = session, tenant, clock

    @flow_operation("create flow")
    async def create_flow(
        self, name: str, source_system: str, target_system: str, metadata: Mapping[str, Any] | None = None
    ) -> Flow:
        """A new flow that waits for data."""
        now = self.now()
        flow_id = FlowId(uuid4())
        command = CreateFlow(name, naming.slug(name, now.at.date(), flow_id), source_system, target_system)
        events = machine.create(command, flow_id, self.tenant, now)
        flow = replace(machine.fold(events), metadata=dict(metadata or {}))
        await rows.add(self.session, flow)
        await rows.tell(self.session, flow, [*events, await self._audited(None, flow, now, "created")])
        return flow

    @flow_operation("update flow")
    async def update_state(
        self,
        flow_id: FlowRef,
        patch: Command | Mapping[str, Any],
        *,
        expected_version: int | None = None,
        reason: str = "",
    ) -> Flow:
        """Change a flow by a command, or keep a mapping of values with its state.

        The row stays locked until the transaction ends. A command whose effect is there already changes nothing.

        Raises
        ------
        FlowNotFoundError
            There is no such flow for this tenant.
        TenantAccessError
            The transaction was opened for another tenant.
        StaleVersionError
            The flow isn't at `expected_version` any more.
        InvalidTransitionError
            The flow is in a phase from which this can't be done.
        """
        command = Keep(patch) if isinstance(patch, Mapping) else patch
        return await self.update_by(flow_id, [(command, reason)], expected_version=expected_version)

    @flow_operation("update flow")
    async def update_by(
        self, flow_id: FlowRef, commands: Sequence[tuple[Command, str]], *, expected_version: int | None = None
    ) -> Flow:
        """Change a flow by commands, each with its reason, one after the other. Refuses as `update_state` does."""
        before = flow = await rows.find(self.session, flow_id, lock=True)
        self._check(flow, expected_version)
        now = self.now()
        told: list[Event] = []
        for command, reason in commands:
            events = list(machine.decide(command, flow, now))
            told += events
            after = machine.kept(reduce(machine.evolve, events, flow), command)
            if after == flow:
                continue
            updated = await self._audited(flow, after, now, reason or _reason(command, events))
            flow = machine.evolve(after, updated)
            told.append(updated)
        if flow is not before:
            await rows.change(self.session, before, flow)
        await rows.tell(self.session, flow, told)
        return flow

    @flow_operation("archive flow")
    async def archive(self, flow_id: FlowRef, reason: str, expected_version: int | None = None) -> Flow:
        """Move a flow that came to its end into the history, for good; the flow, as it is there.

        The session is the operator's: nobody else may take rows out of the audit and the events.

        Raises
        ------
        StaleVersionError
            The flow isn't at `expected_version` any more.
        InvalidTransitionError
            The flow goes on, or a run works on it.
        """
        flow = await rows.find(self.session, flow_id, lock=True)
        self._check(flow, expected_version)
        free = await self.session.scalar(select(func.pg_try_advisory_xact_lock(locks.key(flow.id))))
        if flow.status not in ARCHIVABLE or not free:
            stands = flow.status.value.replace("_", " ") if free else "at work"
            raise InvalidTransitionError(
                f"Flow {flow.slug} is {stands}. Only one that is delivered, failed or cancelled, and on which no run "
                "works, is archived. Cancel it first, or wait until it is done.",
                flow.id,
                {"error_type": "invalid_transition", "status": flow.status.value},
            )
        await self.session.execute(select(func.archive_flows([flow.id], self.tenant.by, reason)))
        return replace(flow, status=FlowStatus.ARCHIVED)

    def now(self) -> Moment:
        """Who acts here, and the time of day."""
        return Moment(self.tenant.by, self._clock())

    def _check(self, flow: Flow, expected_version: int | None) -> None:
        mine = (self.tenant.client_account_id, self.tenant.engagement_id)
        if (flow.client_account_id, flow.engagement_id) != mine:
            raise TenantAccessError(
                f"Flow {flow.slug} belongs to another tenant.", flow.id, {"error_type": "tenant_access"}
            )
        if expected_version is not None and flow.version != expected_version:
            raise StaleVersionError(
                f"Flow {flow.slug} is at version {flow.version}, not {expected_version}: someone else changed it "
                "meanwhile. Reload it and look again.",
                flow.id,
                {"error_type": "stale", "version": flow.version, "expected_version": expected_version,
                 "status": flow.status.value, "current_phase": flow.current_phase.value},
            )  # fmt: skip

    async def _audited(self, before: Flow | None, after: Flow, now: Moment, reason: str) -> Event:
        """Write the audit, and answer with the event that says the same."""
        previous, new = before.state_data if before else None, after.state_data
        await self.session.execute(
            insert(flow_state_audits).values(
                **rows.tenant_columns(after),
                flow_id=after.id, previous_state=previous, new_state=new,
                changed_by=now.by, changed_at=now.at, reason=reason,
            )
        )  # fmt: skip
        told = {"previous_state": previous, "new_state": new}
        return Event(EventType.STATE_UPDATED, after.id, now.by, now.at, told)


def _reason(command: Command, events: list[Event]) -> str:
    """What an audit says where nobody gave a reason: what happened, or what was kept."""
    if isinstance(command, Keep):
        return f"kept {', '.join(sorted(command.patch))}"
    return ", ".join(
        f"{event.type.value} {event.data['phase']}" if "phase" in event.data else event.type.value for event in events
    )
