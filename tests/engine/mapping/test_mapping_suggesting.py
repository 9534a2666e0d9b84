"""Suggestions: the right fields first, with reasons; an honest none; and tables about something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from discovery_pipeline.engine import duck, mapping, targets
from discovery_pipeline.engine.mapping import MappedField, Memory, Suggestions, transformations
from discovery_pipeline.engine.mapping.known import Known
from discovery_pipeline.engine.mapping.matcher import fields, samples
from discovery_pipeline.engine.mapping.matcher.matching import match
from discovery_pipeline.engine.mapping.model import HIGH
from discovery_pipeline.engine.mapping.suggestions import suggesting
from discovery_pipeline.engine.tables import Source, Table, columns_named

SERVERS = {
    "ci_id": ["CI001", "CI002", "CI003", "CI004"],
    "server_name": ["web01", "web02", "db01", "fs01"],
    "ipv4": ["10.1.0.4", "10.1.0.5", "10.2.0.9", "10.3.0.1"],
    "mac": ["00:50:56:aa:00:01", "00:50:56:aa:00:02", "00:50:56:aa:00:03", "00:50:56:aa:00:04"],
    "operating_system": ["Ubuntu 22.04", "Ubuntu 22.04", "RHEL 8", "Windows Server 2019"],
    "ram_gb": ["8", "16", "64", "32"],
    "favourite_colour": ["red", "blue", "green", "red"],
}

Make = Callable[..., Table]


@pytest.fixture
def con():
    with duck.connect() as connection:
        yield connection


@pytest.fixture
def made(con, tmp_path: Path) -> Make:
    def make(name: str, fields: dict[str, list[str]]) -> Table:
        columns = columns_named(list(fields))
        rows = list(zip(*fields.values(), strict=True))
        shown = ", ".join("(" + ", ".join(duck.text(cell) for cell in row) + ")" for row in rows)
        names = ", ".join(duck.col(c) for c in columns)
        path = tmp_path / f"{name}.parquet"
        duck.write(con, f"SELECT 1::BIGINT AS __line, * FROM (VALUES {shown}) t({names})", path)
        return Table(name=name, path=path, columns=columns, row_count=len(rows), source=Source(file=f"{name}.csv"))

    return make


def _chosen(found: Suggestions) -> dict[str, MappedField]:
    return {f.source_field: f for f in found.assignment}


def test_servers_find_their_fields_with_reasons(con, made: Make):
    chosen = _chosen(mapping.suggest(con, (made("servers", SERVERS),), targets.load("aws")))
    assert {name: field.target_field for name, field in chosen.items()} == {
        "ci_id": "ExternalId",
        "server_name": "HostName",
        "ipv4": "IPAddress",
        "mac": "MACAddress",
        "operating_system": "OS.Name",
        "ram_gb": "RAM.TotalSizeInMB",
    }
    assert "4 of 4 distinct values are IP addresses" in chosen["ipv4"].evidence
    assert chosen["ipv4"].confidence >= HIGH


def test_a_unit_in_the_header_becomes_a_conversion_that_compiles(con, made: Make):
    table = made("servers", SERVERS)
    field = _chosen(mapping.suggest(con, (table,), targets.load("aws")))["ram_gb"]
    assert field.transformation == 'convert("GB","MB")'
    assert any("so × 1,024" in reason for reason in field.evidence)
    sql = transformations.compile(transformations.parse(field.transformation), table, "ram_gb")
    assert con.execute(f"SELECT {sql} FROM {duck.scan(table)} LIMIT 1").fetchone() == ("8192",)


def test_what_fits_nothing_stays_unmapped_on_both_sides(con, made: Make):
    found = mapping.suggest(con, (made("servers", SERVERS),), targets.load("aws"))
    assert [f.field for f in found.unmapped_source] == ["favourite_colour"]
    assert "ApplicationWave" in [f.field for f in found.unmapped_target]


def test_no_pattern_of_a_contract_holds_the_suggestions_up(con, made: Make):
    code = "{name: code, required: true, pattern: '^(a+)+$'}"
    own = targets.parsed(f"name: own\ntitle: Own\ntables: [{{name: t, file: t.csv, fields: [{code}]}}]", "own.yaml")
    found = mapping.suggest(con, (made("t", {"code": ["a" * 60 + "!", "a" * 60], "x": ["1", "2"]}),), own)
    assert _chosen(found)["code"].target_field == "code"


def test_the_best_twenty_are_kept_in_order_of_confidence(con, made: Make):
    found = mapping.suggest(con, (made("servers", SERVERS),), targets.load("aws"))
    mine = [m for m in found.matches if m.source_field == "mac"]
    assert [m.rank for m in mine] == list(range(1, 21))
    assert [m.confidence for m in mine] == sorted((m.confidence for m in mine), reverse=True)


def test_fields_under_a_key_of_the_users_are_not_offered(con, made: Make):
    found = mapping.suggest(con, (made("servers", SERVERS),), targets.load("aws-mgn"))
    assert not [m for m in found.matches if m.target_field.endswith("KEY")]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("relations", {"parent": ["web01", "web02"], "child": ["db01", "db01"], "type": ["uses", "uses"]}),
        ("users", {"id": ["u1", "u2"], "name": ["Ann", "Bo"], "email": ["a@x.org", "b@x.org"]}),
        ("applications", {"id": ["a1", "a2"], "name": ["CRM", "Shop"], "criticality": ["high", "low"]}),
    ],
)
def test_a_table_about_something_else_identifies_no_server(con, made: Make, name: str, fields: dict[str, list[str]]):
    target = targets.load("aws")
    approval = mapping.approve(mapping.suggest(con, (made(name, fields),), target), target, 0.8)
    assert not approval.mapping.fields
    assert approval.missing


def test_a_table_about_something_else_fills_nothing_beside_one_that_is_about_it(con, made: Make):
    places = made("locations", {"name": ["Lyon", "Graz"], "street": ["Rue Verte 1", "Lindenweg 2"]})
    found = mapping.suggest(con, (made("servers", SERVERS), places), targets.load("aws"))
    assert {f.source_table for f in found.assignment} == {"servers"}
    offered = next(m for m in found.matches if m.source_table == "locations" and m.target_field == "HostName")
    assert "the table is about locations, the target about servers" in offered.evidence


def test_it_is_offered_alone_with_what_is_held_against_it(con, made: Make):
    places = made("locations", {"name": ["Lyon", "Graz"], "street": ["Rue Verte 1", "Lindenweg 2"]})
    (field,) = mapping.suggest(con, (places,), targets.load("aws")).assignment
    assert (field.source_field, field.target_field) == ("name", "HostName")
    assert field.confidence < HIGH


def test_a_pair_that_was_approved_stays_whatever_its_table_is_about(con, made: Make):
    places = made("locations", {"name": ["Lyon", "Graz"], "street": ["Rue Verte 1", "Lindenweg 2"]})
    before = MappedField(
        source_table="locations", source_field="name", target_table="server", target_field="HostName", confidence=1.0
    )
    known = Known(memory=Memory.of([before]))
    found = mapping.suggest(con, (made("servers", SERVERS), places), targets.load("aws"), known)
    assert ("locations", "name") in {(f.source_table, f.source_field) for f in found.assignment}


def test_what_was_approved_before_comes_first_and_says_so(con, made: Make):
    before = MappedField(
        source_table="other file",
        source_field="FAVOURITE_COLOUR",
        target_table="server",
        target_field="ApplicationWave",
        confidence=1.0,
        origin="user",
    )
    table = made("servers", SERVERS)
    field = _chosen(mapping.suggest(con, (table,), targets.load("aws"), Known(memory=Memory.of([before]))))[
        "favourite_colour"
    ]
    assert (field.target_field, field.origin) == ("ApplicationWave", "memory")
    assert field.evidence[0] == "you approved this pair before"


def test_a_table_without_rows_is_matched_by_its_names(con, made: Make):
    bare = made("servers", SERVERS).model_copy(update={"row_count": 0})
    chosen = _chosen(mapping.suggest(con, (bare,), targets.load("aws")))
    assert chosen["mac"].target_field == "MACAddress"


def test_columns_that_are_all_empty_break_nothing(con, made: Make):
    table = made("servers", {"hostname": ["web01", "web02"], "void": ["", ""], "%": ["1", "2"]})
    found = mapping.suggest(con, (table,), targets.load("azure"))
    assert _chosen(found)["hostname"].target_field == "*Server name"


def test_what_no_column_holds_whole_is_put_together(con, made: Make):
    table = made("people", {"first_name": ["Ann", "Bo"], "last_name": ["Lang", "Kim"], "email": ["a@x.org", "b@x.org"]})
    found = _between(con, table, "full_name", "email")
    assert found["full_name"] == ('concat(first_name, " ", last_name)', 0.7)


def test_what_a_column_holds_together_is_taken_apart(con, made: Make):
    found = _between(con, made("people", {"full name": ["Ann Lang", "Bo Kim"]}), "first_name", "last_name")
    assert {field: how for field, (how, _) in found.items()} == {
        "first_name": 'split(" ", 0)',
        "last_name": 'split(" ", -1)',
    }


def _between(con, table: Table, *wanted: str) -> dict[str, tuple[str | None, float]]:
    side = fields.of_schema("target", [fields.Stated(name) for name in wanted])
    source = fields.of_table(table, samples.take(con, table))
    found = suggesting.between("target", [source], [(fields.as_target(side), side)])
    return {f.target_field: (f.transformation, f.confidence) for f in found.assignment}


def test_the_key_of_a_table_is_likelier_what_tells_the_targets_rows_apart(con, made: Make):
    from discovery_pipeline.engine.schema.model import PrimaryKey, SchemaAnalysis

    rows = {"sys_id": ["6cad4a26", "907a70c3", "0a097c97"], "asset_tag": ["P1", "P2", "P3"], "name": ["w1", "w2", "w3"]}
    tables, target = (made("servers", rows),), targets.load("aws")
    key = PrimaryKey(table="servers", columns=("sys_id",), confidence=0.9)
    before = mapping.suggest(con, tables, target).matches[0]
    after = mapping.suggest(con, tables, target, Known(analysis=SchemaAnalysis(primary_keys=(key,)))).matches[0]
    assert (before.source_field, after.source_field) == ("sys_id", "sys_id")
    assert (before.target_field, after.target_field) == ("ExternalId", "ExternalId")
    assert after.confidence > before.confidence
    assert "it is the key of its table" in after.evidence


def test_several_columns_that_nothing_takes_may_each_become_a_tag(con, made: Make):
    rows = SERVERS | {"environment": ["prod", "dev", "prod", "test"], "cost_center": ["1", "2", "3", "4"]}
    chosen = _chosen(mapping.suggest(con, (made("servers", rows),), targets.load("aws-mgn")))
    tags = {f.source_field: (f.target_field, f.tier) for f in chosen.values() if ":tag:" in f.target_field}
    assert tags == {
        "environment": ("mgn:server:tag:environment", "Check"),
        "cost_center": ("mgn:server:tag:cost_center", "Check"),
    }


def test_high_needs_more_than_a_name(con, made: Make):
    table = made("people", {"email_consent": ["yes", "no", "yes"], "e_mail": ["a@x.org", "b@x.org", "c@x.org"]})
    side = fields.of_schema("target", [fields.Stated("email", "string"), fields.Stated("name", "string")])
    source = fields.of_table(table, samples.take(con, table))
    found = suggesting.between("target", [source], [(fields.as_target(side), side)])
    tiers = {(m.source_field, m.target_field): m.tier for m in found.matches}
    assert tiers["email_consent", "email"] != "High"


def test_names_alone_are_never_high_though_they_say_the_very_same():
    source = fields.of_schema("old", map(fields.Stated, ("cust_id", "last_name", "order_dt", "remark")))
    target = fields.of_schema("new", map(fields.Stated, ("customer_id", "surname", "order_date", "colour")))
    found = match(source, target).confidence
    assert found.argmax(axis=1)[:3].tolist() == [0, 1, 2]
    assert found.max() < HIGH


def test_a_comment_is_no_tag(con, made: Make):
    rows = SERVERS | {"comments": ["do not touch", "to be retired", "old", "ask Ann"]}
    chosen = _chosen(mapping.suggest(con, (made("servers", rows),), targets.load("aws")))
    assert "comments" not in chosen


def test_a_vendors_own_header_is_known_by_its_contract(con, made: Make):
    contract = targets.load("google").tables[0]
    bare = fields.of_schema("header", [fields.Stated(f.name) for f in contract.fields])
    table = made("servers", {"vm": ["srv-01", "srv-02"], "provisioned_mib": ["104448", "208896"]})
    source = fields.of_table(table, samples.take(con, table))
    found = suggesting.between("header", [source], [(fields.as_target(bare), bare)])
    best = {m.source_field: m.target_field for m in found.matches if m.rank == 1}
    assert best == {"vm": "MachineName", "provisioned_mib": "TotalDiskAllocatedGiB"}
