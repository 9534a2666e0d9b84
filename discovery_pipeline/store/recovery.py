"""Recovery: a flow's state rebuilt from what was written about it, checked, and mended.

Row, phases, audits and events tell one story. Where they don't, events decide: they say what happened, and nobody
can change them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.errors import FlowNotFoundError, StateInconsistentError
from discovery_pipeline.flow import machine
from discovery_pipeline.flow.commands import FailPhase, StartPhase
from discovery_pipeline.flow.events import Event, EventType
from discovery_pipeline.flow.state import ORDER, Flow, FlowStatus, Phase, PhaseState, PhaseStatus
from discovery_pipeline.flow.tenant import ORCHESTRATOR
from discovery_pipeline.store import locks, rows
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.operation import flow_transaction
from discovery_pipeline.store.rows import FlowRef
from discovery_pipeline.store.schema import discovery_flows, flow_phases, flow_state_audits

REPAIRED = "repaired: "
"""How the reason of an audit begins that closes a gap; the chain is held to from the last one on."""

PASSED = frozenset({PhaseStatus.COMPLETED, PhaseStatus.SKIPPED})


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that was written about one flow."""

    flow: Flow
    state_data: dict[str, Any]
    phases: Sequence[str]
    audits: Sequence[Any]  # rows
    events: Sequence[Event]

    @property
    def told(self) -> Flow | None:
        """The flow as its events tell of it; None where they don't begin at the beginning."""
        if not self.events or self.events[0].type is not EventType.FLOW_CREATED:
            return None
        try:
            told = machine.fold(self.events)
        except (KeyError, ValueError):
            return None
        return replace(told, metadata=self.flow.metadata)  # metadata is the caller's; no event tells of it

    def broken(self) -> list[str]:
        """Each rule that the account breaks, by name and with what breaks it."""
        return [*self._broken_phases(), *self._broken_audits(), *self._broken_events()]

    def _broken_phases(self) -> list[str]:
        flow, found = self.flow, []
        if missing := [phase.value for phase in ORDER if phase.value not in self.phases]:
            found.append(f"phases_exist: {', '.join(missing)} missing")
        passed = [phase for phase in ORDER if phase.place < flow.current_phase.place]
        if undone := [phase.value for phase in passed if flow.phases[phase].status not in PASSED]:
            found.append(f"phases_in_order: {', '.join(undone)} not completed before {flow.current_phase.value}")
        if early := [p.value for p in flow.current_phase.later if flow.phases[p].status is not PhaseStatus.PENDING]:
            found.append(f"phases_in_order: {', '.join(early)} begun before {flow.current_phase.value} was done")
        if self.state_data != flow.state_data:
            found.append("state_data_matches_row: status, current_phase or phases differ")
        return found

    def _broken_audits(self) -> list[str]:
        if not self.audits:
            return ["audit_chain: there is no audit"]
        marks = [i for i, audit in enumerate(self.audits) if audit.reason.startswith(REPAIRED)]
        kept = self.audits[marks[-1] :] if marks else self.audits
        found = []
        if not marks and kept[0].previous_state is not None:
            found.append("audit_chain: the first audit isn't of the flow's creation")
        for earlier, later in pairwise(kept):
            if later.previous_state != earlier.new_state:
                found.append(f"audit_chain: audit {later.id} doesn't begin where audit {earlier.id} ended")
        if kept[-1].new_state != self.flow.state_data:
            found.append("audit_chain: the row isn't where the last audit ended")
        return found

    def _broken_events(self) -> list[str]:
        told = self.told
        if told is None:
            return ["events_match: the events don't begin with the flow's creation"]
        flow = self.flow
        differing = [p.value for p in ORDER if told.phases[p] != flow.phases[p]]
        found = [f"events_match_phases: {', '.join(differing)}"] if differing else []
        if replace(told, phases=flow.phases) != flow:
            found.append("events_match_row: the events tell of another state")
        return found


