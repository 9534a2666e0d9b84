"""The machine: what a command makes happen to a flow, and what a flow is after it happened.

`decide` refuses or answers with events, `evolve` takes one event into the state. Neither has a clock, an id or a store
of its own. This is the only place that asks in which phase a flow is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from typing import Any

from discovery_pipeline.errors import InvalidTransitionError
from discovery_pipeline.flow.commands import (
    AcceptImport,
    CancelFlow,
    Command,
    CompletePhase,
    CreateFlow,
    FailPhase,
    Keep,
    OfferMappings,
    PassOn,
    ReadAgain,
    RejectMappings,
    RetryPhase,
    StartPhase,
    SubmitMappings,
    Tell,
)
from discovery_pipeline.flow.events import FACTS, Event, EventType
from discovery_pipeline.flow.moment import Moment
from discovery_pipeline.flow.state import (
    ENDED,
    LAST_REPLACED,
    ORDER,
    RESERVED,
    Flow,
    FlowStatus,
    Phase,
    PhaseState,
    PhaseStatus,
)
from discovery_pipeline.flow.tenant import ClientAccountId, EngagementId, FlowId, Tenant

WORK = frozenset({Phase.DATA_IMPORT, Phase.CLEANSING, Phase.VALIDATION})
"""Phases that a run works on. The others are begun and ended by what people do."""


def create(command: CreateFlow, flow_id: FlowId, tenant: Tenant, now: Moment) -> tuple[Event, ...]:
    """The events of a new flow: it is there, and ready for data."""
    made = {
        "name": command.name,
        "slug": command.slug,
        "source_system": command.source_system,
        "target_system": command.target_system,
        "client_account_id": tenant.client_account_id,
        "engagement_id": tenant.engagement_id,
    }
    return (
        Event(EventType.FLOW_CREATED, flow_id, now.by, now.at, made),
        Event(EventType.PHASE_COMPLETED, flow_id, now.by, now.at, {"phase": Phase.INITIALIZATION.value, "result": {}}),
    )


def decide(command: Command, flow: Flow, now: Moment) -> tuple[Event, ...]:
    """What the command makes happen; nothing, where it has happened already.

    Raises
    ------
    InvalidTransitionError
        The flow is where this can't be done. The message says where it is, and what can be.
    """
    return tuple(Event(type_, flow.id, now.by, now.at, data) for type_, data in happens(command, flow))


Happening = tuple[EventType, dict[str, Any]]


def happens(command: Command, flow: Flow) -> list[Happening]:  # noqa: PLR0911, PLR0912 - one answer for each command
    """What the command would make happen, whoever gives it and whenever. Raises as `decide` does."""
    if flow.status in ENDED:
        raise _refused(flow, f"it is {flow.status.value}. Create a new flow.")
    match command:
        case AcceptImport():
            accepted = {"import_id": command.import_id, "rows": command.rows, "replaces": command.replaces}
            return [*_back_to(Phase.DATA_IMPORT, flow), (EventType.IMPORT_ACCEPTED, accepted)]
        case ReadAgain():
            return _back_to(Phase.DATA_IMPORT, flow)
        case PassOn():
            _must_run(Phase.DATA_IMPORT, flow)
            return [(EventType.PHASE_REOPENED, {"phase": Phase.DATA_IMPORT.value})]
        case StartPhase(phase=phase):
            return _start(phase, flow)
        case CompletePhase(phase=phase, result=result):
            return _complete(phase, dict(result), flow)
        case FailPhase(phase=phase, result=result):
            _must_run(phase, flow)
            failure = {"phase": phase.value, "result": dict(result)}
            return [(EventType.PHASE_FAILED, failure), (EventType.FLOW_FAILED, {"phase": phase.value})]
        case RetryPhase(phase=phase):
            if flow.phases[phase].status is not PhaseStatus.FAILED:
                raise _refused(flow, f"{phase.value} is {flow.phases[phase].status.value}, it hasn't failed.")
            return [(EventType.PHASE_REOPENED, {"phase": phase.value})]
        case OfferMappings():
            offered = {"target": command.target, "fields": command.fields, "unmapped": command.unmapped}
            return [(EventType.MAPPING_SUGGESTED, offered)]
        case SubmitMappings():
            return _submit(command, flow)
        case RejectMappings(why=why):
            _must_wait(flow)
            return [(EventType.MAPPING_REJECTED, {"why": why})]
        case Tell(type=type_, data=data):
            if type_ not in FACTS:
                raise _refused(flow, f"{type_.value} changes the state; it follows from a command, it isn't told.")
            return [(type_, dict(data))]
        case Keep(patch=patch):
            if reserved := RESERVED & patch.keys():
                raise _refused(flow, f"{', '.join(sorted(reserved))} can't be set; start, complete or fail a phase.")
            return []
        case CancelFlow(why=why):
            if flow.status is FlowStatus.COMPLETED:
                raise _refused(flow, "it is completed; there is nothing left to cancel.")
            return [(EventType.FLOW_CANCELLED, {"why": why})]


def _start(phase: Phase, flow: Flow) -> list[Happening]:
    if phase not in WORK:
        raise _refused(flow, f"{phase.value} isn't started by a run.")
    if flow.phases[phase].status is PhaseStatus.RUNNING:
        return []
    return [*_back_to(phase, flow), (EventType.PHASE_STARTED, {"phase": phase.value})]


def _back_to(phase: Phase, flow: Flow) -> list[Happening]:
    """What re-opens a phase that was passed; nothing, where the flow stands there. Refused where it isn't so far."""
    if phase.place > flow.current_phase.place:
        raise _refused(flow, f"{phase.value} comes after {flow.current_phase.value}, which isn't done.")
    passed = phase is not flow.current_phase or flow.phases[phase].status is PhaseStatus.COMPLETED
    return [(EventType.PHASE_REOPENED, {"phase": phase.value})] if passed else []


