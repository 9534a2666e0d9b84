"""Memory: approvals win where they apply; what was rejected comes back only with new evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from discovery_pipeline.engine import mapping, targets
from discovery_pipeline.engine.mapping import MappedField, Memory, Suggestions
from discovery_pipeline.engine.mapping.known import Known
from discovery_pipeline.engine.mapping.memory import news_of, refused
from discovery_pipeline.engine.mapping.profiles import MappingProfile, ProfiledField
from discovery_pipeline.engine.tables import Table


@pytest.fixture
def table(table_of: Callable[..., Any]) -> Table:
    rows = [("web01", "10.0.0.1", "16"), ("web02", "10.0.0.2", "32"), ("db01", "10.0.0.3", "64")]
    return table_of("june", ["hostname", "ip", "ram_gb"], *rows)


def _offered(con, table: Table, memory: Memory) -> Suggestions:
    return mapping.suggest(con, (table,), targets.load("aws"), Known(memory=memory))


def _field(found: Suggestions, source: str) -> MappedField | None:
    return next((f for f in found.assignment if f.source_field == source), None)


def _past(target: str, source: str = "HostName", **said: Any) -> MappedField:
    about = {"source_table": "may", "source_field": source, "target_table": "server", "target_field": target}
    return MappedField.model_validate(about | {"confidence": 0.9} | said)


def test_an_approval_wins_over_a_better_guess(con, table: Table):
    field = _field(_offered(con, table, Memory.of([_past("ExternalId")])), "hostname")
    assert field
    assert (field.target_field, field.origin, field.confidence) == ("ExternalId", "memory", 0.99)
    assert field.evidence[0] == "you approved this pair before"


def test_the_approved_transformation_comes_with_it(con, table: Table):
    past = _past("HostName", transformation="trim | lower")
    field = _field(_offered(con, table, Memory.of([past])), "hostname")
    assert field
    assert field.transformation == "trim | lower"


def test_a_transformation_that_reads_columns_of_another_file_is_drawn_anew(con, table: Table):
    past = _past("RAM.TotalSizeInMB", "ram_gb", transformation="concat(ram_gb, unit)", data_type="float")
    field = _field(_offered(con, table, Memory.of([past])), "ram_gb")
    assert field
    assert field.transformation == 'convert("GB","MB")'


def test_a_rejection_for_which_nothing_is_new_is_not_offered_again(con, table: Table):
    first = _field(_offered(con, table, Memory()), "hostname")
    assert first
    assert first.target_field == "HostName"
    found = _offered(con, table, Memory.of(rejected=[_past("HostName", evidence=first.evidence)]))
    again = _field(found, "hostname")
    assert again is None or again.target_field != "HostName"
    offer = next(m for m in found.matches if (m.source_field, m.target_field) == ("hostname", "HostName"))
    assert offer.evidence[0] == "but you rejected this pair before, and nothing new speaks for it"
    assert refused(offer.evidence)


def test_a_rejection_comes_back_with_new_evidence_and_says_so(con, table: Table):
    past = _past("HostName", evidence=("names mean alike",))
    offer = next(
        m
        for m in _offered(con, table, Memory.of(rejected=[past])).matches
        if (m.source_field, m.target_field) == ("hostname", "HostName")
    )
    assert offer.confidence <= 0.7
    assert offer.evidence[0].startswith("you rejected this pair before; new since then: ")
    assert news_of(offer.evidence) == offer.evidence[0].partition("new since then: ")[2]
    assert news_of(offer.evidence[1:]) == ""


def test_a_decision_on_the_table_of_this_name_goes_before_one_on_another(con, table: Table):
    here = _past("ExternalId", source_table="June")
    memory = Memory.of([here], [_past("ExternalId")])
    field = _field(_offered(con, table, memory), "hostname")
    assert field
    assert field.target_field == "ExternalId"


def test_counts_that_changed_are_no_new_evidence():
    from discovery_pipeline.engine.mapping.memory import Decided

    past = Decided(field=_past("IPAddress", evidence=("412 of 412 distinct values are IP addresses",)), approved=False)
    assert not past.news(["7 of 8 distinct values are IP addresses", "but they measure different things"])
    assert past.news(["names say the same"]) == ("names say the same",)


def _saved(name: str, *lines: tuple[str, str], **said: Any) -> MappingProfile:
    fields = tuple(
        ProfiledField(source_table="may", source_field=column, target_table="server", target_field=field, **said)
        for column, field in lines
    )
    return MappingProfile(name=name, version=2, target_system="aws", fields=fields)


def test_a_mapping_kept_under_a_name_wins_over_guesses_and_single_approvals_and_says_so(con, table: Table):
    memory = Memory.of([_past("HostName")]).model_copy(update={"saved": (_saved("prod", ("hostname", "ExternalId")),)})
    field = _field(_offered(con, table, memory), "hostname")
    assert field
    assert (field.target_field, field.origin) == ("ExternalId", "memory")
    assert field.evidence == ("saved mapping 'prod' v2",)


def test_of_several_the_one_that_says_most_about_these_columns_is_followed(con, table: Table):
    lines = ("hostname", "ExternalId"), ("ip", "IPAddress"), ("gone", "OS.Name")
    kept = _saved("one", ("hostname", "VMware.VMName")), _saved("most", *lines), _saved("none", ("x", "HostName"))
    found = _offered(con, table, Memory(saved=kept))
    said = {f.source_field: f.evidence[0] for f in found.assignment}
    assert {said["hostname"], said["ip"]} == {"saved mapping 'most' v2"}
    assert "names" in said["ram_gb"]


def test_constants_of_a_mapping_under_a_name_come_with_it(con, table: Table):
    kept = _saved("region", ("", "VMware.VCenterId"), transformation='constant("vc1")')
    found = _offered(con, table, Memory(saved=(kept,)))
    assert [f.transformation for f in found.assignment if not f.source_field] == ['constant("vc1")']
