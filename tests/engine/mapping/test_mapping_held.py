"""What columns hold against what fields are called: answers, numbers, codes and kinds of machine."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine import targets
from discovery_pipeline.engine.mapping.matcher import fields, samples
from discovery_pipeline.engine.mapping.matcher.evidence import Reasons
from discovery_pipeline.engine.mapping.matcher.fields import Stated
from discovery_pipeline.engine.mapping.matcher.matching import Matched, compared
from discovery_pipeline.engine.mapping.matcher.samples import KINDS
from discovery_pipeline.engine.mapping.model import HIGH, LIKELY

GOOGLE = {table.name: fields.of_target(table) for table in targets.load("google").tables}
AWS = fields.of_target(targets.load("aws").table("server"))
ROWS = 30


@pytest.fixture
def matched(con, table_of):
    """A column of these values in turn, beside host names, against a target."""

    def match(column: str, values: tuple[str, ...], target: fields.Side) -> Matched:
        rows = [(f"web{i:02}", values[i % len(values)]) for i in range(ROWS)]
        table = table_of("servers", ["Hostname", column], *rows)
        return compared(fields.of_table(table, samples.take(con, table)), target)

    return match


def _confidence(found: Matched, field: str) -> float:
    return float(found.confidence[1, found.target.names.index(field)])


@pytest.mark.parametrize("column", ["Machine Type", "Computer Type", "Type"])
@pytest.mark.parametrize("values", [("Virtual", "Physical"), ("Virtual machine", "Physical server")])
def test_virtual_or_physical_is_no_size_of_a_machine(matched, column: str, values: tuple[str, ...]):
    found = matched(column, values, GOOGLE["vm"])
    assert _confidence(found, "MachineTypeLabel(optional)") < LIKELY
    assert found.target.names[found.confidence[1].argmax()] == "IsPhysical"


def test_a_size_of_a_machine_is_one(matched):
    found = matched("Machine Type", ("n2-standard-4", "e2-medium", "n1-highmem-8"), GOOGLE["vm"])
    assert found.target.names[found.confidence[1].argmax()] == "MachineTypeLabel(optional)"


@pytest.mark.parametrize(
    ("values", "offered"),
    [(("vm-101", "vm-22", "vm-3"), True), (("101", "102", "205"), False), (("VirtualMachine:vm-7",), True)],
)
def test_a_reference_of_vcenter_looks_like_one(matched, values: tuple[str, ...], offered: bool):
    found = matched("VM ID", values, AWS)
    assert (_confidence(found, "VMware.MoRefId") >= LIKELY) is offered
    said = Reasons(found).of(1, found.target.names.index("VMware.MoRefId"))
    assert ("but no such field holds such values" in said) is not offered


@pytest.mark.parametrize(
    ("column", "values", "target"),
    [
        ("In Service", ("yes", "no"), ["application", "location"]),
        ("Is control domain", ("true", "false"), ["domain name"]),
        ("CPU ID", ("198391", "329300", "591593"), ["number of cpus", "cpu cores"]),
        ("Disks", ("1", "2", "3", "4"), ["disk label"]),
    ],
)
def test_what_a_field_can_not_be_called_is_not_offered(matched, column: str, values: tuple[str, ...], target):
    found = matched(column, values, fields.of_schema("target", map(Stated, target)))
    assert found.confidence[1].max() <= LIKELY


@pytest.mark.parametrize(("values", "boolean"), [(("NE",), False), (("NE", "ANO"), True), (("no",), True)])
def test_the_only_value_of_a_column_may_be_a_code(con, table_of, values: tuple[str, ...], boolean: bool):
    table = table_of("t", ["a"], *[(values[i % len(values)],) for i in range(ROWS)])
    seen = samples.take(con, table)
    assert seen
    assert bool(seen.kinds[0, tuple(KINDS).index("boolean")] == 1) is boolean


@pytest.mark.parametrize("value", ["10.0.0.1; fe80::1", "10.0.0.1,10.0.0.2", "::1", "2001:db8::1, 2001:db8::2"])
def test_lists_of_addresses_of_both_kinds_are_addresses(con, table_of, value: str):
    table = table_of("t", ["IPs"], (value,))
    seen = samples.take(con, table)
    assert seen
    assert seen.kinds[0, tuple(KINDS).index("ip")] == 1


def test_ips_are_the_addresses_of_a_machine(matched):
    values = tuple(f"10.0.0.{i}; fe80::{i:x}" for i in range(1, ROWS))
    assert _confidence(matched("IPs", values, AWS), "IPAddress") >= HIGH


@pytest.mark.parametrize(
    ("column", "field"), [("Last Edited", "last_discovered"), ("BIOS vendor", "manufacturer"), ("Tags", "asset_tag")]
)
def test_what_is_called_something_else_is_not_sure(matched, column: str, field: str):
    values = {"Last Edited": "2024-05-01", "BIOS vendor": "Dell Inc.", "Tags": "env:prod"}
    found = matched(column, (values[column],), fields.of_target(targets.load("servicenow").table("server")))
    assert _confidence(found, field) < HIGH