def _complete(phase: Phase, result: dict[str, Any], flow: Flow) -> list[Happening]:
    if phase is Phase.FIELD_MAPPING:
        raise _refused(flow, "field_mapping is completed by submitting a mapping.")
    _must_run(phase, flow)
    return [(EventType.PHASE_COMPLETED, {"phase": phase.value, "result": result})]


def _submit(command: SubmitMappings, flow: Flow) -> list[Happening]:
    review = flow.phases[Phase.FIELD_MAPPING]
    if review.status is PhaseStatus.COMPLETED:
        if review.result.get("fingerprint") == command.fingerprint:
            return []
        again = [(EventType.PHASE_REOPENED, {"phase": Phase.FIELD_MAPPING.value})]
    else:
        _must_wait(flow)
        again = []
    what = {"fields": dict(command.fields), "fingerprint": command.fingerprint}
    return [
        *again,
        (EventType.MAPPING_SUBMITTED, what),
        (EventType.MAPPING_APPROVED, what),
        (EventType.PHASE_COMPLETED, {"phase": Phase.FIELD_MAPPING.value, "result": what}),
    ]


def _must_run(phase: Phase, flow: Flow) -> None:
    if flow.phases[phase].status is not PhaseStatus.RUNNING:
        raise _refused(flow, f"{phase.value} is {flow.phases[phase].status.value}, not running.")


def _must_wait(flow: Flow) -> None:
    if flow.phases[Phase.FIELD_MAPPING].status is not PhaseStatus.WAITING_FOR_REVIEW:
        raise _refused(flow, "its mapping isn't waiting for a review.")


def _refused(flow: Flow, why: str) -> InvalidTransitionError:
    at = {"error_type": "transition", "status": flow.status.value, "current_phase": flow.current_phase.value}
    return InvalidTransitionError(
        f"Flow {flow.slug} ({flow.current_phase.value}, {flow.status.value}): {why}", flow.id, at
    )


