"""Flows: begun, listed, looked at, retried, cancelled, archived, and followed as they go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field

from discovery_pipeline.errors import FlowNotFoundError
from discovery_pipeline.flow import contracts
from discovery_pipeline.flow.commands import CancelFlow, RetryPhase
from discovery_pipeline.flow.events import Event, EventType
from discovery_pipeline.flow.state import ORDER, Flow, FlowStatus, Phase, PhaseStatus
from discovery_pipeline.store import audit, idempotency, requests, rows
from discovery_pipeline.store.events.bell import Bell
from discovery_pipeline.store.events.follow import Wanted, follow
from discovery_pipeline.store.events.outbox import Cursor, Posted
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.idempotency import Once
from discovery_pipeline.store.listing import Place
from discovery_pipeline.store.postgres.operation import flow_transaction
from discovery_pipeline.web.faults import InvalidRequest, NotWaiting
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.systems import SystemService

PAGE = 50
LONGEST_REF = 200
JOB_OF: dict[Phase, requests.Job] = {
    Phase.DATA_IMPORT: "discover",
    Phase.CLEANSING: "deliver",
    Phase.VALIDATION: "deliver",
}
"""Which job works on a phase."""


class Begun(BaseModel):
    """A new flow."""

    flow_id: str = Field(examples=["9f3c01ab-5d1e-4c1f-9f55-0c6f0d4d5a11"])
    slug: str = Field(description="readable and unique; taken wherever a flow_id is", examples=["q3-estate-2026-11-22"])
    status: FlowStatus
    current_phase: Phase


class PhaseView(BaseModel):
    """One phase as it stands."""

    status: PhaseStatus
    started_at: datetime | None = None
    completed_at: datetime | None = None
    result: dict[str, Any] = Field(default={}, description="what came of it; of a failed one, `error` says why")


class RunView(BaseModel):
    """The newest run that was asked for."""

    job: str = Field(description="discover or deliver")
    status: str = Field(description="requested, launched or failed")
    requested_at: datetime
    run_id: str | None = Field(default=None, description="its run in Dagster")
    error: str | None = None


class FlowView(BaseModel):
    """A flow as it stands."""

    flow_id: str
    slug: str
    name: str
    source_system: str
    target_system: str
    status: FlowStatus
    current_phase: Phase
    phases: dict[str, PhaseView] = Field(description="by name, in order")
    progress: int = Field(ge=0, le=100, description="per cent of the phases that are done; a running one counts half")
    version: int = Field(description="for If-Match, and as `version`: it counts every change")
    error: str | None = Field(default=None, description="why the current phase failed")
    run: RunView | None = None
    created_by: str
    created_at: datetime
    updated_at: datetime


class ChangeView(BaseModel):
    """One change of a flow's state."""

    id: int
    at: datetime
    by: str
    reason: str
    previous_state: dict[str, Any] | None = Field(description="null for the flow's creation")
    new_state: dict[str, Any]


class AuditPage(BaseModel):
    """A page of a flow's audit, oldest first."""

    flow_id: str
    changes: list[ChangeView]
    next_after: int | None = Field(description="for the next page; null on the last one")


class FlowPage(BaseModel):
    """A page of flows, newest first."""

    flows: list[FlowView]
    next_cursor: str | None = Field(description="for the next page; null on the last one")


@dataclass(frozen=True, slots=True)
class Listing:
    """Which flows a caller wants to see."""

    status: FlowStatus | None = None
    search: str | None = None
    cursor: str | None = None
    limit: int = PAGE


STARTING = timedelta(minutes=2)
"""What a launched run may take to begin; after it, nobody waits for it any more."""


