"""Mapping profiles: kept, read back, compared, and applied to files that are a little different."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery_pipeline.engine import mapping, profiling, targets
from discovery_pipeline.engine.mapping import profiles
from discovery_pipeline.engine.mapping.known import NOTHING_KNOWN, Known
from discovery_pipeline.engine.mapping.memory import Decided, Memory
from discovery_pipeline.engine.mapping.model import FieldRef, MappedField, Suggestions
from discovery_pipeline.engine.mapping.profiles import MappingProfile, ProfiledField
from discovery_pipeline.errors import MappingError

SAVED = MappingProfile(
    name="SNOW prod",
    version=3,
    source_system="servicenow",
    target_system="aws",
    fields=(
        ProfiledField(source_table="may", source_field="u_box", target_table="server", target_field="HostName"),
        ProfiledField(
            source_table="may",
            source_field="ram",
            target_table="server",
            target_field="RAM.TotalSizeInMB",
            transformation='convert("GB","MB")',
            data_type="float",
        ),
        ProfiledField(source_table="may", source_field="gone", target_table="server", target_field="OS.Name"),
    ),
)
NOTHING = Suggestions(target="aws", matches=(), assignment=())
_names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)


def _guess(source: str, target: str) -> MappedField:
    return MappedField(
        source_table="june", source_field=source, target_table="server", target_field=target, confidence=0.9
    )


@pytest.mark.parametrize(("written", "name"), [(profiles.as_yaml, "p.yaml"), (profiles.as_csv, "p.csv")])
def test_a_profile_is_read_back_as_it_was_written(written: Callable[[MappingProfile], str], name: str):
    assert profiles.parsed(written(SAVED), name) == SAVED


@given(_names, _names)
def test_any_name_survives_a_csv(source: str, target: str):
    field = ProfiledField(source_table="t", source_field=source, target_table="server", target_field=target)
    profile = MappingProfile(name="p", target_system="x", fields=(field,))
    assert profiles.parsed(profiles.as_csv(profile), "p.csv") == profile


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "name: x",
        "name: [",
        "fields: 3",
        "name: p\ntarget_system: a\nfields: [1]",
        "name: p\ntarget_system: a\nfields: []",
    ],
)
def test_what_is_no_profile_is_a_sentence(text: str):
    with pytest.raises(MappingError, match=r"^p\.yaml: "):
        profiles.parsed(text, "p.yaml")


def test_what_is_wrong_with_a_profile_is_told_in_words_of_its_file():
    told = r"target_system: is missing; fields: should be a list\. `discovery run --save-profile` writes one"
    with pytest.raises(MappingError, match=told):
        profiles.parsed("name: x\nfields: 3", "p.yaml")


def test_what_is_no_profile_at_all_says_where_one_comes_from():
    with pytest.raises(MappingError, match=r"not a mapping profile\. `discovery run --save-profile` writes one"):
        profiles.parsed("hello", "p.yaml")


def test_a_profile_wins_over_a_guess_and_says_which_it_was(con, table_of: Callable[..., Any]):
    table = table_of("june", ["U_BOX", "ram", "name"], ("a", "1", "b"))
    guessed = Suggestions(
        target="aws",
        matches=(),
        assignment=(_guess("name", "HostName"), _guess("ram", "RAM.UsedSizeInMB.Avg")),
        unmapped_source=(FieldRef(table="june", field="U_BOX"),),
    )
    found = profiles.applied(con, SAVED, guessed, (table,), targets.load("aws"), NOTHING_KNOWN)
    assert {(f.source_field, f.target_field, f.origin) for f in found.suggestions.assignment} == {
        ("U_BOX", "HostName", "memory"),
        ("ram", "RAM.TotalSizeInMB", "memory"),
    }
    assert found.taken[0].evidence == ("saved mapping 'SNOW prod' v3",)
    assert [r.field for r in found.suggestions.unmapped_source] == ["name"]
    assert "RAM.UsedSizeInMB.Avg" in [r.field for r in found.suggestions.unmapped_target]


def test_what_a_file_has_no_column_for_is_listed_and_stays_in_the_profile(con, table_of: Callable[..., Any]):
    table = table_of("june", ["u_box"], ("a",))
    found = profiles.applied(con, SAVED, NOTHING, (table,), None, NOTHING_KNOWN)
    assert [(u.field.source_field, u.why) for u in found.left] == [
        ("ram", "june has no column 'ram'"),
        ("gone", "june has no column 'gone'"),
    ]
    assert len(SAVED.fields) == 3


def test_of_two_lines_for_one_field_the_first_is_applied_and_the_other_listed(con, table_of: Callable[..., Any]):
    twice = SAVED.model_copy(
        update={"fields": tuple(f.model_copy(update={"target_field": "HostName"}) for f in SAVED.fields)}
    )
    found = profiles.applied(
        con, twice, NOTHING, (table_of("june", ["u_box", "ram"], ("a", "1")),), None, NOTHING_KNOWN
    )
    assert [f.source_field for f in found.suggestions.assignment] == ["u_box"]
    assert (found.left[0].field.source_field, found.left[0].why) == ("ram", "u_box fills that field already")


def test_a_line_whose_values_would_need_another_transformation_is_left_and_the_guess_stands(
    con, table_of: Callable[..., Any]
):
    table = table_of("june", ["u_box", "ram"], ("a", "2024-01-01"), ("b", "2024-02-03"))
    line = SAVED.fields[1].model_copy(update={"transformation": None})
    profile = SAVED.model_copy(update={"fields": (SAVED.fields[0], line)})
    guess = _guess("ram", "RAM.UsedSizeInMB.Avg")
    guessed = Suggestions(target="aws", matches=(), assignment=(guess,))
    known = Known(profile=profiling.profile(con, (table,), today=date(2026, 1, 1)))
    found = profiles.applied(con, profile, guessed, (table,), targets.load("aws"), known)
    assert [u.why for u in found.left] == ["Type mismatch: transformation required for date to float conversion"]
    assert [f.source_field for f in found.suggestions.assignment] == ["u_box", "ram"]
    assert found.suggestions.assignment[1] == guess


@pytest.mark.parametrize(
    ("saved", "completed"),
    [
        (
            'map_values({"Prod": "Production"})',
            'map_values({"Prod": "Production", "Devel": "Development", "Test": "Test"})',
        ),
        ('lookup({"Prod": "Production"})', 'lookup({"Prod": "Production", "Devel": "Development"})'),
        ('map_values({"Prod": "Production", "*": "Test"})', 'map_values({"Prod": "Production", "*": "Test"})'),
    ],
)
def test_values_that_are_new_in_a_file_get_words_and_the_line_says_which(
    con, table_of: Callable[..., Any], saved: str, completed: str
):
    table = table_of("june", ["env"], ("Prod",), ("Devel",), ("Test",), ("Nobody knows",))
    known = Known(profile=profiling.profile(con, (table,), today=date(2026, 1, 1)))
    line = ProfiledField(
        source_table="may", source_field="env", target_table="server", target_field="environment", transformation=saved
    )
    profile = SAVED.model_copy(update={"target_system": "servicenow", "fields": (line,)})
    nothing = Suggestions(target="servicenow", matches=(), assignment=())
    found = profiles.applied(con, profile, nothing, (table,), targets.load("servicenow"), known).taken[0]
    assert found.transformation == completed
    told = "new since then: 'Devel' is 'Development' there: another word for it"
    assert (told in found.evidence) == (completed != saved)


def test_rare_values_get_words_too_and_those_that_people_approved_for_the_field_go_first(
    con, table_of: Callable[..., Any]
):
    rows = [(f"P{i % 12}",) for i in range(240)] + [("uat",), ("Lab",)]
    table = table_of("june", ["env"], *rows)
    line = ProfiledField(
        source_table="may", source_field="env", target_table="server", target_field="environment",
        transformation='map_values({"P0": "Production"})',
    )  # fmt: skip
    profile = SAVED.model_copy(update={"target_system": "servicenow", "fields": (line,)})
    approved = MappedField(
        source_table="april", source_field="stage", target_table="server", target_field="environment",
        transformation='map_values({"lab": "Test"})', confidence=1,
    )  # fmt: skip
    looks = profiling.profile(con, (table,), today=date(2026, 1, 1))
    known = Known(profile=looks, memory=Memory.of([approved]))
    target = targets.load("servicenow")
    taken = profiles.applied(con, profile, NOTHING, (table,), target, known).taken[0]
    assert taken.transformation == 'map_values({"P0": "Production", "Lab": "Test", "uat": "UAT"})'


def test_a_profile_wins_over_what_was_rejected_since_which_is_told_beside(con, table_of: Callable[..., Any]):
    table = table_of("june", ["u_box", "ram"], ("a", "16"), ("b", "32"))
    line = {"target_table": "server", "source_table": "may", "confidence": 0.9}
    no = Decided(field=MappedField(source_field="U_Box", target_field="HostName", **line), approved=False)
    yes = Decided(field=MappedField(source_field="memory", target_field="RAM.TotalSizeInMB", **line), approved=True)
    known = Known(memory=Memory(decided=(no, yes), saved=(SAVED,), since={"'SNOW prod' v3": (no, yes)}))
    target = targets.load("aws")
    for found in (
        profiles.applied(con, SAVED, NOTHING, (table,), target, known).taken,
        [f for f in mapping.suggest(con, (table,), target, known).assignment if f.origin == "memory"],
    ):
        assert {f.target_field: f.evidence for f in found} == {
            "HostName": ("saved mapping 'SNOW prod' v3", "but you rejected this pair after it was saved"),
            "RAM.TotalSizeInMB": ("saved mapping 'SNOW prod' v3", "but you approved memory for it after it was saved"),
        }


def test_a_field_that_the_target_no_longer_has_is_left(con, table_of: Callable[..., Any]):
    field = ProfiledField(source_field="a", target_table="server", target_field="Nowhere")
    profile = SAVED.model_copy(update={"fields": (field,)})
    found = profiles.applied(con, profile, NOTHING, (table_of("t", ["a"], ("1",)),), targets.load("aws"), NOTHING_KNOWN)
    assert found.left[0].why == "aws has no field Nowhere in server"


def test_differences_and_copies():
    changed = SAVED.fields[0].model_copy(update={"transformation": "upper"})
    added = ProfiledField(source_table="may", source_field="ip", target_table="server", target_field="IPAddress")
    newer = SAVED.model_copy(update={"fields": (changed, SAVED.fields[1], added), "version": 4})
    found = profiles.differences(SAVED, newer)
    assert [(c.before, c.after) for c in found] == [
        (SAVED.fields[0], changed),
        (SAVED.fields[2], None),
        (None, added),
    ]
    assert not profiles.differences(SAVED, profiles.copied(SAVED, "other"))
    assert profiles.copied(newer, "other").version == 1


def test_a_profile_is_made_from_an_approved_mapping(con, table_of: Callable[..., Any], tmp_path: Path):
    table = table_of("may", ["hostname", "ip"], ("web01", "10.0.0.1"), ("web02", "10.0.0.2"))
    target = targets.load("aws")
    agreed = mapping.approve(mapping.suggest(con, (table,), target), target, 0).mapping
    path = tmp_path / "saved.yaml"
    path.write_text(profiles.as_yaml(profiles.made("mine", 1, "generic", agreed)), encoding="utf-8")
    assert [f.target_field for f in profiles.read(path).fields] == [f.target_field for f in agreed.fields]


def test_guesses_for_other_tables_of_the_target_and_other_constants_stay(con, table_of: Callable[..., Any]):
    table = table_of("june", ["size"], ("40",))
    place = ProfiledField(source_table="june", target_table="vm", target_field="")
    size = {"source_field": "size", "target_field": "TotalDiskAllocatedGiB"}
    london = {"target_field": "HostingLocation(optional)", "transformation": 'constant("London")'}
    fields = tuple(place.model_copy(update=said) for said in (size, london))
    profile = MappingProfile(name="p", target_system="google", fields=fields)
    of_disks = _guess("size", "SizeInGib").model_copy(update={"target_table": "disk"})
    in_the_way = _guess("size", "TotalDiskUsedGiB(optional)").model_copy(update={"target_table": "vm"})
    physical = _guess("", "IsPhysical").model_copy(update={"target_table": "vm", "transformation": 'constant("false")'})
    offered = Suggestions(target="google", matches=(), assignment=(of_disks, in_the_way, physical))
    found = profiles.applied(
        con, profile, offered, [table], targets.load("google"), NOTHING_KNOWN
    ).suggestions.assignment
    assert [f.target_field for f in found[2:]] == ["SizeInGib", "IsPhysical"]
