"""Memory: approvals win where they apply; what was rejected comes back only with new evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from discovery_pipeline.engine import mapping, targets
from discovery_pipeline.engine.mapping import MappedField, Memory, Suggestions, transformations
from discovery_pipeline.engine.mapping.known import Known
from discovery_pipeline.engine.mapping.memory import news_of, refused
from discovery_pipeline.engine.mapping.profiles import MappingProfile, ProfiledField
from discovery_pipeline.engine.mapping.transformations import vocabularies
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable


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


LIST = Target(
    name="register", title="Register", tables=(
        TargetTable(name="server", file="server.csv", fields=(
            TargetField(name="stage", allowed=("Production", "Test", "Development"), aliases=("environment",)),
            TargetField(name="host", required=True, identity=True, aliases=("hostname",)),
        )),
    ),
)  # fmt: skip


def _of_list(
    con, table_of: Callable[..., Any], memory: Memory, *stages: str, column: str = "environment"
) -> MappedField:
    table = table_of("june", ["hostname", column], *((f"web{i}", stage) for i, stage in enumerate(stages)))
    field = _field(mapping.suggest(con, (table,), LIST, Known(memory=memory)), column)
    assert field
    assert field.target_field == "stage"
    return field


def _chosen(transformation: str | None, source: str = "environment") -> Memory:
    return Memory.of([_past("stage", source, transformation=transformation)])


def test_words_that_were_approved_for_values_come_with_those_of_new_values(con, table_of: Callable[..., Any]):
    memory = _chosen('map_values({"Blau": "Production", "Gruen": "Test"})')
    field = _of_list(con, table_of, memory, "Blau", "Gruen", "Blau", "Devel", "Production", "Rot")
    pairs = transformations.replaced(field.transformation)
    assert pairs == {
        "Blau": "Production", "Gruen": "Test", "Devel": "Development", "Production": "Production",
    }  # fmt: skip
    assert field.origin == "memory"
    assert "new since then: 'Devel' is 'Development' there: another word for it" in field.evidence


def test_values_that_are_all_known_leave_the_approved_transformation_as_it_is(con, table_of: Callable[..., Any]):
    how = 'trim | map_values({"Blau": "Production", "Gruen": "Test"})'
    assert _of_list(con, table_of, _chosen(how), "Blau", "Gruen").transformation == how


def test_an_approved_word_for_all_other_values_stands_for_new_ones_too(con, table_of: Callable[..., Any]):
    how = 'map_values({"Blau": "Production", "*": "Test"})'
    assert _of_list(con, table_of, _chosen(how), "Blau", "Devel").transformation == how


def test_a_value_that_was_left_without_a_word_is_not_offered_one_again(con, table_of: Callable[..., Any]):
    memory = _chosen('map_values({"Blau": "Production", "Devel": ""})')
    field = _of_list(con, table_of, memory, "Blau", "Devel", "Devel.")
    assert transformations.replaced(field.transformation)["Devel"] == ""
    (again,) = vocabularies.matched(LIST.tables[0].fields[0], [("Devel", 2)], memory.words("server", "stage"))
    assert (again.target, again.reason) == (None, "it was left without a word before")


def test_where_no_word_was_needed_then_new_values_get_theirs(con, table_of: Callable[..., Any]):
    field = _of_list(con, table_of, _chosen(None), "Production", "Test", "Devel")
    assert field.transformation == 'lookup({"Devel": "Development"})'


def test_words_approved_for_a_field_hold_for_a_column_of_another_name(con, table_of: Callable[..., Any]):
    memory = _chosen('map_values({"Blau": "Production"})', "umgebung_alt")
    field = _of_list(con, table_of, memory, "Blau", "Test", "Blau")
    assert field.transformation == 'lookup({"Blau": "Production"})'
    assert field.origin == "suggested"
    assert "'Blau' is 'Production' there: you approved it before" in field.evidence


def test_of_two_approved_words_the_newer_counts():
    older, newer = (_past("stage", "a", transformation=f'lookup({{"X ": "{w}"}})') for w in ("Test", "Production"))
    assert Memory.of([older, newer]).words("server", "stage") == {"x": "Production"}
