"""Recovery: what is broken is named, and mended from what happened."""

from __future__ import annotations

import psycopg
import pytest

from discovery_pipeline.errors import FlowNotFoundError, StateInconsistentError
from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.listing import Place
from discovery_pipeline.store.recovery import StateRecovery


@pytest.fixture
def flow(store: Store) -> Flow:
    made = store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")
    store.start_phase(made, Phase.DATA_IMPORT)
    return store.complete_phase(made, Phase.DATA_IMPORT, {"rows": 9})


def damage(store: Store, statement: str) -> None:
    store.query(f"{statement} returning 1")


def test_a_sound_flow_is_told_whole(store: Store, flow: Flow):
    told = store.recover(flow)
    assert told["flow_id"] == str(flow.id)
    assert told["current_phase"] == "field_mapping"
    assert told["phases"]["data_import"]["status"] == "completed"
    assert told["phases"]["data_import"]["result_data"] == {"rows": 9}
    assert set(told) == {"flow_id", "current_phase", "phases", "metadata", "created_at", "updated_at"}


@pytest.mark.parametrize(
    ("statement", "rules"),
    [
        ("update discovery_flows set current_phase = 'validation'", {"phases_in_order", "events_match_row"}),
        ("update discovery_flows set state_data = '{}'", {"state_data_matches_row"}),
        ("update flow_phases set status = 'failed' where name = 'data_import'", {"phases_in_order"}),
        ("update flow_phases set result_data = '{}' where name = 'data_import'", {"events_match_phases"}),
        ("delete from flow_phases where name = 'cleansing'", {"phases_exist"}),
        ("update discovery_flows set version = 99", {"events_match_row"}),
    ],
)
def test_damage_is_named_and_mended(store: Store, flow: Flow, statement: str, rules: set[str]):
    damage(store, statement)
    with pytest.raises(StateInconsistentError) as broken:
        store.recover(flow)
    assert rules <= {rule.split(":")[0] for rule in broken.value.details["broken"]}
    assert store.repair(flow) == []
    assert store.flow(None, flow.id) == flow
    assert store.check(flow) == []


def test_a_gap_in_the_audit_is_named_and_closed_by_an_audit_of_its_own(store: Store, flow: Flow):
    columns = "client_account_id, engagement_id, flow_id, previous_state, new_state, changed_by, reason"
    damage(store, f"insert into flow_state_audits ({columns}) select client_account_id, engagement_id, id, "
                  "'{}', '{\"status\": \"lost\"}', 'someone', 'by hand' from discovery_flows")  # fmt: skip
    assert any("audit_chain" in rule for rule in store.check(flow))
    assert store.repair(flow) == []
    last = store.query("select changed_by, reason from flow_state_audits order by id desc limit 1")
    assert last[0][0] == "recovery"
    assert last[0][1].startswith("repaired: audit_chain")
    store.start_phase(flow, Phase.DATA_IMPORT)
    assert store.check(flow) == []


def test_all_flows_are_checked_page_by_page_as_one_by_one(store: Store, flow: Flow):
    ((account,),) = store.query("insert into client_accounts (name) values ('other') returning id")
    store.query(f"insert into engagements (client_account_id, name) values ({account}, 'other') returning id")
    others = store.tenant(account)
    flows = [flow, *(store.create_flow(others, f"estate {n}", "servicenow", "aws") for n in range(4))]
    for other in flows[1:3]:
        store.start_phase(other, Phase.DATA_IMPORT)
        store.fail_phase(other, Phase.DATA_IMPORT, {"error": "no rows"})
    damage(store, f"update discovery_flows set version = 99 where id = '{flows[2].id}'")
    damage(store, f"delete from flow_phases where discovery_flow_id = '{flows[3].id}' and name = 'cleansing'")
    recovery, found, before = StateRecovery(store.flows), [], None
    while page := store.wait_for(recovery.check_page(before, limit=2)):
        found += page
        before = Place.of(page[-1][0])
    assert [checked.id for checked, _ in found] == [each.id for each in reversed(flows)]
    assert {checked.id: broken for checked, broken in found} == {each.id: store.check(each) for each in flows}
    assert [len(broken) for _, broken in found] == [0, 1, 1, 0, 0]
    assert list(store.check_all()) == found


def test_repairing_a_sound_flow_changes_nothing(store: Store, flow: Flow):
    assert store.repair(flow) == []
    assert store.flow(None, flow.id) == flow


@pytest.fixture
def archived(store: Store, flow: Flow) -> Flow:
    store.cancel(flow, "no budget", by="ana")
    store.query(f"select archive_flows(array['{flow.id}']::uuid[], 'ops', 'over')")
    return flow


def test_an_archived_flow_tells_its_story_from_the_history(store: Store, archived: Flow):
    for ref in (archived, archived.id, archived.slug):
        assert store.check(ref) == []
    told = store.recover(archived.slug)
    assert (told["flow_id"], told["current_phase"]) == (str(archived.id), "field_mapping")
    assert told["phases"]["data_import"]["result_data"] == {"rows": 9}


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("phases = jsonb_set(phases, '{1,status}', '\"failed\"')", "phases_in_order"),
        ("audits = audits - 1", "audit_chain"),
        ("events = events - 3", "events_match"),
        ("flow = jsonb_set(flow, '{version}', '99')", "events_match_row"),
    ],
)
def test_damage_in_the_history_is_named(store: Store, archived: Flow, statement: str, rule: str):
    with psycopg.connect(store.databases.dsn(database="discovery")) as somebody:
        somebody.execute("set session_replication_role = replica")
        somebody.execute(f"update discovery_flows_history set {statement}".encode())
    assert any(rule in broken for broken in store.check(archived))


def test_a_flow_that_never_was_is_not_found(store: Store):
    with pytest.raises(FlowNotFoundError):
        store.recover("q9")