class FlowService:
    """What can be done with flows."""

    def __init__(self, flows: Flows, bell: Bell, systems: SystemService) -> None:
        self._flows, self._bell, self._systems = flows, bell, systems

    @flow_transaction("create flow")
    async def initialize(
        self, who: Caller, name: str, source_system: str, target_system: str, once: Once | None = None
    ) -> Begun:
        """A new flow that waits for files. Targets are named as people name them ("AWS"); several by commas.

        Raises
        ------
        TargetError
            There is no such target; says which there are.
        """
        who.must_be("reviewer")
        wanted = await self._systems.named(who, target_system)
        async with self._flows.changing(who.tenant) as states:
            if once and (earlier := await idempotency.earlier(states.session, who.tenant, once)):
                return Begun.model_validate(earlier)
            source = source_system.strip().lower() if source_system.isascii() else source_system.strip()
            names = ",".join(target.name for target in wanted)
            flow = await states.create_flow(name, source, names, contracts.kept(wanted))
            begun = Begun(flow_id=str(flow.id), slug=flow.slug, status=flow.status, current_phase=flow.current_phase)
            if once:
                await idempotency.answered(states.session, who.tenant, once, begun.model_dump(mode="json"))
        return begun

    async def get(self, who: Caller, ref: str) -> Flow:
        """The flow of that id or slug.

        Raises
        ------
        FlowNotFoundError
            There is none for this tenant, or the id is malformed.
        """
        return await self._flows.get(who.tenant, checked(ref))

    @flow_transaction("read flow")
    async def status(self, who: Caller, ref: str) -> FlowView:
        """The flow as it stands, with the newest run that was asked for."""
        async with self._flows.sessions.transaction(who.tenant) as session:
            flow = await rows.find(session, checked(ref))
            return view(flow, await requests.newest(session, flow))

    @flow_transaction("read flow")
    async def begins(self, who: Caller, flow: Flow) -> bool:
        """Whether a run that delivers was asked for and has yet to begin."""
        async with self._flows.sessions.transaction(who.tenant) as session:
            run = await requests.newest(session, flow)
        began = flow.phases[Phase.CLEANSING].started_at
        if run is None or run.job != "deliver" or flow.status is not FlowStatus.COMPLETED or began is None:
            return False
        launched = run.status == requests.LAUNCHED and began < run.claimed_at > datetime.now(UTC) - STARTING
        return run.status == requests.REQUESTED or launched

    async def list(self, who: Caller, wanted: Listing) -> FlowPage:
        """A page of the tenant's flows, newest first."""
        try:
            before = Place.parse(wanted.cursor) if wanted.cursor else None
        except ValueError as error:
            raise InvalidRequest(f"cursor: {error}.") from None
        found = await self._flows.list(
            who.tenant, status=wanted.status, search=wanted.search or None, before=before, limit=wanted.limit + 1
        )
        page = found[: wanted.limit]
        more = str(Place.of(page[-1])) if len(found) > wanted.limit else None
        return FlowPage(flows=[view(flow) for flow in page], next_cursor=more)

    @flow_transaction("read audit")
    async def audit(self, who: Caller, ref: str, after: int = 0, limit: int = PAGE) -> AuditPage:
        """Who changed what, when and why."""
        async with self._flows.sessions.transaction(who.tenant) as session:
            flow = await rows.find(session, checked(ref))
            found = await audit.changes(session, flow, after, limit + 1)
        changes = [ChangeView.model_validate(one, from_attributes=True) for one in found[:limit]]
        more = changes[-1].id if len(found) > limit else None
        return AuditPage(flow_id=str(flow.id), changes=changes, next_after=more)

    @flow_transaction("retry flow")
    async def retry(self, who: Caller, ref: str, version: int | None = None) -> FlowView:
        """Run the failed phase again.

        Raises
        ------
        NotWaiting
            The flow hasn't failed.
        StaleVersionError
            The flow isn't at `version` any more.
        """
        who.must_be("reviewer")
        async with self._flows.changing(who.tenant) as states:
            flow = await rows.find(states.session, checked(ref), lock=True)
            phase = flow.current_phase
            if flow.phases[phase].status is not PhaseStatus.FAILED:
                stands = f"{phase.value} is {flow.phases[phase].status.value}"
                raise NotWaiting(f"There is nothing to retry: the flow is {flow.status.value}, and {stands}.")
            after = await states.update_state(flow.id, RetryPhase(phase), expected_version=version, reason="retried")
            await requests.request(states, after, JOB_OF[phase], f"{phase.value} retried")
            return view(after, await requests.newest(states.session, after))

    async def cancel(self, who: Caller, ref: str, version: int | None = None, why: str = "") -> FlowView:
        """End the flow without a result. A run that works on it ends at its next step."""
        who.must_be("reviewer")
        flow = await self._flows.update(
            who.tenant, checked(ref), CancelFlow(why), expected_version=version, reason=why or "cancelled"
        )
        return view(flow)

    async def archive(self, who: Caller, ref: str, version: int | None = None, why: str = "") -> FlowView:
        """Move a flow that is delivered, failed or cancelled into the history, for good.

        Raises
        ------
        InvalidTransitionError
            The flow goes on, or a run works on it.
        StaleVersionError
            The flow isn't at `version` any more.
        """
        flow = await self.get(who, ref)
        who.must_be("admin")
        return view(await self._flows.archive(who.tenant, flow, why or "archived", expected_version=version))

    @flow_transaction("read events", reads=True)
    async def cancelled(self, who: Caller, flow: Flow) -> Event | None:
        """The event that cancelled the flow: by whom, when and why; None where nothing did."""
        async with self._flows.sessions.transaction(who.tenant) as session:
            story = await rows.story(session, flow.id)
        return next((event for event in reversed(story) if event.type is EventType.FLOW_CANCELLED), None)

    def follow(self, who: Caller, flow: Flow, after: Cursor | None = None) -> AsyncIterator[Posted]:
        """Every event of the flow after the cursor, and each new one as it comes, without end."""
        return follow(self._flows.sessions, self._bell, Wanted(who.tenant, flow.id), after)


def view(flow: Flow, run: Any = None) -> FlowView:
    """The flow as callers see it."""
    phases = {
        phase.value: PhaseView(
            status=state.status, started_at=state.started_at, completed_at=state.completed_at, result=dict(state.result)
        )
        for phase, state in ((phase, flow.phases[phase]) for phase in ORDER)
    }
    now = flow.phases[flow.current_phase]
    return FlowView(
        flow_id=str(flow.id),
        slug=flow.slug,
        name=flow.name,
        source_system=flow.source_system,
        target_system=flow.target_system,
        status=flow.status,
        current_phase=flow.current_phase,
        phases=phases,
        progress=progress(flow),
        version=flow.version,
        error=str(now.result.get("error", "")) or None if now.status is PhaseStatus.FAILED else None,
        run=RunView.model_validate(run, from_attributes=True) if run is not None else None,
        created_by=flow.created_by,
        created_at=flow.created_at,
        updated_at=flow.updated_at,
    )


def progress(flow: Flow) -> int:
    """Per cent of the phases that are done; one at work counts half."""
    done = sum(state.status in {PhaseStatus.COMPLETED, PhaseStatus.SKIPPED} for state in flow.phases.values())
    half = any(state.status is PhaseStatus.RUNNING for state in flow.phases.values())
    return round(100 * (done + half / 2) / len(ORDER))


def checked(ref: str) -> str:
    """An id or slug that the database can be asked for.

    Raises
    ------
    FlowNotFoundError
        It can't be one.
    """
    if not ref or len(ref) > LONGEST_REF or not ref.isprintable():
        raise FlowNotFoundError(f"There is no flow {ref[:LONGEST_REF]!r}.", None, {"error_type": "missing"})
    return ref
