"""Mapping profiles in the store: every version kept, each tenant's own."""

from __future__ import annotations

import pytest
from tenancy import rival

from discovery_pipeline.engine.mapping.profiles import MappingProfile, ProfiledField
from discovery_pipeline.errors import MappingError
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.reviews import profiles

HOST = ProfiledField(source_table="ci", source_field="name", target_table="server", target_field="HostName")
IP = ProfiledField(source_table="ci", source_field="ip", target_table="server", target_field="IPAddress")
FIRST = MappingProfile(name="SNOW prod", source_system="servicenow", target_system="aws", fields=(HOST,))
SECOND = FIRST.model_copy(update={"fields": (HOST, IP)})


def saved(store: Store, profile: MappingProfile) -> profiles.SavedProfile:
    return store.wait_for(profiles.save(store.flows, store.default_tenant(), profile))


def test_a_changed_profile_is_the_next_version_and_the_old_one_stays(store: Store):
    assert [saved(store, p).profile.version for p in (FIRST, SECOND)] == [1, 2]
    newest = store.wait_for(profiles.get(store.flows, store.default_tenant(), "SNOW prod"))
    first = store.wait_for(profiles.get(store.flows, store.default_tenant(), "SNOW prod", 1))
    assert (newest.profile.fields, first.profile.fields) == ((HOST, IP), (HOST,))


def test_what_is_known_already_is_not_kept_twice(store: Store):
    assert saved(store, FIRST).id == saved(store, FIRST).id
    assert len(store.wait_for(profiles.versions(store.flows, store.default_tenant(), "SNOW prod"))) == 1


def test_a_name_is_that_of_one_targets_profiles(store: Store):
    saved(store, FIRST)
    with pytest.raises(MappingError, match=r"'SNOW prod' is a mapping profile for aws\. Choose another name"):
        saved(store, FIRST.model_copy(update={"target_system": "azure"}))


def test_a_name_is_that_of_one_kind_of_source_so_that_no_other_takes_its_place(store: Store):
    saved(store, FIRST)
    refused = r"'SNOW prod' is a mapping profile for exports of servicenow\. Choose another name .* exports of vmware"
    with pytest.raises(MappingError, match=refused):
        saved(store, SECOND.model_copy(update={"source_system": "vmware"}))
    found = store.wait_for(profiles.newest(store.flows, store.default_tenant(), "servicenow", "aws"))
    assert [(s.profile.name, s.profile.version) for s in found] == [("SNOW prod", 1)]


def test_the_newest_of_each_name_are_listed_by_kind(store: Store):
    for profile in (FIRST, SECOND, FIRST.model_copy(update={"name": "other", "target_system": "azure"})):
        saved(store, profile)
    found = store.wait_for(profiles.newest(store.flows, store.default_tenant()))
    assert [(s.profile.name, s.profile.version) for s in found] == [("other", 1), ("SNOW prod", 2)]
    found = store.wait_for(profiles.newest(store.flows, store.default_tenant(), "servicenow", "aws"))
    assert [s.profile.name for s in found] == ["SNOW prod"]


def test_a_profile_that_is_not_there_is_a_sentence(store: Store):
    with pytest.raises(MappingError, match="There is no mapping profile 'x'"):
        store.wait_for(profiles.get(store.flows, store.default_tenant(), "x"))
    saved(store, FIRST)
    with pytest.raises(MappingError, match="no version 9"):
        store.wait_for(profiles.get(store.flows, store.default_tenant(), "SNOW prod", 9))


def test_another_tenant_sees_none_of_it_and_may_use_the_name(store: Store):
    saved(store, FIRST)
    other = rival(store)
    assert store.wait_for(profiles.newest(store.flows, other)) == []
    assert store.wait_for(profiles.save(store.flows, other, SECOND)).profile.version == 1


def test_a_renamed_profile_keeps_its_versions_and_its_old_name_leads_to_it(store: Store):
    for profile in (FIRST, SECOND):
        saved(store, profile)
    renamed = store.wait_for(profiles.rename(store.flows, store.default_tenant(), "SNOW prod", "production"))
    assert (renamed.profile.name, renamed.profile.version, renamed.profile.fields) == ("production", 2, (HOST, IP))
    for name in ("production", "SNOW prod"):
        found = store.wait_for(profiles.versions(store.flows, store.default_tenant(), name))
        assert [(s.profile.name, s.profile.version) for s in found] == [("production", 2), ("production", 1)]
        assert store.wait_for(profiles.get(store.flows, store.default_tenant(), name, 1)).profile.fields == (HOST,)
    listed = store.wait_for(profiles.newest(store.flows, store.default_tenant()))
    assert [s.profile.name for s in listed] == ["production"]


def test_a_name_that_was_given_away_is_free_and_one_that_is_in_use_is_not(store: Store):
    saved(store, FIRST)
    store.wait_for(profiles.rename(store.flows, store.default_tenant(), "SNOW prod", "production"))
    again = saved(store, SECOND)
    assert again.profile.fields == (HOST, IP)
    assert store.wait_for(profiles.get(store.flows, store.default_tenant(), "SNOW prod")).id == again.id
    with pytest.raises(MappingError, match="already"):
        store.wait_for(profiles.rename(store.flows, store.default_tenant(), "production", "SNOW prod"))
    with pytest.raises(MappingError, match="There is no mapping profile 'x'"):
        store.wait_for(profiles.rename(store.flows, store.default_tenant(), "x", "y"))


def test_a_profile_gets_its_first_name_back(store: Store):
    saved(store, FIRST)
    for old, new in (("SNOW prod", "production"), ("production", "SNOW prod")):
        store.wait_for(profiles.rename(store.flows, store.default_tenant(), old, new))
    for name in ("production", "SNOW prod"):
        assert store.wait_for(profiles.get(store.flows, store.default_tenant(), name)).profile.name == "SNOW prod"
    assert saved(store, FIRST).profile.fields == (HOST,)
    assert len(store.wait_for(profiles.versions(store.flows, store.default_tenant(), "SNOW prod"))) == 1
