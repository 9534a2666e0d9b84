"""Constants for required fields: proposed where the contract or the file says which, and never taken unseen."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine import mapping, targets
from discovery_pipeline.engine.mapping import FieldMappingService, MappedField, SourceSchema
from discovery_pipeline.engine.mapping.known import Known
from discovery_pipeline.engine.mapping.submitted import SourceField
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable

HEADER = ["hostname", "ip_address", "operating_system", "Price (EUR)"]
ROWS = [(f"web{i:02}", f"10.0.0.{i}", "Ubuntu 22.04", f"{i}.50") for i in range(30)]


def _target(*wanted: TargetField) -> Target:
    known = (
        TargetField(name="Hostname", required=True, unique=True),
        TargetField(name="IP address", type="ipv4"),
        TargetField(name="Operating system"),
    )
    return Target(name="t", title="T", tables=(TargetTable(name="server", file="s.csv", fields=(*known, *wanted)),))


@pytest.fixture
def fixed(con, table_of):
    def made(*wanted: TargetField, name: str = "machines", above: tuple[str, ...] = ()) -> dict[str, MappedField]:
        found = mapping.suggest(con, (table_of(name, HEADER, *ROWS),), _target(*wanted), Known(stated={name: above}))
        return {f.target_field: f for f in found.assignment if not f.source_field}

    return made


def test_the_contracts_default_is_proposed_for_a_person_to_check(fixed):
    field = fixed(TargetField(name="Tenant", required=True, default="acme"))["Tenant"]
    assert (field.transformation, field.tier, field.source_field) == ('constant("acme")', "Check", "")
    assert field.evidence == ("no column holds it; 'acme' is the target's own default",)


def test_a_field_that_takes_one_value_only_gets_it(fixed):
    field = fixed(TargetField(name="Format version", required=True, allowed=("2.1",)))["Format version"]
    assert field.transformation == 'constant("2.1")'


@pytest.mark.parametrize(
    ("wanted", "above", "value"),
    [
        (TargetField(name="Region", required=True), ("Export of May", "Region: eu-central-1"), "eu-central-1"),
        (TargetField(name="Env", required=True, allowed=("Production", "Test")), ("Umgebung = PRD",), "Production"),
        (TargetField(name="Stage", required=True, allowed=("Production", "Test")), ("All prod hosts",), "Production"),
        (TargetField(name="As of", type="date", required=True), ("As of: 2026-05-01",), "2026-05-01"),
    ],
    ids=lambda p: p if isinstance(p, str) else "",
)  # fmt: skip
def test_what_stands_above_the_table_is_said_of_every_row(fixed, wanted, above, value):
    field = fixed(wanted, above=above)[wanted.name]
    assert field.transformation == f'constant("{value}")'
    assert above[-1] in field.evidence[0]


def test_the_tables_own_name_may_say_it(fixed):
    stage = TargetField(name="Stage", required=True, allowed=("Production", "Test", "Development"))
    assert fixed(stage, name="servers_prod")["Stage"].transformation == 'constant("Production")'
    assert fixed(stage, name="servers_prod_and_test") == {}, "two may be meant"


def test_the_currency_that_headers_state_is_that_of_every_row(fixed):
    field = fixed(TargetField(name="Currency", required=True), TargetField(name="Price", type="number"))["Currency"]
    assert field.transformation == 'constant("EUR")'
    assert "'Price (EUR)' is in EUR" in field.evidence[0]


@pytest.mark.parametrize(
    ("wanted", "above"),
    [
        (TargetField(name="Region", required=True), ("Servers of all sites",)),
        (TargetField(name="Region"), ("Region: eu-central-1",)),
        (TargetField(name="Region", required=True, allowed=("us-east-1",), match="contains"), ()),
        (TargetField(name="As of", type="date", required=True), ("As of: last week",)),
        (TargetField(name="Stage", required=True, allowed=("Production", "Test")), ("Stage: unclear",)),
        (TargetField(name="Owner", required=True), ("Owner:",)),
    ],
)
def test_nothing_is_invented(fixed, wanted, above):
    assert fixed(wanted, above=above) == {}


def test_rows_that_all_have_a_vcenter_are_virtual_machines(con, table_of):
    rows = [(f"web{i}", f"vm-{i}", "vc1.corp", "Ubuntu 22.04", "4", "16") for i in range(30)]
    table = table_of("vInfo", ["VM", "VM ID", "VI SDK Server", "OS", "CPUs", "Memory GB"], *rows)
    found = mapping.suggest(con, (table,), targets.load("google"))
    physical = next(f for f in found.assignment if f.target_field == "IsPhysical")
    assert (physical.transformation, physical.source_field) == ('constant("false")', "")


def test_an_unattended_run_lists_the_constant_and_does_not_take_it(con, table_of):
    target = _target(TargetField(name="Tenant", required=True, default="acme"))
    found = mapping.suggest(con, (table_of("machines", HEADER, *ROWS),), target)
    approval = mapping.approve(found, target, 0.8)
    assert approval.mapping.fields == ()
    assert approval.missing == (
        't server: no mapping from machines reaches 0.8 for Tenant (best offer: constant("acme"), 0.60)',
    )
    assert mapping.approve(found, target, 0.5).missing == ()


def test_submit_takes_what_was_proposed(con, table_of):
    target = _target(TargetField(name="Licences", type="integer", required=True, default="1"))
    table = table_of("machines", HEADER, *ROWS)
    found = mapping.suggest(con, (table,), target)
    schema = SourceSchema(fields=tuple(SourceField(name=c.name, table="machines") for c in table.columns))
    lines = [f for f in found.assignment if f.target_field in ("Hostname", "Licences")]
    assert FieldMappingService(target).validate_mapping(lines, schema).errors == []
