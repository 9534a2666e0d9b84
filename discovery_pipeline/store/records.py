"""Records: everything that was written about a flow, and the rules by which it must be consistent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.flow import machine
from discovery_pipeline.flow.events import Event, EventType
from discovery_pipeline.flow.state import ORDER, Flow, FlowStatus, PhaseStatus
from discovery_pipeline.store import rows
from discovery_pipeline.store.schema.flows import discovery_flows, flow_phases, flow_state_audits

REPAIRED = "repaired: "
"""How the reason of an audit begins that closes a gap; the chain is held to from the last one on."""

PASSED = frozenset({PhaseStatus.COMPLETED, PhaseStatus.SKIPPED})


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that was written about one flow."""

    flow: Flow
    state_data: dict[str, Any]
    phases: Sequence[str]
    audits: Sequence[Any]  # rows
    events: Sequence[Event]

    @property
    def replayed(self) -> Flow | None:
        """The flow as its events make it; None if they don't start with its creation."""
        if not self.events or self.events[0].type is not EventType.FLOW_CREATED:
            return None
        try:
            replayed = machine.fold(self.events)
        except (KeyError, ValueError):
            return None
        return replace(replayed, metadata=self.flow.metadata)  # metadata is the caller's; no event tells of it

    def broken(self) -> list[str]:
        """Each rule that the record breaks, by name and with what breaks it."""
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
        replayed = self.replayed
        if replayed is None:
            return ["events_match: the events don't begin with the flow's creation"]
        flow = self.flow
        differing = [p.value for p in ORDER if replayed.phases[p] != flow.phases[p]]
        found = [f"events_match_phases: {', '.join(differing)}"] if differing else []
        if replace(replayed, phases=flow.phases) != flow:
            found.append("events_match_row: the events tell of another state")
        return found


async def read(session: AsyncConnection, flows: Sequence[Flow]) -> list[Record]:
    """The record of each of these flows, in their order. The session sees one moment, or holds their locks."""
    ids = [flow.id for flow in flows]
    states = select(discovery_flows.c.id, discovery_flows.c.state_data).where(discovery_flows.c.id.in_(ids))
    state = {row.id: row.state_data for row in await session.execute(states)}
    phases: dict[UUID, list[str]] = {flow_id: [] for flow_id in ids}
    names = select(flow_phases.c.discovery_flow_id, flow_phases.c.name)
    for row in await session.execute(names.where(flow_phases.c.discovery_flow_id.in_(ids))):
        phases[row.discovery_flow_id].append(row.name)
    audits: dict[UUID, list[Row[Any]]] = {flow_id: [] for flow_id in ids}
    audited = select(flow_state_audits).where(flow_state_audits.c.flow_id.in_(ids))
    for row in await session.execute(audited.order_by(flow_state_audits.c.id)):
        audits[row.flow_id].append(row)
    stories = await rows.stories(session, ids)
    return [Record(flow, state[flow.id], phases[flow.id], audits[flow.id], stories[flow.id]) for flow in flows]


def archived(kept: Row[Any]) -> Record:
    """What the history holds of a flow, whose last event and audit say that it was archived."""
    flow, events = rows.archived(kept)
    return Record(
        flow=flow,
        state_data={**kept.flow["state_data"], "status": FlowStatus.ARCHIVED.value},
        phases=[phase["name"] for phase in kept.phases],
        audits=[SimpleNamespace(**{"id": "of the archive", **audit}) for audit in kept.audits],
        events=events,
    )
