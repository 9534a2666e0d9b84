"""Mappings: what is suggested to map, and what somebody submits to be delivered."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Any

from discovery_pipeline.engine import mapping as engine
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping.model import Suggestions
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.flow.contracts import contract
from discovery_pipeline.flow.state import Flow, Phase, PhaseStatus
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import idempotency, requests, rows
from discovery_pipeline.store.events.bell import Bell
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.idempotency import Once
from discovery_pipeline.store.postgres.operation import flow_transaction
from discovery_pipeline.store.reviews import mappings
from discovery_pipeline.store.state import FlowStateManager
from discovery_pipeline.web.faults import InvalidRequest, NotWaiting, NotYet
from discovery_pipeline.web.services import moving, seconding
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.flows import checked
from discovery_pipeline.web.services.masking import MaskingService
from discovery_pipeline.web.services.schemas import Offer, Preview, preview
from discovery_pipeline.web.services.submissions import Checked, FieldMappingItem, Submission, check
from discovery_pipeline.web.services.trials import Trial, tried
from discovery_pipeline.web.services.values import Values

PATIENCE_SECONDS = 30.0
"""How long a preview waits for suggestions that are being made."""
LOOK_SECONDS = 5.0
"""How often it looks although nothing rang."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What came of a submission."""

    flow: Flow
    mapped: int
    unmapped: tuple[str, ...]
    warnings: tuple[str, ...]
    proposed: bool = False  # it waits for a second person; nothing is approved yet


@dataclass(frozen=True, slots=True)
class Rules:
    """By which mappings are approved."""

    threshold: float  # confidence from which what was left out is taken, 0..1
    two_people: bool = False  # whether one proposes and another approves
    engagements: frozenset[int] = frozenset()  # in which that is so where it isn't in all

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """As the settings say."""
        named = frozenset(int(number) for number in settings.two_people_engagements.split(",") if number.strip())
        return cls(settings.auto_approval, settings.two_people, named)

    def takes_two(self, tenant: Tenant) -> bool:
        """Whether mappings of that engagement take two people."""
        return self.two_people or tenant.engagement_id in self.engagements


