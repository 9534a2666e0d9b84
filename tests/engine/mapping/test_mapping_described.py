"""Descriptions: a name that says nothing is read by what its field is described as."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine import units
from discovery_pipeline.engine.mapping.matcher import fields, samples, words
from discovery_pipeline.engine.mapping.matcher.evidence import Reasons
from discovery_pipeline.engine.mapping.matcher.fields import Stated
from discovery_pipeline.engine.mapping.matcher.matching import compared

SOURCE = (
    Stated("F01", description="Server host name"),
    Stated("F02", description="RAM in GB, as installed"),
    Stated("F03", description="IPv4 address"),
    Stated("F04", description="Date of purchase"),
    Stated("F05", description="Colour of the bezel"),
)
TARGET = (
    Stated("x5", "date", "The day on which it was bought."),
    Stated("x4", "ip", "Primary network address (v4)."),
    Stated("x3", "integer", "Random access memory in megabytes"),
    Stated("x2", "string", "Name of the server, usually in small letters."),
    Stated("x1", "string", "Kind of contract"),
)


@pytest.mark.parametrize(
    ("name", "telling"),
    [("F01", False), ("fld_017", False), ("Attribute 3", False), ("kunnr", None), ("hostname", True), ("主机名", True)],
)
def test_some_names_say_nothing(name: str, telling: bool | None):
    assert words.telling(name) is telling


def test_fields_of_opaque_names_are_found_by_their_descriptions(con, table_of):
    rows = [(f"web{i:02}", str(2 ** (i % 5 + 2)), f"10.0.0.{i}", f"2020-01-{i + 1:02}", "red") for i in range(20)]
    table = table_of("export", [s.name for s in SOURCE], *rows)
    for source in (
        fields.of_table(table, samples.take(con, table), SOURCE),
        fields.of_schema("export", SOURCE),
    ):
        found = compared(source, fields.of_schema("target", TARGET))
        first = [found.target.names[j] for j in found.confidence.argmax(axis=1)]
        assert first[:4] == ["x2", "x3", "x4", "x5"]
        assert found.confidence[:4].max(axis=1).min() >= 0.5
        assert found.confidence[4].max() < 0.3, "the numbers in names that say nothing are no evidence"


def test_what_was_read_by_its_description_says_so():
    found = compared(fields.of_schema("export", SOURCE), fields.of_schema("target", TARGET))
    (said, *_) = Reasons(found).of(0, 3)
    assert "by the description of 'F01' and 'x2'" in said


def test_a_description_states_the_unit_and_a_name_that_says_something_stays():
    told = fields.of_schema(
        "s", [Stated("F02", "", "Installed memory (MB)"), Stated("disk", "", "RAM in GB"), Stated("F03", "", "")]
    )
    assert [f.own for f in told.fields] == ["Installed memory", "disk", "F03"]
    assert [f.unit for f in told.fields] == [units.unit("MB"), None, None]
