"""Settling and naming: doubts that make no difference are none, and names stand in for ids that aren't there."""

from __future__ import annotations

from datetime import date

import pytest

from discovery_pipeline.engine import profiling, targets
from discovery_pipeline.engine.mapping.model import MappedField, Match, Suggestions
from discovery_pipeline.engine.mapping.suggestions.by_values import answered
from discovery_pipeline.engine.mapping.suggestions.identifiers import named
from discovery_pipeline.engine.mapping.suggestions.ties import settled

GOOGLE = targets.load("google")
NAMES = [f"web{i}.corp.example" for i in range(8)]


def _match(column: str, field: str, confidence: float, rank: int = 1) -> Match:
    return Match(
        source_table="vms", source_field=column, target_table="vm", target_field=field, confidence=confidence, rank=rank
    )


def _field(column: str, field: str, confidence: float) -> MappedField:
    return MappedField(
        source_table="vms", source_field=column, target_table="vm", target_field=field, confidence=confidence
    )


def _settled(con, table, *matches, assigned=1):
    taken = tuple(_field(m.source_field, m.target_field, m.confidence) for m in matches[:assigned])
    found = settled(con, (table,), Suggestions(target="google", matches=matches, assignment=taken), GOOGLE)
    return {f.target_field: f for f in found}


def test_two_columns_that_hold_the_same_are_no_doubt(con, table_of):
    vms = table_of("vms", ["guest os", "os"], *(("Debian", "debian") for _ in range(6)))
    found = _settled(con, vms, _match("guest os", "OsName", 0.5), _match("os", "OsName", 0.4))["OsName"]
    assert found.confidence == pytest.approx(0.9)
    assert "hold the same in 6 of 6 rows" in found.evidence[-1]


def test_what_one_lacks_and_the_other_has_is_joined(con, table_of):
    vms = table_of("vms", ["guest os", "os"], *(("Debian", "Debian") for _ in range(6)), (None, "Debian"))
    found = _settled(con, vms, _match("guest os", "OsName", 0.5), _match("os", "OsName", 0.4))["OsName"]
    assert (found.source_field, found.transformation) == ("os", None)


@pytest.mark.parametrize("other", ["Windows", None])
def test_columns_that_differ_or_never_meet_are_a_persons_choice(con, table_of, other):
    vms = table_of("vms", ["guest os", "os"], *(("Debian", other) for _ in range(6)))
    found = _settled(con, vms, _match("guest os", "OsName", 0.5), _match("os", "OsName", 0.4))["OsName"]
    assert found.confidence == 0.5


def test_one_column_fills_a_text_and_the_list_that_is_read_from_it(con, table_of):
    vms = table_of("vms", ["os"], ("Debian 11",))
    found = _settled(con, vms, _match("os", "OsType(optional)", 0.6), _match("os", "OsName", 0.35, rank=2))
    assert {name: (f.source_field, f.confidence) for name, f in found.items()} == {
        "OsType(optional)": ("os", 0.95),
        "OsName": ("os", 0.95),
    }


def _spoken(con, table):
    profile = profiling.profile(con, (table,), today=date(2026, 1, 1))
    fields = (_field("name", "MachineName", 0.95), _field(table.columns[1].name, "IsPhysical", 0.3))
    return {f.target_field: f for f in answered(fields, profile, GOOGLE)}["IsPhysical"]


def test_a_column_that_speaks_in_a_fields_words_answers_it_whatever_it_is_called(con, table_of):
    found = _spoken(con, table_of("vms", ["name", "info"], ("a", "Virtual"), ("b", "Physical")))
    assert (found.source_field, found.tier) == ("info", "Check"), "its name says nothing of it"
    assert found.transformation == 'map_values({"Physical": "true", "Virtual": "false"})'


@pytest.mark.parametrize("header", ["Server type", "Type (physique/virtuel)"])
def test_a_column_that_is_called_so_besides_answers_it_surely(con, table_of, header):
    found = _spoken(con, table_of("vms", ["name", header], ("a", "Virtual"), ("b", "Physical")))
    assert (found.source_field, found.tier) == (header, "High")


def test_a_fields_words_are_known_in_other_languages(con, table_of):
    found = _spoken(con, table_of("vms", ["name", "kind"], ("a", "Server (virtuell)"), ("b", "serveur physique")))
    assert found.source_field == "kind"
    assert found.transformation == 'map_values({"Server (virtuell)": "false", "serveur physique": "true"})'


