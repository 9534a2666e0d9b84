"""Proposed transformations: from what values look like to what the field takes."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine import units
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.matcher.fields import Field
from discovery_pipeline.engine.mapping.transformations.previewing import preview
from discovery_pipeline.engine.mapping.transformations.proposing import propose
from discovery_pipeline.engine.profiling.model import ColumnProfile
from discovery_pipeline.engine.targets import TargetField

QUALITY = ("completeness", "validity", "uniqueness", "consistency", "timeliness", "score")
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
        ("integer", ("4", "8", "4.5"), "to_integer"),
        ("integer", ("2048.5", "4096.25", "8192"), "to_number | round(0)"),
        ("integer", ("2048,5", "4096,5", "8192,0"), 'to_number(",") | round(0)'),
        ("integer", ("1.500", "2.500"), 'to_integer(",")'),
        ("integer", ("4 cores", "8 cores"), r'regex_extract("(\d+)") | to_integer'),
        ("number", ("1,024.5", "3"), "to_number"),
        ("boolean", ("yes", "no"), "to_boolean"),
        ("boolean", ("true", "False"), None),
        ("date", ("2024-05-01",), None),
        ("date", ("31/12/2024", "01/02/2024"), 'parse_date("%d/%m/%Y")'),
        ("date", ("12/31/2024", "01/02/2024"), 'parse_date("%m/%d/%Y")'),
        ("date", ("19 avr. 2015", "6 mai 2020"), 'parse_date("%d %B %Y [fr]")'),
        ("date", ("12-Mai-2020", "12-Mar-2020"), 'parse_date("%d-%B-%Y [de]")'),
        ("date", ("12-May-2020", "12-Mar-2020"), 'parse_date("%d-%b-%Y")'),
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


def test_what_stands_behind_a_unit_is_left_out_before_the_conversion(con):
    values = ("16 GB DDR4", "32 GB (2x16)", "1,5 TB ECC", "8 GB")
    how = _proposed("memory", values, MEMORY)
    assert how
    assert how.endswith('| convert("GB","MB",",")')
    shown = preview(con, {"memory": values}, "memory", how, "float")
    assert [change.after for change in shown.changes] == ["16384", "32768", "1572864", "8192"]


def test_thousands_parted_by_a_point_are_read_as_the_column_writes_its_decimals(con):
    values = ("65.536 MB", "0,5 TB", "1.024,5 MB", "32 GB")
    how = _proposed("Arbeitsspeicher", values, MEMORY)
    assert how == 'convert("MB","MB",",")'
    shown = preview(con, {"Arbeitsspeicher": values}, "Arbeitsspeicher", how, "float")
    assert [change.after for change in shown.changes] == ["65536", "524288", "1024.5", "32768"]


@pytest.mark.parametrize("how", ['to_number(",")', 'to_integer(",")', 'convert("GB","GB",",")'])
def test_what_is_written_with_a_comma_is_read_after_cleansing_wrote_it_with_a_point(con, how: str):
    shown = preview(con, {"cpu": ("2,0", "2.0", "1.024", "1.024,0")}, "cpu", how, "float")
    assert [float(change.after or "nan") for change in shown.changes] == [2, 2, 1024, 1024]


@pytest.mark.parametrize("values", [("1 Gbit/s", "10 Gbit/s"), ("16 Riegel", "32 Riegel")])
def test_a_number_beside_a_unit_that_nobody_knows_is_no_number_of_the_targets(values: tuple[str, ...]):
    proposal = propose(Field(name="x"), values, None, MEMORY)
    assert proposal.transformation == "to_number"  # which empties them, and that is told
    assert proposal.doubtful
    assert values[0].split()[1] in proposal.reasons[0]


def test_a_unit_counts_where_a_profile_took_the_values_for_words():
    profile = ColumnProfile.model_validate(
        {"name": "net", "position": 0, "inferred_type": "string", "type_fit": 1, "null_count": 0, "null_ratio": 0,
         "distinct_count": 3, "distinct_is_exact": True, "quality": dict.fromkeys(QUALITY, 1)}
    )  # fmt: skip
    reads = TargetField(name="Reads", type="number", unit="KB/s")
    proposal = propose(Field(name="net"), ("1 Gbit/s", "100 MB/s", "10G"), profile, reads)
    assert (proposal.transformation or "").startswith("convert(")
