"""The machine: laws that hold for every order of commands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery_pipeline.errors import InvalidTransitionError
from discovery_pipeline.flow import machine
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
    RejectMappings,
    RetryPhase,
    StartPhase,
    SubmitMappings,
    Tell,
)
from discovery_pipeline.flow.events import FACTS, Event
from discovery_pipeline.flow.moment import Moment
from discovery_pipeline.flow.state import Flow, FlowStatus, Phase, PhaseState, PhaseStatus
from discovery_pipeline.flow.tenant import ClientAccountId, EngagementId, FlowId, Tenant

START = datetime(2026, 3, 1, tzinfo=UTC)
ID = FlowId(UUID(int=7))
TENANT = Tenant(ClientAccountId(1), EngagementId(2), "ana")

phases = st.sampled_from(Phase)
commands = st.one_of(
    st.builds(AcceptImport, import_id=st.integers(1, 9), rows=st.integers(0, 9)),
    st.just(PassOn()),
    st.builds(StartPhase, phase=phases),
    st.builds(CompletePhase, phase=phases, result=st.just({"rows": 1})),
    st.builds(FailPhase, phase=phases, result=st.just({"error": "no disk"})),
    st.builds(RetryPhase, phase=phases),
    st.builds(OfferMappings, target=st.just("aws"), fields=st.just(3), unmapped=st.just(0)),
    st.builds(SubmitMappings, fields=st.just({"aws": 3}), fingerprint=st.sampled_from(["a", "b"])),
    st.builds(RejectMappings, why=st.just("wrong system")),
    st.builds(Tell, type=st.sampled_from(sorted(FACTS))),
    st.builds(Keep, patch=st.dictionaries(st.sampled_from(["note", "tier"]), st.none() | st.integers(0, 3))),
    st.just(CancelFlow("over")),
)


def created() -> tuple[Event, ...]:
    return machine.create(CreateFlow("Estate", "estate-1", "servicenow", "aws"), ID, TENANT, Moment("ana", START))


def given_flow(*done: Command) -> Flow:
    flow = machine.fold(created())
    for minute, command in enumerate(done, 1):
        flow = after(flow, command, minute)[0]
    return flow


def after(flow: Flow, command: Command, minute: int) -> tuple[Flow, tuple[Event, ...]]:
    events = machine.decide(command, flow, Moment("ana", START + timedelta(minutes=minute)))
    return reduce(machine.evolve, events, flow), events


IMPORTED = (StartPhase(Phase.DATA_IMPORT), CompletePhase(Phase.DATA_IMPORT))
AGREED = (*IMPORTED, SubmitMappings({"aws": 3}, "a"))
CLEANSED = (*AGREED, StartPhase(Phase.CLEANSING), CompletePhase(Phase.CLEANSING))
DELIVERED = (*CLEANSED, StartPhase(Phase.VALIDATION), CompletePhase(Phase.VALIDATION))


def test_a_retried_phase_waits_for_its_run_and_only_a_failed_one_is_retried():
    flow = given_flow(StartPhase(Phase.DATA_IMPORT), FailPhase(Phase.DATA_IMPORT, {"error": "no disk"}))
    again, _ = after(flow, RetryPhase(Phase.DATA_IMPORT), 9)
    assert (again.status, again.phases[Phase.DATA_IMPORT]) == (FlowStatus.ACTIVE, PhaseState())
    with pytest.raises(InvalidTransitionError, match="hasn't failed"):
        after(again, RetryPhase(Phase.DATA_IMPORT), 10)


@given(st.lists(commands, max_size=25))
def test_phases_stay_in_order_whatever_is_tried(tried: list[Command]):
    flow = given_flow()
    for minute, command in enumerate(tried, 1):
        try:
            flow, _ = after(flow, command, minute)
        except InvalidTransitionError:
            continue
        place = flow.current_phase.place
        assert all(flow.phases[p].status is PhaseStatus.COMPLETED for p in Phase if p.place < place)
        assert all(flow.phases[p].status is PhaseStatus.PENDING for p in flow.current_phase.later)


@given(st.lists(commands, max_size=25))
def test_the_flow_is_the_fold_of_all_its_events(tried: list[Command]):
    flow, story = given_flow(), list(created())
    for minute, command in enumerate(tried, 1):
        try:
            flow, events = after(flow, command, minute)
        except InvalidTransitionError:
            continue
        story += events
    assert machine.fold(story) == flow


@given(st.lists(commands, max_size=25), commands)
def test_a_refused_command_says_where_the_flow_stands(tried: list[Command], last: Command):
    flow = given_flow()
    for minute, command in enumerate([*tried, last], 1):
        try:
            flow, _ = after(flow, command, minute)
        except InvalidTransitionError as refused:
            assert flow.slug in refused.message
            assert refused.flow_id == flow.id
            assert refused.details["current_phase"] == flow.current_phase.value


def test_the_straight_way_leads_to_a_completed_flow():
    flow = given_flow(*DELIVERED)
    assert flow.status is FlowStatus.COMPLETED
    assert {state.status for state in flow.phases.values()} == {PhaseStatus.COMPLETED}


@pytest.mark.parametrize(
    ("done", "command", "why"),
    [
        ((), StartPhase(Phase.CLEANSING), "comes after"),
        ((), CompletePhase(Phase.DATA_IMPORT), "not running"),
        (IMPORTED, StartPhase(Phase.FIELD_MAPPING), "isn't started by a run"),
        (IMPORTED, CompletePhase(Phase.FIELD_MAPPING), "submitting a mapping"),
        ((), SubmitMappings({}, "a"), "isn't waiting for a review"),
        ((), Keep({"status": "completed"}), "status can't be set"),
        (DELIVERED, CancelFlow(), "nothing left to cancel"),
        ((CancelFlow(),), Keep({"note": 1}), "Create a new flow"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(done: tuple[Command, ...], command: Command, why: str):
    with pytest.raises(InvalidTransitionError, match=why):
        after(given_flow(*done), command, 99)


def test_an_edited_mapping_opens_the_review_again_and_passes_it():
    flow, events = after(given_flow(*CLEANSED), SubmitMappings({"aws": 2}, "b"), 99)
    assert [event.type.value for event in events] == [
        "flow.phase.reopened", "mapping.submitted", "mapping.approved", "flow.phase.completed",
    ]  # fmt: skip
    assert flow.current_phase is Phase.CLEANSING
    assert flow.phases[Phase.CLEANSING].status is PhaseStatus.PENDING


def test_the_same_mapping_again_makes_nothing_happen():
    assert after(given_flow(*CLEANSED), SubmitMappings({"aws": 3}, "a"), 99)[1] == ()
