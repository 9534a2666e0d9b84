"""Drafts: what is offered and what was decided make what would be saved."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from discovery_pipeline.engine.mapping.model import MappedField, Match, Suggestions
from discovery_pipeline.engine.tables import Source, Table, columns_named
from discovery_pipeline.engine.targets.contract import Target, TargetField, TargetRule, TargetTable
from discovery_pipeline.store.reviews.decisions import MAPPING, Decided
from discovery_pipeline.web.pages.views.review import needs
from discovery_pipeline.web.services.drafting import Draft, draft
from discovery_pipeline.web.services.entries import Choice

TARGET = Target(
    name="t",
    title="T",
    tables=(
        TargetTable(
            name="server",
            file="t.csv",
            fields=(TargetField(name="Name", required=True), TargetField(name="Ip"), TargetField(name="Serial")),
            rules=(TargetRule(kind="at_least_one_of", groups=(("Ip",), ("Serial",))),),
        ),
    ),
)


def table(*columns: str) -> Table:
    return Table.model_construct(
        name="servers", path=Path("x"), columns=columns_named(list(columns)), row_count=9, source=Source(file="s.csv")
    )


def field(column: str, name: str, confidence: float = 0.9) -> MappedField:
    return MappedField(
        source_table="servers", source_field=column, target_table="server", target_field=name, confidence=confidence
    )


def match(column: str, name: str, rank: int) -> Match:
    return Match(
        source_table="servers", source_field=column, target_table="server", target_field=name, rank=rank,
        confidence=0.5, evidence=("alike",), transformation="trim | upper",
    )  # fmt: skip


def decided(column: str, standing: str, *fields: MappedField, number: int = 1) -> Decided:
    after = Choice(standing=standing, fields=fields).model_dump(mode="json")  # type: ignore[arg-type]
    subject = ("t", "servers", column)
    return Decided(number, uuid4(), MAPPING, subject, None, after, None, "", "ana", datetime(2026, 1, 1, tzinfo=UTC))


def reviewed(*decisions: Decided, offered=(("host", "Name"), ("addr", "Ip"))) -> Draft:
    fields = tuple(field(column, name) for column, name in offered)
    matches = (match("host", "Name", 1), match("host", "Serial", 2), match("addr", "Ip", 1), match("note", "Serial", 1))
    found = Suggestions(target="t", matches=matches, assignment=fields)
    return draft(TARGET, (table("host", "addr", "note"),), found, {one.what: one for one in decisions})


def entry(made: Draft, column: str):
    return next(e for e in made.entries if e.column == column)


def test_nothing_is_saved_that_nobody_accepted():
    assert reviewed().mapping().fields == ()
    assert [e.column for e in reviewed().undecided] == ["host", "addr"]


def test_accepting_takes_what_is_offered_and_leaves_the_rest():
    made = reviewed()
    steps = made.accepting(made.undecided)
    assert [d.subject for d in steps] == [("t", "servers", "host"), ("t", "servers", "addr")]
    after = reviewed(decided("host", "accepted", field("host", "Name")), decided("note", "rejected"))
    assert [f.target_field for f in after.mapping().fields] == ["Name"]
    assert after.accepting(after.entries) == after.accepting([entry(after, "addr")])


def test_two_columns_for_one_field_are_both_told():
    made = reviewed(decided("note", "accepted", field("note", "Ip")))
    assert {key for key in made.conflicts} == {entry(made, "addr").key, entry(made, "note").key}
    settled = reviewed(
        decided("note", "accepted", field("note", "Ip")), decided("addr", "rejected", field("addr", "Ip"))
    )
    assert settled.conflicts == {}


def test_what_the_target_needs_is_told_with_what_fills_it():
    needs = {need.wants: need for need in reviewed().needs}
    assert needs["Name"].by[0].column == "host"
    assert needs["one of Ip, Serial"].by[0].column == "addr"
    bare = {need.wants: need.met for need in reviewed(decided("host", "rejected", field("host", "Name"))).needs}
    assert bare == {"Name": False, "one of Ip, Serial": True}


def test_a_constant_fills_a_need():
    constant = MappedField(
        source_table="servers", source_field="", target_table="server", target_field="Name", confidence=1,
        transformation='constant("unnamed")', origin="user",
    )  # fmt: skip
    made = reviewed(decided("", "accepted", constant), offered=(("addr", "Ip"),))
    assert {need.wants: need.constant for need in made.needs}["Name"] == 'constant("unnamed")'
    assert all(need.met for need in made.needs)
    assert constant in made.mapping().fields


def test_a_proposed_constant_is_shown_and_fills_nothing_by_itself():
    constant = MappedField(
        source_table="servers", source_field="", target_table="server", target_field="Name", confidence=0.6,
        transformation='constant("web")', evidence=("the table is called 'web'",),
    )  # fmt: skip
    found = Suggestions(target="t", matches=(), assignment=(constant, field("addr", "Ip")))
    made = draft(TARGET, (table("host", "addr"),), found, {})
    (name,) = [need for need in made.needs if need.wants == "Name"]
    assert (name.met, name.proposed) == (False, constant)
    assert made.mapping().fields == ()
    (shown,) = [need for need in needs(made) if need.wants == "Name"]
    assert (shown.proposed, shown.why) == ("web", "the table is called 'web'")


def test_another_choice_is_a_change_and_the_offer_is_kept():
    made = reviewed(decided("host", "accepted", field("host", "Serial")))
    assert entry(made, "host").changed
    assert not entry(made, "addr").changed
    assert entry(made, "host").offered[0].target_field == "Name"


def test_an_alternative_is_offered_as_it_was_reasoned():
    made = reviewed()
    chosen = made.offer(entry(made, "note"), "server", "Serial")
    assert (chosen.source_field, chosen.confidence, chosen.evidence) == ("note", 0.5, ("alike",))
    assert chosen.transformation == "trim | upper"


def test_what_a_threshold_took_stands_as_accepted():
    approved = reviewed(decided("host", "accepted", field("host", "Name"))).mapping()
    found = Suggestions(target="t", matches=(), assignment=(field("host", "Name"), field("addr", "Ip")))
    made = draft(TARGET, (table("host", "addr"),), found, {}, approved)
    assert [e.standing for e in made.entries] == ["accepted", "open"]


def test_keys_tell_columns_apart_whatever_they_are_called():
    odd = ("a", "A", "a b", "", "é", "<b>", "a\x1fb", '","')
    found = Suggestions(target="t", matches=(), assignment=())
    made = draft(TARGET, (table(*odd),), found, {})
    assert len(made.by_key) == len(odd)


def contested(*decisions: Decided, rival: float = 0.8) -> Draft:
    """Two addresses for one field: `addr` is offered for it at 0.9, and `mgmt` would fit."""
    matches = (
        match("addr", "Ip", 1),
        match("mgmt", "Ip", 1).model_copy(update={"confidence": rival}),
        match("note", "Ip", 1).model_copy(update={"confidence": 0.1}),
    )
    found = Suggestions(target="t", matches=matches, assignment=(field("addr", "Ip"),))
    return draft(TARGET, (table("addr", "mgmt", "note"),), found, {one.what: one for one in decisions})


def test_a_column_whose_field_another_one_fills_is_told_with_it():
    made = contested(rival=0.5)
    (key,) = made.challenges
    assert key == entry(made, "mgmt").key
    assert [one.column for one in made.challenges[key].by] == ["addr"]
    assert made.conflicts == {}


def test_two_columns_that_fit_a_field_nearly_alike_are_a_conflict_until_one_is_chosen():
    made = contested()
    assert {made.by_key[key].column for key in made.conflicts} == {"addr", "mgmt"}
    assert made.sure == ()
    assert {made.by_key[key].column for key in made.to_check} == {"addr", "mgmt", "note"}
    assert contested(decided("addr", "accepted", field("addr", "Ip"))).conflicts == {}


def chosen(made: Draft, column: str, over: str = "") -> dict[str, tuple[str, list[str]]]:
    steps = made.preferring(entry(made, column), entry(made, over) if over else None)
    wanted = [(d.subject[-1], Choice.model_validate(d.after)) for d in steps]
    return {str(name): (choice.standing, [f.target_field for f in choice.fields]) for name, choice in wanted}


def test_one_of_two_is_chosen_and_the_other_rejected_in_one_step():
    made = contested()
    assert chosen(made, "mgmt") == {"mgmt": ("accepted", ["Ip"]), "addr": ("rejected", ["Ip"])}
    assert chosen(made, "addr") == {"addr": ("accepted", ["Ip"]), "mgmt": ("rejected", ["Ip"])}


def test_a_column_that_suits_less_is_rejected_only_where_it_is_meant():
    made = contested(rival=0.5)
    assert chosen(made, "addr") == {"addr": ("accepted", ["Ip"])}
    assert chosen(made, "addr", "mgmt") == {"addr": ("accepted", ["Ip"]), "mgmt": ("rejected", ["Ip"])}


def test_what_a_yielding_column_fills_besides_stays():
    both = decided("addr", "accepted", field("addr", "Ip"), field("addr", "Serial"))
    assert chosen(contested(both), "mgmt")["addr"] == ("accepted", ["Serial"])


def test_a_rejected_pair_challenges_nothing_any_more():
    made = contested(decided("mgmt", "rejected", field("mgmt", "Ip")))
    assert (made.challenges, made.conflicts) == ({}, {})
