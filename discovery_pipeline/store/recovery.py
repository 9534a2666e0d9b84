"""Recovery: a flow's state rebuilt from what was written about it, checked, and mended.

Row, phases, audits and events tell one story. Where they don't, events decide: they say what happened, and nobody
can change them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.errors import FlowNotFoundError, StateInconsistentError
from discovery_pipeline.flow.commands import FailPhase, StartPhase
from discovery_pipeline.flow.state import ENDED, ORDER, Flow, Phase, PhaseState, PhaseStatus
from discovery_pipeline.flow.tenant import ORCHESTRATOR
from discovery_pipeline.store import listing, records, rows
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.listing import Listed, Place
from discovery_pipeline.store.postgres import locks
from discovery_pipeline.store.postgres.operation import flow_transaction
from discovery_pipeline.store.records import REPAIRED, Record
from discovery_pipeline.store.rows import FlowRef
from discovery_pipeline.store.schema.flows import discovery_flows, flow_phases, flow_state_audits

PAGE = 500
"""Flows that are checked in one transaction: a millisecond each, where one by one they take six."""


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
        record = await self._record(flow_id)
        if broken := record.broken():
            raise StateInconsistentError(
                f"Flow {record.flow.slug} is inconsistent: {'; '.join(broken)}. "
                f"Run `discovery flows recover {record.flow.slug} --repair`.",
                record.flow.id,
                {"error_type": "inconsistent", "broken": broken},
            )
        return _as_json(record.replayed or record.flow)

    @flow_transaction("check flow", reads=True)
    async def check(self, flow_id: FlowRef) -> list[str]:
        """Each rule that the flow breaks; none where all is well."""
        return (await self._record(flow_id)).broken()

    @flow_transaction("check flows", reads=True)
    async def check_page(self, before: Place | None = None, limit: int = PAGE) -> list[tuple[Flow, list[str]]]:
        """The next flows of every tenant, newest first, each with the rules that it breaks, as `check` tells them.

        `before` is the place of the last flow of the page before.
        """
        async with self._flows.sessions.moment(None) as session:
            flows = await listing.of_all(session, Listed(before=before, limit=limit))
            return [(record.flow, record.broken()) for record in await records.read(session, flows)]

    @flow_transaction("repair flow")
    async def repair(self, flow_id: FlowRef) -> list[str]:
        """Put row and phases back to what the events tell, and close the audit's chain. What stays broken is told."""
        tenant = await self._flows.tenant_of(flow_id, "recovery")
        async with self._flows.sessions.transaction(tenant) as session:
            (record,) = await records.read(session, [await rows.find(session, flow_id, lock=True)])
            broken, replayed = record.broken(), record.replayed
            if not broken or replayed is None:
                return broken
            await rows.change(session, record.flow, replayed)
            await rows.write_phases(session, replayed, ORDER)
            if not record.audits or any(rule.startswith("audit_chain") for rule in broken):
                await _close_chain(session, record, replayed, broken)
            (mended,) = await records.read(session, [await rows.find(session, replayed.id)])
            return mended.broken()

    @flow_transaction("sweep dead runs")
    async def sweep(self, why: Callable[[Flow], str | None] = lambda _: None) -> list[Flow]:
        """Fail every phase that runs without a run: its lock went with the process that held it.

        `why` is what is known of how a flow's run ended.
        """
        async with self._flows.sessions.orchestrating() as session:
            running = select(flow_phases.c.discovery_flow_id).where(flow_phases.c.status == PhaseStatus.RUNNING.value)
            found = await rows.find_all(session, select(discovery_flows).where(discovery_flows.c.id.in_(running)))
        died = "No run works on it any more. Start it again."
        return [failed for flow in found if (failed := await self.fail_if_dead(flow, why(flow) or died))]

    @flow_transaction("fail dead phase")
    async def fail_if_dead(self, flow: Flow, error: str, begins: Phase | None = None) -> Flow | None:
        """Fail the running phase unless a run works on it; None where one does, no phase runs, or the flow ended.

        `begins` is the phase of a run that ended before it began it: where the flow stands there and nothing happened
        in it, it is failed, too.
        """
        tenant = flow.tenant.acting(ORCHESTRATOR)
        async with self._flows.changing(tenant) as states:
            free = select(func.pg_try_advisory_xact_lock(locks.key(flow.id)))
            if not await states.session.scalar(free):
                return None
            now = await rows.find(states.session, flow.id, lock=True)
            if now.status in ENDED:  # cancelled while its run worked
                return None
            if begins and begins is now.current_phase and now.phases[begins].status is PhaseStatus.PENDING:
                now = await states.update_state(flow.id, StartPhase(begins), reason="its run ended before it began")
            if now.phases[now.current_phase].status is not PhaseStatus.RUNNING:
                return None
            died = {"error": error, "retryable": True}
            return await states.update_state(flow.id, FailPhase(now.current_phase, died), reason="no run works on it")

    async def _record(self, flow_id: FlowRef) -> Record:
        try:
            tenant = await self._flows.tenant_of(flow_id, "recovery")
            async with self._flows.sessions.moment(tenant) as session:
                (record,) = await records.read(session, [await rows.find(session, flow_id)])
                return record
        except FlowNotFoundError as missing:
            async with self._flows.sessions.orchestrating() as session:
                kept = await rows.find_archived(session, flow_id)
            if kept is None:
                raise missing
            return records.archived(kept)


async def _close_chain(session: AsyncConnection, record: Record, replayed: Flow, broken: list[str]) -> None:
    last = record.audits[-1].new_state if record.audits else None
    await session.execute(
        insert(flow_state_audits).values(
            **rows.tenant_columns(replayed),
            flow_id=replayed.id,
            previous_state=last,
            new_state=replayed.state_data,
            changed_by="recovery",
            reason=REPAIRED + "; ".join(broken),
        )
    )


def _as_json(flow: Flow) -> dict[str, Any]:
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
