"""Decisions of reviewers: a log with undo and redo, and no decision over one that wasn't seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine.cleansing import CellDecision, RuleDecision, ValueDecision
from discovery_pipeline.errors import FlowOperationError, StaleVersionError
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.reviews.decisions import CELL, MAPPING, RULE, VALUE, Decision, Subject

NAME: Subject = ("aws", "servers", "name")
SYSTEM: Subject = ("aws", "servers", "os")
TAKEN, DROPPED = {"status": "approved", "target_field": "Server name"}, {"status": "rejected"}


@pytest.fixture
def flow(store: Store) -> Flow:
    """A new flow."""
    return store.create_flow(store.default_tenant().acting("rita"), "estate", "servicenow", "aws")


class Review:
    """One reviewer at work on one flow."""

    def __init__(self, store: Store, flow: Flow, by: str = "rita") -> None:
        self.store, self.flow, self.tenant = store, flow, flow.tenant.acting(by)

    def decide(self, *subjects: Subject, after: Mapping[str, Any] | None = TAKEN, seen: int | None = None):
        wanted = [Decision(MAPPING, subject, after, seen) for subject in subjects]
        return self.store.wait_for(self.store.flows.decide(self.tenant, self.flow, wanted))

    def undo(self, batch=None):
        return self.store.wait_for(self.store.flows.undo(self.tenant, self.flow, batch))

    def redo(self):
        return self.store.wait_for(self.store.flows.redo(self.tenant, self.flow))

    def log(self):
        return self.store.wait_for(self.store.flows.decision_history(self.tenant, self.flow))

    def holds(self) -> dict[Subject, Any]:
        now = self.store.wait_for(self.store.flows.decisions(self.tenant, self.flow, MAPPING))
        return {subject: one.after for (_, subject), one in now.items()}


@pytest.fixture
def review(store: Store, flow: Flow) -> Review:
    """The first reviewer."""
    return Review(store, flow)


def test_the_newest_decision_holds(review: Review):
    review.decide(NAME)
    review.decide(NAME, after=DROPPED)
    assert review.holds() == {NAME: DROPPED}


def test_a_batch_is_undone_and_redone_as_one(review: Review):
    review.decide(NAME, SYSTEM)
    review.undo()
    assert review.holds() == {}
    review.redo()
    assert review.holds() == {NAME: TAKEN, SYSTEM: TAKEN}


def test_undo_goes_back_step_by_step_over_sessions(review: Review, store: Store, flow: Flow):
    review.decide(NAME)
    review.decide(NAME, after=DROPPED)
    other = Review(store, flow, "otto")
    other.undo()
    assert other.holds() == {NAME: TAKEN}
    other.undo()
    assert other.holds() == {}
    assert other.undo() is None
    other.redo()
    other.redo()
    assert other.holds() == {NAME: DROPPED}
    assert other.redo() is None


def test_something_new_ends_redo(review: Review):
    review.decide(NAME)
    review.undo()
    review.decide(SYSTEM)
    assert review.redo() is None
    assert review.holds() == {SYSTEM: TAKEN}


def test_undoing_an_older_batch_keeps_newer_ones_and_names_them(review: Review):
    first = review.decide(NAME, SYSTEM)
    review.decide(NAME, after=DROPPED)
    undone = review.undo(first)
    assert undone is not None
    assert undone.kept == ((MAPPING, NAME),)
    assert review.holds() == {NAME: DROPPED}


def test_a_batch_is_undone_once(review: Review):
    first = review.decide(NAME)
    review.undo(first)
    with pytest.raises(FlowOperationError, match="undone before"):
        review.undo(first)


def test_deciding_the_same_again_writes_nothing(review: Review):
    review.decide(NAME)
    assert review.decide(NAME) is None
    assert len(review.log()) == 1


def test_what_someone_else_decided_is_not_overwritten_unseen(review: Review, store: Store, flow: Flow):
    review.decide(NAME)
    seen = review.log()[-1].id
    other = Review(store, flow, "otto")
    other.decide(NAME, after=DROPPED, seen=seen)
    with pytest.raises(StaleVersionError, match="meanwhile") as refused:
        review.decide(NAME, SYSTEM, seen=seen)
    assert refused.value.details["changed"][0]["by"] == "otto"
    assert review.holds() == {NAME: DROPPED}


def test_decisions_leave_version_and_state_as_they_are(review: Review, store: Store, flow: Flow):
    review.decide(NAME)
    review.undo()
    now = store.flow(None, flow.id)
    assert (now.version, now.state_data) == (flow.version, flow.state_data)
    assert store.check(flow) == []


def test_another_tenant_decides_nothing_here(review: Review, store: Store):
    from discovery_pipeline.errors import FlowNotFoundError
    from discovery_pipeline.store.people import accounts

    async def rival():
        async with store.flows.sessions.operating() as session:
            return await accounts.create_engagement(session, "Rival", "Rival's move")

    review.tenant = store.wait_for(rival())
    with pytest.raises(FlowNotFoundError):
        review.decide(NAME)


def test_cleansing_follows_what_holds(review: Review, store: Store):
    wanted = [
        Decision(RULE, ("servers", "env", "vocabulary.spelling"), {"verdict": "reject"}),
        Decision(VALUE, ("servers", "env", None), {"after": "Unknown"}),
        Decision(CELL, ("servers", "env", 7), {"seen": "Tst", "after": "Test"}),
    ]
    store.wait_for(store.flows.decide(review.tenant, review.flow, wanted, "asked the owner"))
    where = {"table": "servers", "column": "env", "by": "rita", "reason": "asked the owner"}
    found = store.cleansing_decisions(review.flow)
    assert found.rules == (RuleDecision(**where, rule="vocabulary.spelling", verdict="reject"),)
    assert found.values == (ValueDecision(**where, value=None, after="Unknown"),)
    assert found.cells == (CellDecision(**where, row=7, seen="Tst", after="Test"),)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("decide"), st.sets(st.sampled_from("abc"), min_size=1), st.sampled_from([None, "x", "y"])),
        st.tuples(st.just("undo")),
        st.tuples(st.just("redo")),
    ),
    max_size=14,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_undo_and_redo_are_those_of_an_editor(store: Store, steps: list[tuple[Any, ...]]):
    flow = store.create_flow(store.default_tenant().acting("rita"), "estate", "servicenow", "aws")
    review = Review(store, flow)
    past: list[dict[Subject, Any]] = [{}]
    future: list[dict[Subject, Any]] = []
    for step in steps:
        if step[0] == "decide":
            _, names, value = step
            after = {"v": value} if value else None
            review.decide(*[(name,) for name in sorted(names)], after=after)
            now = {**past[-1], **{(name,): after for name in names}}
            now = {what: held for what, held in now.items() if held is not None}
            if now != past[-1]:
                past.append(now)
                future.clear()
        elif step[0] == "undo":
            review.undo()
            if len(past) > 1:
                future.append(past.pop())
        else:
            review.redo()
            if future:
                past.append(future.pop())
        assert review.holds() == past[-1]
