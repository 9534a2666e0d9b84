"""Measures: units converted by what is known of bare numbers, pairs that can't be the same, and answers reworded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine import duck, mapping, targets, units
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.matcher.fields import Field
from discovery_pipeline.engine.mapping.transformations.answers import answered
from discovery_pipeline.engine.mapping.transformations.conversions import conversion
from discovery_pipeline.engine.mapping.transformations.proposing import propose
from discovery_pipeline.engine.profiling.model import ColumnProfile, Quality, ValueCount
from discovery_pipeline.engine.tables import Source, Table, columns_named
from discovery_pipeline.engine.targets import TargetField

MEMORY = TargetField(name="RAM", type="number", unit="MB")
DISK = TargetField(name="Disk size", type="number", unit="GB")
SPEED = TargetField(name="cpu_speed", type="integer", unit="MHz")


def _conversion(header: str, values: tuple[str, ...], target: TargetField, profile: ColumnProfile | None = None):
    found = conversion(Field(name=header, unit=units.in_header(header)), values, profile, target)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("header", "values", "target", "expected"),
    [
        ("ram", ("16384", "8192", "16 GB"), MEMORY, 'convert("MB","MB")'),
        ("ram", ("16777216", "8388608"), MEMORY, 'convert("KB","MB")'),
        ("ram_gb", ("16384", "8192"), MEMORY, 'convert("GB","MB")'),
        ("ram", ("8", "16384", "16", "32768"), MEMORY, None),
        ("space", ("250", "500", "1,5 TB"), DISK, 'convert("GB","GB",",")'),
        ("disk_space", ("250", "500", "900"), DISK, None),
        ("capacity_mb", ("250", "500"), DISK, 'convert("MB","GB")'),
        ("clock", ("2.4", "3.1"), SPEED, 'convert("GHz","MHz") | round(0)'),
        ("usage_pct", ("12", "80"), MEMORY, None),
        ("anything", ("400", "500", "2 GB"), MEMORY, 'convert("MB","MB")'),
    ],
)
def test_bare_numbers_are_converted_from_the_unit_they_are_in(header, values, target, expected):
    assert _conversion(header, values, target) == expected


def test_a_profile_knows_the_unit_of_the_whole_column():
    quality = Quality(completeness=1, validity=1, uniqueness=1, consistency=1, timeliness=None, score=1)
    known = ColumnProfile(
        name="size", position=0, inferred_type="integer", type_fit=1, null_count=0, null_ratio=0, distinct_count=2,
        distinct_is_exact=True, quality=quality, unit="KB", units=(ValueCount(value="GiB", count=1),),
    )  # fmt: skip
    assert _conversion("size", ("8", "16"), MEMORY, known) == 'convert("KB","MB")'


@pytest.mark.parametrize(
    ("values", "doubtful"),
    [
        (("8", "16", "16384", "32768"), True),
        (("8", "16", "32", "64"), False),
        (("400", "500", "600"), False),
        (("8 GB", "16384 MB"), False),
    ],
)
def test_numbers_in_several_units_are_for_a_person(values, doubtful):
    proposal = propose(Field(name="ram"), values, None, MEMORY)
    assert proposal.doubtful == doubtful
    assert any("several units" in reason for reason in proposal.reasons) == doubtful


@pytest.fixture(scope="module")
def converted() -> Callable[[str, str], str | None]:
    con = duck.connect()
    table = Table(
        name="t", path=Path("unread"), columns=columns_named(["value"]), row_count=1, source=Source(file="t.csv")
    )

    def run(text: str, value: str) -> str | None:
        sql = transformations.compile(transformations.parse(text), table, "value")
        found = con.execute(f"SELECT {sql} FROM (SELECT ?::VARCHAR AS value)", [value]).fetchone()
        return found[0] if found else None

    return run


@pytest.mark.parametrize(
    ("value", "expected"),
    [("16", "16"), ("16 GB", "16384"), ("1,5 TB", "1572864"), ("0,125 GB", "128"), ("1,500", "1500"), ("1,2,3", None)],
)
def test_a_values_own_unit_wins_and_a_decimal_comma_is_one(converted, value: str, expected: str | None):
    assert converted('convert("MB","MB")', value) == expected


@settings(deadline=None)
@given(st.integers(1, 10**9), st.sampled_from(["KB", "MB", "GB"]))
def test_a_number_comes_to_the_same_with_its_unit_beside_it_or_without(converted, number: int, unit: str):
    text = f'convert("{unit}","MB")'
    assert converted(text, str(number)) == converted(text, f"{number} {unit}") == converted(text, f"{number}{unit}")


SERVERS = {
    "name": ["web01", "web02", "db01", "fs01"],
    "ram": ["8192", "16384", "65536", "32 GB"],
    "disk_space": ["250", "500", "900", "1.5 TB"],
    "cpu_speed": ["2400", "3100", "2600", "2400"],
    "cpu_count": ["2", "4", "8", "2"],
    "virtual": ["true", "false", "true", "true"],
}


def _matched(folder: Path, target: str) -> mapping.Suggestions:
    with duck.connect() as con:
        rows = ", ".join("(" + ", ".join(map(duck.text, row)) + ")" for row in zip(*SERVERS.values(), strict=True))
        columns = columns_named(list(SERVERS))
        path = folder / "servers.parquet"
        names = ", ".join(map(duck.col, columns))
        duck.write(con, f"SELECT 1::BIGINT AS __line, * FROM (VALUES {rows}) t({names})", path)
        table = Table(name="servers", path=path, columns=columns, row_count=4, source=Source(file="servers.csv"))
        return mapping.suggest(con, (table,), targets.load(target))


@pytest.mark.parametrize("target", ["aws", "azure", "google", "servicenow"])
def test_a_field_is_offered_only_for_what_measures_the_same(tmp_path: Path, target: str):
    wanted = {(t.name, f.name): f for t in targets.load(target).tables for f in t.fields}
    measures = {"ram": "size", "disk_space": "size", "cpu_speed": "frequency"}
    for field in _matched(tmp_path, target).assignment:
        unit = units.unit(wanted[field.target_table, field.target_field].unit or "")
        if field.source_field in measures and unit:
            assert unit.quantity == measures[field.source_field]
        if field.source_field == "cpu_speed":
            assert "Number" not in field.target_field
            assert "Cores" not in field.target_field


def test_a_pair_of_different_measures_says_so(tmp_path: Path):
    matches = _matched(tmp_path, "aws").matches
    rates = [m for m in matches if m.source_field == "disk_space" and "PerSecond" in m.target_field]
    assert rates
    assert max(m.confidence for m in rates) <= 0.3
    assert any("but they measure different things" in m.evidence for m in rates)


KIND = TargetField(
    name="Server type", allowed=("Virtual", "Physical"), vocabulary={"Virtual": ("vm",), "Physical": ("bare metal",)}
)
PHYSICAL = TargetField(name="IsPhysical", type="boolean")
ACTIVE = TargetField(name="active", type="boolean")


@pytest.mark.parametrize(
    ("name", "values", "target", "expected"),
    [
        ("virtual", ("true", "false"), KIND, 'to_boolean | map_values({"true": "Virtual", "false": "Physical"})'),
        ("is_physical", ("Y", "N"), KIND, 'to_boolean | map_values({"true": "Physical", "false": "Virtual"})'),
        ("isVM", ("1", "0"), KIND, 'to_boolean | map_values({"true": "Virtual", "false": "Physical"})'),
        ("monitored", ("true", "false"), KIND, None),
        ("virtual or physical", ("true", "false"), KIND, None),
        ("type", ("Virtual", "Physical"), KIND, None),
        ("virtual", ("true", "false"), PHYSICAL, 'to_boolean | map_values({"true": "false", "false": "true"})'),
        ("physical", ("true", "false"), PHYSICAL, None),
        ("type", ("Virtual", "Physical"), PHYSICAL, 'map_values({"Physical": "true", "Virtual": "false"})'),
        ("type", ("Server", "Router"), PHYSICAL, None),
        ("virtual", (), PHYSICAL, None),
        ("Virtuell", ("Ja", "Nein"), PHYSICAL, 'to_boolean | map_values({"true": "false", "false": "true"})'),
        ("est virtuel", ("oui", "non"), KIND, 'to_boolean | map_values({"true": "Virtual", "false": "Physical"})'),
        ("physisch", ("Ja", "Nein"), PHYSICAL, None),
        ("Inaktiv", ("Ja", "Nein"), ACTIVE, 'to_boolean | map_values({"true": "false", "false": "true"})'),
        ("Aktiv", ("Ja", "Nein"), ACTIVE, None),
        ("Virtuaalinen", ("Kyllä", "Ei"), PHYSICAL, 'to_boolean | map_values({"true": "false", "false": "true"})'),
        ("虚拟", ("是", "否"), PHYSICAL, 'to_boolean | map_values({"true": "false", "false": "true"})'),
        ("Wirtualny", ("Tak", "Nie"), KIND, 'to_boolean | map_values({"true": "Virtual", "false": "Physical"})'),
    ],
)
def test_yes_and_no_are_said_as_the_target_asks(name, values, target, expected):
    found = answered(name, values, target)
    assert found == expected
    assert found is None or transformations.parse(found)
