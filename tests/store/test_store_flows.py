"""A flow's life through the store: from its creation to the delivery, and what is refused on the way."""

from __future__ import annotations

import asyncio

import pytest

from discovery_pipeline.engine.findings import Finding, Severity
from discovery_pipeline.engine.intake.model import FileRead
from discovery_pipeline.engine.mapping.model import MappedField, Mapping, Suggestions
from discovery_pipeline.errors import (
    FlowNotFoundError,
    FlowOperationError,
    InvalidTransitionError,
    StaleVersionError,
)
from discovery_pipeline.flow import machine
from discovery_pipeline.flow.state import Flow, FlowStatus, Phase, PhaseStatus
from discovery_pipeline.store import rows
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.postgres.session import Sessions

HOST = MappedField(
    source_table="ci", source_field="name", target_table="server", target_field="host", confidence=0.97,
    evidence=("names agree",), is_required=True,
)  # fmt: skip
MEMORY = MappedField(
    source_table="ci", source_field="ram", target_table="server", target_field="memory", confidence=0.91,
    transformation="multiply(1024)", data_type="integer",
)  # fmt: skip
AWS = Mapping(target="aws", fields=(HOST, MEMORY))


def new(store: Store) -> Flow:
    return store.create_flow(store.default_tenant().acting("ana"), "Q3 estate", "servicenow", "aws, azure")


def in_review(store: Store) -> Flow:
    flow = store.start_phase(new(store), Phase.DATA_IMPORT)
    return store.complete_phase(flow, Phase.DATA_IMPORT)


def folded(store: Store, flow: Flow) -> Flow:
    async def told() -> Flow:
        async with store.flows.sessions.transaction(flow.tenant) as session:
            return machine.fold(await rows.story(session, flow.id))

    return store.wait_for(told())


def test_a_new_flow_waits_for_data(store: Store):
    flow = new(store)
    assert (flow.status, flow.current_phase, flow.version) == (FlowStatus.ACTIVE, Phase.DATA_IMPORT, 1)
    assert flow.phases[Phase.INITIALIZATION].status is PhaseStatus.COMPLETED
    assert flow.slug.startswith("q3-estate-20")
    assert flow.targets == ("aws", "azure")


def test_a_flow_is_found_by_slug_id_and_itself(store: Store):
    flow = new(store)
    for ref in (flow.slug, flow.id, str(flow.id), flow):
        assert store.flow(None, ref) == flow
        assert store.flow(store.default_tenant(), ref) == flow


def test_an_unknown_flow_is_not_found(store: Store):
    with pytest.raises(FlowNotFoundError, match="no flow q9"):
        store.start_phase("q9", Phase.DATA_IMPORT)


def test_from_import_to_delivery_row_and_events_tell_the_same(store: Store):
    flow = in_review(store)
    assert (flow.status, flow.current_phase) == (FlowStatus.WAITING_FOR_REVIEW, Phase.FIELD_MAPPING)
    flow = store.submit_mapping(flow, AWS)
    assert (flow.status, flow.current_phase) == (FlowStatus.ACTIVE, Phase.CLEANSING)
    for phase in (Phase.CLEANSING, Phase.VALIDATION):
        store.start_phase(flow, phase)
        flow = store.complete_phase(flow, phase, {"rows": 3})
    store.append_event(flow, "delivery.completed", {"files": 1})
    assert flow.status is FlowStatus.COMPLETED
    assert store.flow(None, flow.id) == flow == folded(store, flow)
    assert store.check(flow) == []


def test_a_phase_that_runs_is_not_started_twice(store: Store):
    flow = store.start_phase(new(store), "data_import")
    assert store.start_phase(flow, "data_import") == flow


def test_a_later_phase_is_refused_with_the_reason(store: Store):
    with pytest.raises(InvalidTransitionError, match="field_mapping, which isn't done"):
        store.start_phase(in_review(store), Phase.CLEANSING)


def test_a_failed_phase_can_be_started_again(store: Store):
    flow = store.start_phase(new(store), Phase.DATA_IMPORT)
    flow = store.fail_phase(flow, Phase.DATA_IMPORT, {"error": "disk full"})
    assert (flow.status, flow.phases[Phase.DATA_IMPORT].result) == (FlowStatus.FAILED, {"error": "disk full"})
    flow = store.start_phase(flow, Phase.DATA_IMPORT)
    assert flow.status is FlowStatus.ACTIVE
    assert flow == folded(store, flow)


def test_going_back_resets_every_later_phase(store: Store):
    flow = store.submit_mapping(in_review(store), AWS)
    flow = store.start_phase(flow, Phase.DATA_IMPORT)
    assert flow.current_phase is Phase.DATA_IMPORT
    assert {flow.phases[p].status for p in Phase.DATA_IMPORT.later} == {PhaseStatus.PENDING}
    assert store.approved_mappings(flow) == {}
    assert store.check(flow) == []


def test_the_approved_mapping_is_what_was_submitted(store: Store):
    flow = in_review(store)
    store.record_suggestions(flow, Suggestions(target="aws", matches=(), assignment=(HOST, MEMORY)))
    assert store.approved_mappings(flow) == {}
    store.submit_mapping(flow, [AWS, Mapping(target="azure", fields=())])
    assert store.approved_mappings(flow) == {"aws": AWS, "azure": Mapping(target="azure", fields=())}