class StateRecovery:
    """Rebuilds, checks and mends the state of flows."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows

    @flow_transaction("recover flow")
    async def recover(self, flow_id: FlowRef) -> dict[str, Any]:
        """The whole state of a flow, rebuilt and found in order.

        Raises
        ------
        StateInconsistentError
            Names each broken rule; `details["broken"]` is the list of them.
        """
        account = await self._account(flow_id)
        if broken := account.broken():
            raise StateInconsistentError(
                f"Flow {account.flow.slug} is inconsistent: {'; '.join(broken)}. "
                f"Run `discovery flows recover {account.flow.slug} --repair`.",
                account.flow.id,
                {"error_type": "inconsistent", "broken": broken},
            )
        return _told(account.told or account.flow)

    @flow_transaction("check flow")
    async def check(self, flow_id: FlowRef) -> list[str]:
        """Each rule that the flow breaks; none where all is well."""
        return (await self._account(flow_id)).broken()

    @flow_transaction("repair flow")
    async def repair(self, flow_id: FlowRef) -> list[str]:
        """Put row and phases back to what the events tell, and close the audit's chain. What stays broken is told."""
        tenant = await self._flows.tenant_of(flow_id, "recovery")
        async with self._flows.sessions.transaction(tenant) as session:
            account = await _read(session, await rows.find(session, flow_id, lock=True))
            broken, told = account.broken(), account.told
            if not broken or told is None:
                return broken
            await rows.change(session, account.flow, told)
            await rows.write_phases(session, told, ORDER)
            if not account.audits or any(rule.startswith("audit_chain") for rule in broken):
                await _close_chain(session, account, told, broken)
            return (await _read(session, await rows.find(session, told.id))).broken()

    @flow_transaction("sweep dead runs")
    async def sweep(self) -> list[Flow]:
        """Fail every phase that runs without a run: its lock went with the process that held it."""
        async with self._flows.sessions.orchestrating() as session:
            running = select(flow_phases.c.discovery_flow_id).where(flow_phases.c.status == PhaseStatus.RUNNING.value)
            found = await rows.find_all(session, select(discovery_flows).where(discovery_flows.c.id.in_(running)))
        died = "The run died. Start it again."
        return [failed for flow in found if (failed := await self.fail_if_dead(flow, died))]

    @flow_transaction("fail dead phase")
    async def fail_if_dead(self, flow: Flow, error: str, begins: Phase | None = None) -> Flow | None:
        """Fail the flow's running phase unless a run works on it; None where one does, or no phase runs.

        `begins` is the phase of a run that ended before it began it: where the flow stands there and nothing happened
        in it, it is failed, too.
        """
        tenant = flow.tenant.acting(ORCHESTRATOR)
        async with self._flows.changing(tenant) as states:
            free = select(func.pg_try_advisory_xact_lock(locks.key(flow.id)))
            if not await states.session.scalar(free):
                return None
            now = await rows.find(states.session, flow.id, lock=True)
            if begins and begins is now.current_phase and now.phases[begins].status is PhaseStatus.PENDING:
                now = await states.update_state(flow.id, StartPhase(begins), reason="its run ended before it began")
            if now.phases[now.current_phase].status is not PhaseStatus.RUNNING:
                return None
            died = {"error": error, "retryable": True}
            return await states.update_state(flow.id, FailPhase(now.current_phase, died), reason="its run died")

    async def _account(self, flow_id: FlowRef) -> Account:
        try:
            tenant = await self._flows.tenant_of(flow_id, "recovery")
            async with self._flows.sessions.moment(tenant) as session:
                return await _read(session, await rows.find(session, flow_id))
        except FlowNotFoundError as missing:
            async with self._flows.sessions.orchestrating() as session:
                kept = await rows.find_archived(session, flow_id)
            if kept is None:
                raise missing
            return _archived(kept)


async def _read(session: AsyncConnection, flow: Flow) -> Account:
    state = select(discovery_flows.c.state_data).where(discovery_flows.c.id == flow.id)
    names = select(flow_phases.c.name).where(flow_phases.c.discovery_flow_id == flow.id)
    audits = select(flow_state_audits).where(flow_state_audits.c.flow_id == flow.id).order_by(flow_state_audits.c.id)
    return Account(
        flow=flow,
        state_data=(await session.execute(state)).scalar_one(),
        phases=list((await session.execute(names)).scalars()),
        audits=(await session.execute(audits)).all(),
        events=await rows.story(session, flow.id),
    )


def _archived(kept: Row[Any]) -> Account:
    """What the history holds of a flow, whose last event and audit say that it was archived."""
    flow, events = rows.archived(kept)
    state = {**kept.flow["state_data"], "status": FlowStatus.ARCHIVED.value}
    return Account(
        flow=flow,
        state_data=state,
        phases=[phase["name"] for phase in kept.phases],
        audits=[SimpleNamespace(**{"id": "of the archive", **audit}) for audit in kept.audits],
        events=events,
    )


async def _close_chain(session: AsyncConnection, account: Account, told: Flow, broken: list[str]) -> None:
    last = account.audits[-1].new_state if account.audits else None
    await session.execute(
        insert(flow_state_audits).values(
            **rows.tenant_columns(told),
            flow_id=told.id,
            previous_state=last,
            new_state=told.state_data,
            changed_by="recovery",
            reason=REPAIRED + "; ".join(broken),
        )
    )


def _told(flow: Flow) -> dict[str, Any]:
    return {
        "flow_id": str(flow.id),
        "current_phase": flow.current_phase.value,
        "phases": {phase.value: _phase(flow.phases[phase]) for phase in ORDER},
        "metadata": dict(flow.metadata),
        "created_at": flow.created_at.isoformat(),
        "updated_at": flow.updated_at.isoformat(),
    }


def _phase(state: PhaseState) -> dict[str, Any]:
    return {
        "status": state.status.value,
        "started_at": _time(state.started_at),
        "completed_at": _time(state.completed_at),
        "result_data": dict(state.result),
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
