"""Memory in the store: what people decided on pairs, over all flows of a tenant, a source and a target."""

from __future__ import annotations

from tenancy import rival

from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.engine.mapping.profiles import made
from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.reviews import profiles
from discovery_pipeline.store.reviews.decisions import MAPPING, Decision


def _pair(source: str, target: str) -> MappedField:
    about = {"source_table": "ci", "source_field": source, "target_table": "server", "target_field": target}
    return MappedField.model_validate(about | {"confidence": 0.9, "evidence": ("names agree",)})


HOST, IP = _pair("name", "HostName"), _pair("ip", "IPAddress")


def _in_review(store: Store, source: str = "servicenow", tenant: Tenant | None = None) -> Flow:
    flow = store.create_flow((tenant or store.default_tenant()).acting("ana"), "estate", source, "aws")
    store.start_phase(flow, Phase.DATA_IMPORT)
    return store.complete_phase(flow, Phase.DATA_IMPORT)


def _approved(store: Store, flow: Flow, *fields: MappedField, by: str = "ana") -> None:
    store.submit_mapping(flow, Mapping(target="aws", fields=fields), by=by)


def _remembered(store: Store, flow: Flow) -> list[tuple[str, str, bool]]:
    decided = store.remembered(flow, "aws").decided
    return [(d.field.source_field, d.field.target_field, d.approved) for d in decided]


def test_what_was_approved_and_what_was_taken_back_is_remembered_with_its_reasons(store: Store):
    flow = _in_review(store)
    _approved(store, flow, HOST, IP)
    _approved(store, flow, HOST)
    assert set(_remembered(store, _in_review(store))) == {("name", "HostName", True), ("ip", "IPAddress", False)}
    assert store.remembered(flow, "aws").decided[0].field.evidence == ("names agree",)


def test_what_was_rejected_in_a_review_is_remembered_until_it_is_undone(store: Store):
    flow = _in_review(store)
    after = {"standing": "rejected", "fields": [IP.model_dump(mode="json")]}
    wanted = [Decision(MAPPING, ("aws", "ci", "ip"), after)]
    store.wait_for(store.flows.decide(flow.tenant, flow.id, wanted))
    assert _remembered(store, flow) == [("ip", "IPAddress", False)]
    store.wait_for(store.flows.undo(flow.tenant, flow.id))
    assert _remembered(store, flow) == []


def test_what_an_unattended_run_took_is_no_decision_of_anybodys(store: Store):
    flow = _in_review(store)
    store.submit_mapping(flow, Mapping(target="aws", fields=(HOST,)))
    assert _remembered(store, flow) == []


def test_other_sources_and_other_tenants_remember_nothing_of_it(store: Store):
    _approved(store, _in_review(store), HOST)
    assert _remembered(store, _in_review(store, "rvtools")) == []
    assert _remembered(store, _in_review(store, tenant=rival(store))) == []


def _kept(store: Store, *fields: MappedField, name: str = "prod", source: str = "servicenow") -> None:
    profile = made(name, 1, source, Mapping(target="aws", fields=fields))
    store.wait_for(profiles.save(store.flows, store.default_tenant().acting("ana"), profile))


def _saved(store: Store) -> list[tuple[str, list[str]]]:
    saved = store.remembered(_in_review(store), "aws").saved
    return [(profile.name, [field.target_field for field in profile.fields]) for profile in saved]


def test_mappings_under_a_name_are_remembered_for_their_source_the_one_kept_last_first(store: Store):
    _kept(store, HOST)
    _kept(store, HOST, IP, name="dev")
    _kept(store, IP, name="vms", source="rvtools")
    assert _saved(store) == [("dev", ["HostName", "IPAddress"]), ("prod", ["HostName"])]


def _against(store: Store) -> dict[str, tuple[str, ...]]:
    memory = store.remembered(_in_review(store), "aws")
    return {line.target_field: memory.against(str(saved), line) for saved in memory.saved for line in saved.fields}


def test_what_was_decided_otherwise_since_stands_beside_a_mapping_under_a_name_and_takes_nothing_from_it(store: Store):
    rejected = {"standing": "rejected", "fields": [IP.model_dump(mode="json")]}
    _kept(store, HOST, IP)
    flow = _in_review(store)
    store.wait_for(store.flows.decide(flow.tenant, flow.id, [Decision(MAPPING, ("aws", "ci", "ip"), rejected)]))
    _approved(store, flow, _pair("fqdn", "HostName"))
    assert _saved(store) == [("prod", ["HostName", "IPAddress"])]
    assert _against(store) == {
        "HostName": ("but you approved fqdn for it after it was saved",),
        "IPAddress": ("but you rejected this pair after it was saved",),
    }


def test_what_was_decided_before_a_mapping_was_kept_or_just_as_it_says_is_not_told(store: Store):
    flow = _in_review(store)
    _approved(store, flow, _pair("fqdn", "HostName"))
    _kept(store, HOST, IP)
    _approved(store, _in_review(store), HOST, _pair("name", "VMware.VMName"))
    assert _saved(store) == [("prod", ["HostName", "IPAddress"])]
    assert _against(store) == {"HostName": (), "IPAddress": ()}
