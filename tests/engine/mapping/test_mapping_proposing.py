"""Proposed transformations: from what values look like to what the field takes."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine import units
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.matcher.fields import Field
from discovery_pipeline.engine.mapping.transformations.proposing import propose
from discovery_pipeline.engine.targets import TargetField

MEMORY = TargetField(name="RAM", type="number", unit="MB", description="Total memory of the server")


def _proposed(header: str, values: tuple[str, ...], target: TargetField) -> str | None:
    proposal = propose(Field(name=header, unit=units.in_header(header)), values, None, target)
    if proposal.transformation:
        transformations.parse(proposal.transformation)
    return proposal.transformation


@pytest.mark.parametrize(
    ("header", "values", "expected"),
    [
        ("RAM (GB)", ("8", "16"), 'convert("GB","MB")'),
        ("memory", ("16 GB", "512 MB", "8 GB"), 'convert("GB","MB")'),
        ("ram_mb", ("8192",), None),
        ("ram", ("8", "16", "64"), 'convert("GB","MB")'),
        ("ram", ("8192", "16384"), None),
        ("ram", ("8589934592", "17179869184"), 'convert("B","MB")'),
        ("ram", ("400", "500", "600"), None),
    ],
    ids=["header", "written", "same", "small numbers", "thousands", "milliards", "could be either"],
)
def test_memory_is_converted_by_header_by_value_or_by_a_magnitude_that_leaves_no_doubt(header, values, expected):
    assert _proposed(header, values, MEMORY) == expected


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("integer", ("4", "8"), None),
        ("integer", ("4.0", "8"), "to_integer"),
        ("integer", ("4 cores", "8 cores"), r'regex_extract("(\d+)") | to_integer'),
        ("number", ("1,024.5", "3"), "to_number"),
        ("boolean", ("yes", "no"), "to_boolean"),
        ("boolean", ("true", "False"), None),
        ("date", ("2024-05-01",), None),
        ("date", ("31/12/2024", "01/02/2024"), 'parse_date("%d/%m/%Y")'),
        ("date", ("12/31/2024", "01/02/2024"), 'parse_date("%m/%d/%Y")'),
        ("ipv4", ("10.0.0.1;10.0.0.2",), 'split(";", 0)'),
        ("string", ("anything",), None),
    ],
)
def test_types_are_written_as_the_target_takes_them(kind, values, expected):
    assert _proposed("column", values, TargetField(name="f", type=kind)) == expected


def test_a_list_takes_the_targets_separator():
    target = TargetField(name="IPs", type="list<ip>", separator=",")
    assert _proposed("ips", ("10.0.0.1;10.0.0.2", "10.0.0.3"), target) == 'replace(";", ",")'


def test_shares_become_percent_only_where_they_are_shares():
    target = TargetField(name="CPU", type="number", unit="percent")
    assert _proposed("cpu", ("0.25", "0.5", "0.81"), target) == 'convert("ratio","percent")'
    assert _proposed("cpu", ("25", "50", "81"), target) is None


def test_numbers_that_no_unit_makes_possible_are_for_a_person_to_look_at():
    size = TargetField(name="SizeInGib", type="number", unit="GB")
    odd = propose(Field(name="amount"), ("17179869184", "34359738368"), None, size)
    assert odd.doubtful
    assert "hardly possible" in odd.reasons[0]
    assert not propose(Field(name="amount"), ("1717", "3435"), None, size).doubtful


def test_a_name_without_its_domain_is_for_a_person_to_look_at_where_one_with_it_is_wanted():
    wanted = TargetField(name="fqdn", type="fqdn")
    short = propose(Field("Host"), ("web01", "web02"), None, wanted)
    full = propose(Field("Host"), ("web01.example.com", "web02"), None, wanted)
    assert (short.doubtful, full.doubtful) == (True, False)
    assert any("domain" in reason for reason in short.reasons)
