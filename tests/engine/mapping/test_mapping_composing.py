"""Composing: one column that holds several fields, and several that make one, whatever they are about."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine import duck, mapping
from discovery_pipeline.engine.mapping import knowledge, transformations
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable


@pytest.fixture
def made(con, table_of):
    """What becomes of the first row: target field → value, for fields that a transformation fills."""

    def make(columns: dict[str, list[str]], *wanted: TargetField) -> dict[str, str]:
        rows = [tuple(values[i % len(values)] for values in columns.values()) for i in range(12)]
        table = table_of("rows", list(columns), *rows)
        target = Target(name="t", title="T", tables=(TargetTable(name="row", file="r.csv", fields=wanted),))
        found = mapping.suggest(con, (table,), target)
        out = {}
        for field in found.assignment:
            assert field.confidence < 0.8 or not field.transformation, "never taken unseen"
            if field.transformation:
                sql = transformations.compile(transformations.parse(field.transformation), table, field.source_field)
                out[field.target_field] = con.execute(f"SELECT {sql} FROM {duck.scan(table)} LIMIT 1").fetchone()[0]
        return out

    return make


FIELD = TargetField
CASES = [
    ({"Vorname": ["Ann", "Bo"], "Nachname": ["Lee", "Kim"]}, [FIELD(name="full_name")], {"full_name": "Ann Lee"}),
    (
        {"Full Name": ["Ann Mary Lee", "Bo Kim"]},
        [FIELD(name="first_name"), FIELD(name="last_name")],
        {"first_name": "Ann", "last_name": "Lee"},
    ),
    (
        {"Name": ["Lee, Ann", "Kim, Bo"]},
        [FIELD(name="first_name"), FIELD(name="last_name")],
        {"first_name": "Ann", "last_name": "Lee"},
    ),
    (
        {"host": ["web1", "db2"], "dns domain": ["corp.example.com", "lab.example.com"]},
        [FIELD(name="FQDN", type="fqdn")],
        {"FQDN": "web1.corp.example.com"},
    ),
    (
        {"fqdn": ["web1.corp.example.com", "db2.lab.example.com"]},
        [FIELD(name="hostname"), FIELD(name="domain")],
        {"hostname": "web1", "domain": "corp.example.com"},
    ),
    (
        {"location": ["Austin, TX", "Boston, MA"]},
        [FIELD(name="city"), FIELD(name="state")],
        {"city": "Austin", "state": "TX"},
    ),
    (
        {"Festplatte belegt/gesamt": ["37 GB / 0,1 TB", "12 GB / 200 GB"], "host": ["a", "b"]},
        [FIELD(name="total_disk_gb", type="number", unit="GB"), FIELD(name="disk_used_mb", type="integer", unit="MB")],
        {"total_disk_gb": "102.4", "disk_used_mb": "37888"},
    ),
    ({"city": ["Austin"], "state": ["TX"]}, [FIELD(name="location")], {"location": "Austin, TX"}),
    (
        {"cpu": ["2 x 8", "4 sockets x 12 cores"]},
        [FIELD(name="CPU sockets", type="integer"), FIELD(name="Cores per socket", type="integer")],
        {"CPU sockets": "2", "Cores per socket": "8"},
    ),
    (
        {"date": ["31.01.2024", "15.02.2024"], "time": ["08:30", "17:05"]},
        [FIELD(name="timestamp", type="datetime")],
        {"timestamp": "2024-01-31 08:30:00"},
    ),
    (
        {"coordinates": ["50.1, 8.6", "52.5, 13.4"]},
        [FIELD(name="latitude", type="number"), FIELD(name="longitude", type="number")],
        {"latitude": "50.1", "longitude": "8.6"},
    ),
    (
        {"subnet": ["10.0.1.0/24", "10.0.2.0/23"]},
        [FIELD(name="network address"), FIELD(name="prefix length", type="integer")],
        {"network address": "10.0.1.0", "prefix length": "24"},
    ),
]


@pytest.mark.parametrize(("columns", "wanted", "expected"), CASES, ids=[" + ".join(c[0]) for c in CASES])
def test_what_belongs_together_is_joined_and_what_holds_several_is_parted(made, columns, wanted, expected):
    assert made(columns, *wanted) == expected


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({"Name": ["web1", "db2"]}, [FIELD(name="first_name"), FIELD(name="last_name")]),
        ({"Name": ["Lee, Ann", "Kim, Bo"]}, [FIELD(name="last_name")]),
        ({"cpu": ["Xeon E5-2680", "EPYC 7543"]}, [FIELD(name="CPU sockets"), FIELD(name="Cores per socket")]),
        ({"location": ["Berlin", "Paris"]}, [FIELD(name="city"), FIELD(name="state")]),
        ({"Full Name": ["Ann Lee", "Bo Kim"], "first name": ["Ann", "Bo"], "last name": ["Lee", "Kim"]},
         [FIELD(name="full_name")]),
    ],
)  # fmt: skip
def test_what_doesnt_look_so_is_left_whole(made, columns, wanted):
    assert made(columns, *wanted) == {}


def test_a_column_that_is_read_beside_another_is_not_left_over(con, table_of):
    table = table_of("people", ["Vorname", "Nachname"], *[("Ann", "Lee"), ("Bo", "Kim")] * 5)
    target = Target(
        name="t", title="T", tables=(TargetTable(name="p", file="p.csv", fields=(FIELD(name="full_name"),)),)
    )
    found = mapping.suggest(con, (table,), target)
    assert (found.unmapped_source, found.conflicts) == ((), ())


def test_every_composition_says_transformations_that_there_are():
    for made in knowledge.compositions():
        for part in made.parts:
            assert str(transformations.parse(part.taken))
