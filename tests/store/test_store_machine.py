"""The machine against PostgreSQL: whatever is tried, in whatever order, row, phases, audit and events agree."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from discovery_pipeline.engine.intake.model import FileRead
from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.errors import InvalidTransitionError, StaleVersionError
from discovery_pipeline.flow import machine
from discovery_pipeline.flow.commands import CancelFlow, Command, CompletePhase, FailPhase, Keep, StartPhase
from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.store import rows
from discovery_pipeline.store.blocking import Store

PHASES = st.sampled_from(Phase)
FIELD = {"source_table": "ci", "target_table": "server", "target_field": "host", "confidence": 1.0}


def machine_over(store: Store) -> type[RuleBasedStateMachine]:
    """State machines whose flows live in this store."""

    class Life(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.flow = store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")

        def do(self, command: Command | dict[str, Any], expected_version: int | None = None) -> None:
            update = store.flows.update(self.flow.tenant, self.flow.id, command, expected_version=expected_version)
            before = self.flow
            try:
                self.flow = store.wait_for(update)
            except (InvalidTransitionError, StaleVersionError):
                assert store.flow(None, before.id) == before
            else:
                assert self.flow.version - before.version in {0, 1}

        @rule(phase=PHASES)
        def start(self, phase: Phase) -> None:
            self.do(StartPhase(phase))

        @rule(phase=PHASES, rows=st.integers(0, 9))
        def complete(self, phase: Phase, rows: int) -> None:
            self.do(CompletePhase(phase, {"rows": rows}))

        @rule(phase=PHASES)
        def fail(self, phase: Phase) -> None:
            self.do(FailPhase(phase, {"error": "no disk"}))

        @rule()
        def go_on(self) -> None:
            """What a run does next, so that flows come far."""
            self.do(StartPhase(self.flow.current_phase))
            self.do(CompletePhase(self.flow.current_phase))

        @rule(field=st.sampled_from("ab"), behind=st.integers(0, 1))
        def submit(self, field: str, behind: int) -> None:
            mapping = Mapping(target="aws", fields=(MappedField(source_field=field, **FIELD),))
            try:
                self.flow = store.submit_mapping(self.flow, mapping, expected_version=self.flow.version - behind)
            except (InvalidTransitionError, StaleVersionError):
                return
            assert store.approved_mappings(self.flow) == {"aws": mapping}

        @rule(name=st.sampled_from("ab"), sha256=st.sampled_from("xyz"))
        def upload(self, name: str, sha256: str) -> None:
            try:
                store.record_imports(self.flow, FileRead(file=name, status="read", sha256=sha256))
            except InvalidTransitionError:
                return
            self.flow = store.flow(None, self.flow.id)

        @rule(value=st.none() | st.integers(0, 2), behind=st.integers(0, 1))
        def keep(self, value: int | None, behind: int) -> None:
            self.do({"note": value}, self.flow.version - behind)

        @rule(patch=st.sampled_from([{"status": "completed"}, {"phases": {}}]))
        def force(self, patch: dict[str, Any]) -> None:
            with pytest.raises(InvalidTransitionError):
                store.wait_for(store.flows.update(self.flow.tenant, self.flow.id, patch))

        @rule(really=st.integers(0, 9))
        def cancel(self, really: int) -> None:
            if really == 0:
                self.do(CancelFlow("over"))

        @invariant()
        def one_story(self) -> None:
            assert store.check(self.flow) == []
            assert store.flow(None, self.flow.id) == self.flow == store.wait_for(folded(store, self.flow))

    return Life


async def folded(store: Store, flow: Flow) -> Flow:
    async with store.flows.sessions.transaction(flow.tenant) as session:
        return machine.fold(await rows.story(session, flow.id))


def test_every_life_of_a_flow_is_one_story(store: Store):
    checks = settings(max_examples=10, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(machine_over(store), settings=checks)


def test_keep_and_reserved_words(store: Store):
    flow = store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")
    kept = store.wait_for(store.flows.update(flow.tenant, flow.id, Keep({"note": {"deep": [1]}})))
    assert kept.data == {"note": {"deep": [1]}}
    assert store.query("select state_data ->> 'current_phase' from discovery_flows") == [("data_import",)]