class MappingService:
    """Suggestions to look at, and the one way to approve a mapping."""

    def __init__(self, flows: Flows, values: Values, bell: Bell, masking: MaskingService, rules: Rules) -> None:
        self._flows, self._values, self._bell, self._masking = flows, values, bell, masking
        self._rules = rules

    def takes_two(self, who: Caller) -> bool:
        """Whether one person proposes a mapping and another one approves it."""
        return self._rules.takes_two(who.tenant)

    async def preview(self, who: Caller, ref: str) -> Preview | None:
        """What is suggested; None where it is still being made when patience, or the service, ends.

        Raises
        ------
        NotWaiting
            Nothing is being made: there are no files, or reading them failed.
        """
        flow = await self._flows.get(who.tenant, checked(ref))
        until = time.monotonic() + PATIENCE_SECONDS
        with self._bell.heard(flow.id) as rung:
            while True:
                rung.clear()
                if (ready := await self._ready(who, flow)) is not None:
                    return await self._masking.shown(who, ready, preview(ready, await self._offers(ready)))
                left = until - time.monotonic()
                if left <= 0 or self._bell.over:
                    return None
                try:
                    await asyncio.wait_for(rung.wait(), min(left, LOOK_SECONDS))
                except TimeoutError:
                    continue

    @flow_transaction("submit mapping")
    async def submit(
        self, who: Caller, ref: str, wanted: Submission, version: int | None = None, once: Once | None = None
    ) -> Submitted:
        """Approve a mapping; the run that delivers it is asked for in the same transaction.

        What was submitted already is taken again from the one who did. Otherwise a review that is over is opened again
        only for who says which version they saw.

        Raises
        ------
        InvalidRequest
            Lists every error of every line.
        StaleVersionError
            The flow isn't at `version`, or somebody submitted meanwhile; the details say what changed.
        NotWaiting
            There is nothing to be reviewed yet.
        """
        who.must_be("reviewer")
        async with self._flows.changing(who.tenant) as states:
            if once and (first := await idempotency.earlier(states.session, who.tenant, once)):
                flow = await rows.find(states.session, first["flow_id"])
                lists = tuple(first["unmapped"]), tuple(first["warnings"])
                return Submitted(flow, first["mapped"], *lists, proposed=first.get("proposed", False))
            flow = await rows.find(states.session, checked(ref), lock=True)
            done = await self._submitted(states, flow, who, wanted, version)
            if once:
                said = {"mapped": done.mapped, "unmapped": done.unmapped, "warnings": done.warnings}
                said |= {"proposed": done.proposed}
                answer = {"flow_id": str(done.flow.id), **said}
                await idempotency.answered(states.session, who.tenant, once, answer)
        return done

    async def trial(self, who: Caller, ref: str, wanted: Trial) -> engine.Preview:
        """What a transformation makes of some of the table's rows, and what gets lost.

        Raises
        ------
        InvalidRequest
            There is no such column.
        """
        who.must_be("reviewer")
        flow = await self._flows.get(who.tenant, checked(ref))
        intake = await self._values.of(flow, "source_tables", Intake)
        if intake is None:
            raise NotYet("The files aren't read yet.")
        return await asyncio.to_thread(tried, wanted, intake.tables)

    async def check(self, flow: Flow, wanted: Submission) -> Checked:
        """The mappings that a submission is, one for each target.

        Raises
        ------
        InvalidRequest
            Lists every error of every line.
        """
        found = await asyncio.to_thread(check, wanted, await self._offers(flow), self._rules.threshold)
        if found.errors:
            detail = f"The mapping can't be followed: {' '.join(found.errors)}"
            if found.ready:
                detail += f" {', '.join(found.ready)} would lack nothing: `ready_only` delivers to what doesn't."
            members = {"ready_targets": found.ready} if len(flow.targets) > 1 else {}
            raise InvalidRequest(detail, errors=found.errors, members=members)
        return found

    async def _submitted(
        self, states: FlowStateManager, flow: Flow, who: Caller, wanted: Submission, version: int | None
    ) -> Submitted:
        again = await moving.refuse(states, flow, who, version)
        found = await self.check(flow, wanted)
        held = flow.data.get(mappings.DEMANDS, []) if found.demands is None else found.demands
        what = mappings.fingerprint(found.mappings, held)
        if again and not mappings.submitted(flow, what):
            raise await moving.on(states, flow)
        if self.takes_two(who) and not mappings.submitted(flow, what):
            there = await seconding.waiting(states, flow)
            if there is None or there.fingerprint != what or there.by == who.login:
                told = _outcome(flow, found)
                await seconding.propose(states, flow, wanted, what, told.mapped)
                return replace(told, proposed=True)
        return await self._approved(states, flow, found)

    async def _approved(self, states: FlowStateManager, flow: Flow, found: Checked) -> Submitted:
        """Approve it, and ask for the run that delivers it."""
        proposed = await seconding.waiting(states, flow)
        if proposed is not None:
            await seconding.withdraw(states, flow, f"{seconding.APPROVED}{states.tenant.by}")
        after = await mappings.submit(states, flow, found.mappings, demands=found.demands)
        if after.version != flow.version:
            await requests.request(states, after, "deliver", "mapping submitted")
        return _outcome(after, found)

    @flow_transaction("approve mapping")
    async def approve(self, who: Caller, ref: str) -> Submitted:
        """Approve what somebody else proposed; the run that delivers it is asked for in the same transaction.

        Raises
        ------
        SecondPersonNeeded
            The caller proposed it.
        NotWaiting
            Nothing is proposed, or what it maps was read anew since.
        """
        who.must_be("reviewer")
        async with self._flows.changing(who.tenant) as states:
            flow = await rows.find(states.session, checked(ref), lock=True)
            proposal = await seconding.waiting(states, flow)
            if proposal is None:
                raise NotWaiting(f"Flow {flow.slug} has no mapping that waits for a second person.")
            seconding.refuse_own(proposal, who.login)
            found = await self.check(flow, proposal.submission)
            held = flow.data.get(mappings.DEMANDS, []) if found.demands is None else found.demands
            if mappings.fingerprint(found.mappings, held) != proposal.fingerprint:
                raise NotWaiting("What was proposed would map otherwise now: it was read anew since. Propose it again.")
            return await self._approved(states, flow, found)

    @flow_transaction("decline mapping")
    async def decline(self, who: Caller, ref: str, reason: str) -> Flow:
        """Send back what was proposed; whoever proposed it may do so, too."""
        who.must_be("reviewer")
        async with self._flows.changing(who.tenant) as states:
            flow = await rows.find(states.session, checked(ref), lock=True)
            await seconding.withdraw(states, flow, reason)
            return flow

    async def proposed(self, who: Caller, flow: Flow) -> seconding.Proposal | None:
        """What waits for a second person."""
        return seconding.held(await self._flows.decisions(who.tenant, flow, seconding.PROPOSAL))

    @flow_transaction("read flow")
    async def _ready(self, who: Caller, flow: Flow) -> Flow | None:
        """The flow where its suggestions are there; None where they are being made."""
        async with self._flows.sessions.transaction(who.tenant) as session:
            now = await rows.find(session, flow.id)
            run = await requests.newest(session, now)
        if now.current_phase.place >= Phase.FIELD_MAPPING.place:
            return now
        reading = now.phases[Phase.DATA_IMPORT]
        if reading.status is PhaseStatus.RUNNING or _begins(now, run):
            return None
        if reading.status is PhaseStatus.FAILED:
            raise NotWaiting(f"Nothing is suggested: {reading.result.get('error') or 'reading the files failed.'}")
        raise NotWaiting("Nothing is suggested, because there are no files. Upload one first.")

    async def _offers(self, flow: Flow) -> tuple[Offer, ...]:
        """What is known of the flow's columns, and suggested for each of its targets."""
        offered = await self._values.all_of(flow, "mapping_suggestions", Suggestions)
        intake = await self._values.of(flow, "source_tables", Intake)
        profile = await self._values.of(flow, "column_profile", Profile)
        if not offered or intake is None or profile is None:
            raise NotYet("The suggestions aren't there any more. Run the flow again.")
        return tuple(Offer(contract(flow, each.target), each, intake.tables, profile) for each in offered)


def _begins(flow: Flow, run: Any) -> bool:
    """Whether a run was asked for that has yet to begin: what failed before it says nothing of it."""
    if run is None or run.job != "discover" or run.status == requests.FAILED:
        return False
    waits = flow.phases[Phase.DATA_IMPORT].status is PhaseStatus.PENDING
    return waits or run.status == requests.REQUESTED or run.claimed_at > flow.updated_at


def _outcome(flow: Flow, found: Checked) -> Submitted:
    mapped = sum(len(mapping.fields) for mapping in found.mappings)
    return Submitted(flow, mapped, found.unmapped, found.warnings)


__all__ = ["FieldMappingItem", "MappingService", "Submission", "Submitted"]
