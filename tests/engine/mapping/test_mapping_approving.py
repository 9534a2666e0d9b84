"""Approval without a person: what is taken, what waits, and what blocks delivery."""

from __future__ import annotations

from discovery_pipeline.engine.mapping import MappedField, Mapping, Suggestions, approve
from discovery_pipeline.engine.mapping.approving import waiting
from discovery_pipeline.engine.targets import Target, TargetField, TargetRule, TargetTable

SERVER = TargetTable(
    name="server",
    file="t.csv",
    fields=tuple(
        TargetField(name=n, required=n == "id") for n in ("id", "ip", "fqdn", "os")
    ),
    rules=(TargetRule(kind="at_least_one_of", groups=(("ip",), ("fqdn",))),),
)  # fmt: skip
DISK = TargetTable(
    name="disk", file="d.csv", fields=(TargetField(name="server", required=True, references="server.id"),)
)
TARGET = Target(name="t", title="T", tables=(SERVER, DISK))


def _field(target: str, confidence: float, source: str = "hosts", table: str = "server") -> MappedField:
    return MappedField(
        source_table=source, source_field=target, target_table=table, target_field=target, confidence=confidence
    )


def _decided(*fields: MappedField):
    return approve(Suggestions(target="t", matches=(), assignment=fields), TARGET, 0.8)


def test_what_is_sure_enough_is_taken_and_the_rest_waits():
    approval = _decided(_field("id", 0.9), _field("ip", 0.8), _field("os", 0.79))
    assert [f.target_field for f in approval.mapping.fields] == ["id", "ip"]
    assert [f.target_field for f in approval.waiting] == ["os"]
    assert approval.missing == ()


def test_a_required_field_without_a_sure_mapping_blocks_and_names_its_best_offer():
    approval = _decided(_field("id", 0.6), _field("ip", 0.9))
    assert approval.mapping.fields == ()
    assert [f.target_field for f in approval.waiting] == ["id"]
    assert approval.missing == ("t server: no mapping from hosts reaches 0.8 for id (best offer: id, 0.60)",)


def test_one_whole_group_of_identity_is_needed():
    (missing,) = _decided(_field("id", 0.9), _field("os", 0.9)).missing
    assert "one of ip, fqdn" in missing


def test_only_source_tables_that_can_fill_rows_are_taken():
    approval = _decided(_field("id", 0.9), _field("ip", 0.9), _field("os", 0.95, source="licences"))
    assert {f.source_table for f in approval.mapping.fields} == {"hosts"}


def test_doubts_about_a_table_of_other_things_are_no_ones_to_decide():
    about_hosts = (_field("id", 0.9), _field("ip", 0.9), _field("os", 0.5))
    about_licences = (_field("os", 0.95, source="licences"), _field("fqdn", 0.4, source="licences"))
    (left,) = _decided(*about_hosts, *about_licences).waiting
    assert (left.source_table, left.target_field) == ("hosts", "os")


def test_doubts_about_a_table_that_fills_much_are_to_be_decided_though_another_gives_rows():
    wide = SERVER.model_copy(update={"fields": (*SERVER.fields, TargetField(name="ram"))})
    target = Target(name="t", title="T", tables=(wide,))
    full = [_field(name, 0.9) for name in ("id", "ip", "fqdn", "os", "ram")]
    nearly = [_field(name, 0.7 if name == "id" else 0.9, source="old") for name in ("id", "ip", "fqdn", "os", "ram")]
    approval = approve(Suggestions(target="t", matches=(), assignment=(*full, *nearly)), target, 0.8)
    assert [(f.source_table, f.target_field) for f in approval.waiting] == [("old", "id")]


def test_doubts_about_what_refers_to_rows_are_to_be_decided_where_it_says_more_than_that():
    wide = DISK.model_copy(update={"fields": (*DISK.fields, TargetField(name="size"))})
    target = Target(name="t", title="T", tables=(SERVER, wide))
    rows = (_field("id", 0.9), _field("ip", 0.9))
    refers = _field("server", 0.5, source="disks", table="disk")
    alone = approve(Suggestions(target="t", matches=(), assignment=(*rows, refers)), target, 0.8)
    assert alone.waiting == ()
    size = _field("size", 0.9, source="disks", table="disk")
    sized = approve(Suggestions(target="t", matches=(), assignment=(*rows, refers, size)), target, 0.8)
    assert sized.waiting == (refers,)


def test_what_is_left_beside_a_mapping_that_people_made_is_what_they_left():
    offered = Suggestions(target="t", matches=(), assignment=(_field("id", 0.9), _field("ip", 0.6), _field("os", 0.95)))
    taken = Mapping(target="t", fields=(_field("id", 1.0), _field("ip", 1.0)))
    assert [f.target_field for f in waiting(offered, TARGET, taken)] == ["os"]


def test_a_table_that_refers_to_another_counts_only_beside_it():
    alone = _decided(_field("server", 0.9, source="disks", table="disk"))
    assert alone.mapping.fields == ()
    assert alone.missing
    beside = _decided(
        _field("id", 0.9), _field("ip", 0.9), _field("server", 0.9, source="disks", table="disk")
    )  # fmt: skip
    assert {f.target_table for f in beside.mapping.fields} == {"server", "disk"}


def test_no_offer_at_all_says_what_is_needed():
    assert "id (nothing is offered)" in _decided().missing[0]


def test_a_table_with_one_sure_column_waits_beside_one_that_fills_many():
    plain = Target(name="t", title="T", tables=(SERVER.model_copy(update={"fields": (
        *(f.model_copy(update={"required": False}) for f in SERVER.fields),
    )}),))  # fmt: skip
    full = [_field(name, 0.9) for name in ("id", "ip", "fqdn", "os")]
    lone = _field("fqdn", 0.95, source="places")
    beside = approve(Suggestions(target="t", matches=(), assignment=(*full, lone)), plain, 0.8)
    assert {f.source_table for f in beside.mapping.fields} == {"hosts"}
    assert beside.waiting == ()
    alone = approve(Suggestions(target="t", matches=(), assignment=(lone,)), plain, 0.8)
    assert alone.mapping.fields == (lone,)