def test_one_value_of_another_kind_is_enough_for_doubt(con, table_of):
    assert _spoken(con, table_of("vms", ["name", "kind"], ("a", "Virtual"), ("b", "Printer"))).confidence == 0.3


def test_yes_and_no_answer_no_question(con, table_of):
    assert _spoken(con, table_of("vms", ["name", "kind"], ("a", "true"), ("b", "false"))).confidence == 0.3


def test_hardware_tells_virtual_machines_from_others(con, table_of):
    rows = ("a", "VMware Virtual Platform"), ("b", "PowerEdge R740")
    found = _spoken(con, table_of("vms", ["name", "model"], *rows))
    assert (found.source_field, found.tier) == ("model", "High")
    assert found.transformation == 'map_values({"VMware Virtual Platform": "false", "*": "true"})'


def _named(con, table, *fields):
    profile = profiling.profile(con, (table,), today=date(2026, 1, 1))
    return {f.target_field: f for f in named(fields, profile, GOOGLE)}


def test_a_name_that_tells_rows_apart_stands_in_for_an_id(con, table_of):
    vms = table_of("vms", ["server name", "ram"], *((n, "8") for n in NAMES))
    found = _named(con, vms, _field("server name", "MachineName", 0.95))
    assert found["MachineId"].source_field == "server name"
    assert "differs in all 8" in found["MachineId"].evidence[0]


def test_rows_that_repeat_as_a_whole_dont_keep_a_name_from_standing_in(con, table_of):
    vms = table_of("vms", ["server name", "ram"], *((n, "8") for n in [*NAMES, NAMES[0]]))
    found = _named(con, vms, _field("server name", "MachineName", 0.95))
    assert (found["MachineId"].source_field, found["MachineId"].tier) == ("server name", "High")
    assert "differs in all 8" in found["MachineId"].evidence[0]


def test_a_name_that_hardly_repeats_is_offered_with_what_is_wrong(con, table_of):
    rows = [(f"srv{i}", str(i)) for i in range(40)]
    vms = table_of("vms", ["server name", "ram"], *rows, ("srv0", "64"))
    found = _named(con, vms, _field("server name", "MachineName", 0.95))["MachineId"]
    assert (found.source_field, found.tier) == ("server name", "Check")
    assert "41 rows share 40 names" in found.evidence[0]


def test_a_name_that_repeats_stands_in_for_nothing(con, table_of):
    vms = table_of("vms", ["server name", "ram"], *((n, "8") for n in NAMES), (NAMES[0], "16"))
    assert set(_named(con, vms, _field("server name", "MachineName", 0.95))) == {"MachineName"}


def test_what_rows_are_on_is_not_what_they_are_called(con, table_of):
    vms = table_of("vms", ["host", "vm name"], *((f"esx{i % 2}", n) for i, n in enumerate(NAMES)))
    found = _named(con, vms, _field("host", "MachineName", 0.95))
    assert found["MachineName"].source_field == "vm name"


def test_gaps_of_a_name_are_filled_by_the_one_without(con, table_of):
    vms = table_of("vms", ["dns name", "vm"], *((n if i else None, n[:4]) for i, n in enumerate(NAMES)))
    found = _named(con, vms, _field("dns name", "MachineName", 0.95))
    assert found["MachineName"].transformation == "coalesce(vm)"
    assert "empty in 1 rows" in found["MachineName"].evidence[-1]


def test_rows_of_nothing_that_the_target_knows_get_no_names(con, table_of):
    vms = table_of("vms", ["server name"], *((n,) for n in NAMES))
    assert _named(con, vms, _field("server name", "MachineName", 0.4)) == {
        "MachineName": _field("server name", "MachineName", 0.4)
    }


def test_a_text_about_something_else_is_not_what_a_list_is_read_from(con, table_of):
    mgn = targets.load("aws-mgn")
    table = table_of("vms", ["kind"], ("Windows",))
    offers = [("mgn:server:platform", 0.5, 1), ("mgn:launch:instance-type", 0.3, 2)]
    matches = tuple(
        Match(
            source_table="vms",
            source_field="kind",
            target_table="server",
            target_field=field,
            confidence=sure,
            rank=rank,
        )
        for field, sure, rank in offers
    )
    taken = MappedField.model_validate(matches[0].model_dump(exclude={"rank"}))
    found = settled(con, (table,), Suggestions(target="aws-mgn", matches=matches, assignment=(taken,)), mgn)
    assert [(f.target_field, f.confidence) for f in found] == [("mgn:server:platform", 0.5)]