def born(event: Event) -> Flow:
    """The flow that a flow.created makes."""
    made = event.data
    return Flow(
        id=event.flow_id,
        client_account_id=ClientAccountId(made["client_account_id"]),
        engagement_id=EngagementId(made["engagement_id"]),
        name=made["name"],
        slug=made["slug"],
        source_system=made["source_system"],
        target_system=made["target_system"],
        created_by=event.by,
        created_at=event.at,
        updated_at=event.at,
        status=FlowStatus.INITIALIZING,
        current_phase=Phase.INITIALIZATION,
        phases={phase: PhaseState(started_at=event.at if phase is ORDER[0] else None) for phase in ORDER},
    )


def evolve(flow: Flow, event: Event) -> Flow:
    """The flow after the event. Facts leave it as it is."""
    after = _evolved(flow, event)
    return after if after is flow else replace(after, updated_at=event.at)


def _evolved(flow: Flow, event: Event) -> Flow:  # noqa: PLR0911 - one answer for each event
    match event.type:
        case EventType.PHASE_STARTED:
            running = PhaseState(PhaseStatus.RUNNING, started_at=event.at)
            return _at(flow, Phase(event.data["phase"]), running, FlowStatus.ACTIVE)
        case EventType.PHASE_COMPLETED:
            return _passed(flow, event)
        case EventType.PHASE_FAILED:
            phase = Phase(event.data["phase"])
            failed = replace(flow.phases[phase], status=PhaseStatus.FAILED, result=event.data["result"])
            return _at(flow, phase, failed, FlowStatus.FAILED)
        case EventType.PHASE_REOPENED:
            return _reopened(flow, event)
        case EventType.FLOW_CANCELLED:
            return replace(flow, status=FlowStatus.CANCELLED)
        case EventType.FLOW_ARCHIVED:
            return replace(flow, status=FlowStatus.ARCHIVED)
        case EventType.STATE_UPDATED:
            kept = {key: value for key, value in event.data["new_state"].items() if key not in RESERVED}
            changed = 1 if event.data["previous_state"] else 0  # the first one tells of version 1
            return replace(flow, data=kept, version=flow.version + changed)
        case _:
            return flow


def _passed(flow: Flow, event: Event) -> Flow:
    """The flow past a phase that was completed: at the next one, which waits for what begins it."""
    phase = Phase(event.data["phase"])
    done = replace(flow.phases[phase], status=PhaseStatus.COMPLETED, completed_at=event.at, result=event.data["result"])
    if not phase.later:
        return _at(flow, phase, done, FlowStatus.COMPLETED)
    following = phase.later[0]
    passed = replace(flow, phases={**flow.phases, phase: done})
    if following is Phase.FIELD_MAPPING:
        waiting = PhaseState(PhaseStatus.WAITING_FOR_REVIEW, started_at=event.at)
        return _at(passed, following, waiting, FlowStatus.WAITING_FOR_REVIEW)
    return _at(passed, following, flow.phases[following], FlowStatus.ACTIVE)


def _reopened(flow: Flow, event: Event) -> Flow:
    phase = Phase(event.data["phase"])
    emptied = replace(flow, phases={**flow.phases, **{later: PhaseState() for later in phase.later}})
    if phase is Phase.FIELD_MAPPING:
        waiting = PhaseState(PhaseStatus.WAITING_FOR_REVIEW, started_at=event.at)
        return _at(emptied, phase, waiting, FlowStatus.WAITING_FOR_REVIEW)
    return _at(emptied, phase, PhaseState(), FlowStatus.ACTIVE)


def _at(flow: Flow, phase: Phase, state: PhaseState, status: FlowStatus) -> Flow:
    return replace(flow, status=status, current_phase=phase, phases={**flow.phases, phase: state})


def kept(flow: Flow, command: Command) -> Flow:
    """The flow with what the command keeps with its state: a patch, or which import took which one's place."""
    match command:
        case Keep(patch=patch):
            pass
        case AcceptImport(import_id=new, replaces=int(old)):
            patch = {LAST_REPLACED: [old, new]}
        case _:
            return flow
    return replace(flow, data={key: value for key, value in {**flow.data, **patch}.items() if value is not None})


def fold(events: Iterable[Event]) -> Flow:
    """The flow that these events, from the first on, tell of.

    Raises
    ------
    StopIteration
        There is no event.
    """
    told = iter(events)
    return reduce(evolve, told, born(next(told)))