def test_a_second_submission_drops_what_it_leaves_out(store: Store):
    flow = store.submit_mapping(in_review(store), AWS)
    again = store.submit_mapping(flow, Mapping(target="aws", fields=(HOST,)), by="ben")
    assert store.approved_mappings(again) == {"aws": Mapping(target="aws", fields=(HOST,))}
    assert (again.current_phase, again.version) == (Phase.CLEANSING, flow.version + 1)


def test_the_same_submission_again_changes_nothing(store: Store):
    flow = in_review(store)
    first = store.submit_mapping(flow, AWS, expected_version=flow.version)
    assert store.submit_mapping(flow, AWS, expected_version=flow.version) == first


def test_a_stale_submission_is_refused(store: Store):
    flow = in_review(store)
    store.submit_mapping(flow, AWS)
    with pytest.raises(StaleVersionError, match="someone else changed it"):
        store.submit_mapping(flow, Mapping(target="aws", fields=(HOST,)), expected_version=flow.version)


def test_the_same_bytes_again_are_the_first_import(store: Store):
    flow = store.start_phase(new(store), Phase.DATA_IMPORT)
    files = [FileRead(file=name, status="read", sha256=sha256) for name, sha256 in (("a.csv", "aa"), ("b.csv", "bb"))]
    first, second = store.record_imports(flow, *files)
    assert first != second
    again = FileRead(file="c.csv", status="read", sha256="aa")
    assert store.record_imports(flow, files[1], again, again) == [second, first, first]


def test_a_file_of_the_same_name_replaces_the_earlier_one(store: Store):
    flow = store.start_phase(new(store), Phase.DATA_IMPORT)
    for sha256 in ("aa", "bb"):
        store.record_imports(flow, FileRead(file="a.csv", status="read", sha256=sha256))
    assert statuses(store, flow) == {"aa": "replaced", "bb": "accepted"}


def test_a_refused_file_is_kept_with_its_reason(store: Store):
    flow = store.start_phase(new(store), Phase.DATA_IMPORT)
    store.record_imports(flow, FileRead(file="a.bin", status="refused", reason="not a table", sha256="cc"))
    assert statuses(store, flow) == {"cc": "rejected"}


def test_a_file_after_the_import_phase_goes_back_to_it(store: Store):
    flow = store.submit_mapping(in_review(store), AWS)
    store.record_imports(flow, FileRead(file="a.csv", status="read", sha256="aa"))
    assert store.flow(None, flow.id).current_phase is Phase.DATA_IMPORT


def test_quality_issues_are_the_newest_findings(store: Store):
    flow = new(store)
    found = Finding(table="ci", rule="null", severity=Severity.ERROR, count=2, evidence="2 of 9", action="fill")
    store.record_quality(flow, [found, found])
    store.record_quality(flow, [found])
    assert store.query("select status, count(*) from quality_issues group by 1 order by 1") == [
        ("open", 1), ("resolved", 2),
    ]  # fmt: skip


def test_a_run_holds_its_flow_alone(store: Store):
    flow = new(store)
    with store.run_lock(flow), pytest.raises(FlowOperationError, match="Another run"), store.run_lock(flow):
        pass
    with store.run_lock(flow):
        pass


def test_facts_change_no_state_and_states_are_no_facts(store: Store):
    flow = new(store)
    store.append_event(flow, "profile.completed", {"columns": 9})
    assert store.flow(None, flow.id) == flow
    with pytest.raises(InvalidTransitionError, match="it isn't told"):
        store.append_event(flow, "mapping.approved")


def test_a_cancelled_flow_stays_as_it_is(store: Store):
    flow = store.cancel(new(store), "no budget", by="ana")
    assert flow.status is FlowStatus.CANCELLED
    with pytest.raises(InvalidTransitionError, match="Create a new flow"):
        store.start_phase(flow, Phase.DATA_IMPORT)


def statuses(store: Store, flow: Flow) -> dict[str, str]:
    found = store.query(f"select sha256, status from data_imports where flow_id = '{flow.id}'")
    return dict(found)


def test_a_flow_that_moves_while_it_is_read_is_read_whole(store: Store):
    """Before each statement of the reader, a run moves the flow on."""
    from sqlalchemy import event

    flow, moves = new(store), iter([store.start_phase, store.fail_phase] * 9)
    reading = Sessions(store.databases)

    async def read() -> Flow:
        async with reading.transaction(flow.tenant) as session:
            event.listen(session.sync_connection, "before_cursor_execute", lambda *_: next(moves)(flow, "data_import"))
            return await rows.find(session, flow.id)

    async def read_once() -> Flow:
        try:
            return await read()
        finally:
            await reading.close()

    found = asyncio.run(read_once())
    assert (found.status is FlowStatus.FAILED) == (found.phases[Phase.DATA_IMPORT].status is PhaseStatus.FAILED)
    audits = [state for (state,) in store.query("select new_state from flow_state_audits order by id")]
    assert found.state_data == audits[found.version - 1]
