"""Readings: numbers, units, dates, answers and words as people write them come to what the target takes."""

from __future__ import annotations

from datetime import date

import pytest

from discovery_pipeline.engine import duck, profiling
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.transformations.proposing import for_column
from discovery_pipeline.engine.targets import TargetField

MB = TargetField(name="RAM.TotalSizeInMB", type="integer", unit="MB")
GB = TargetField(name="disk_gb", type="number", unit="GB")
MHZ = TargetField(name="cpu_speed", type="number", unit="MHz")
NUMBER, WHOLE = TargetField(name="price", type="number"), TargetField(name="quantity", type="integer")
DAY, MOMENT = TargetField(name="day", type="date"), TargetField(name="moment", type="datetime")
ACTIVE = TargetField(name="active", type="boolean")
STAGE = TargetField(name="environment", allowed=("Production", "Staging", "Test", "Development"))
PRIORITY = TargetField(name="priority", allowed=("High", "Medium", "Low"))
NUMBERED = TargetField(name="priority", allowed=("1 - High", "2 - Medium", "3 - Low"))
KIND = TargetField(name="Server type", allowed=("Virtual", "Physical"))

MEASURES = [
    ("RAM", MB, {"16 GB": "16384", "1.5T": "1572864", "512MB": "512", "2 TiB": "2097152"}),
    ("Speicher (GB)", MB, {"16,0": "16384", "1,5": "1536", "0,5": "512", "32,25": "33024"}),
    ("ram_mb", MB, {"1.024": "1024", "16.384": "16384", "512": "512"}),
    ("ram_mb", MB, {"1 024": "1024", "16 384": "16384"}),
    ("ram_mb", MB, {"1'024": "1024", "16'384": "16384"}),
    ("disk size", GB, {"1.234,5 GB": "1234.5", "500,25 GB": "500.25", "2,5 TB": "2560"}),
    ("disk bytes", GB, {"1073741824": "1", "2147483648": "2"}),
    ("CPU speed", MHZ, {"2.4 GHz": "2400", "3,1GHz": "3100", "2600 MHz": "2600"}),
    ("weight", NUMBER, {"1.200,50": "1200.50", "3,75": "3.75"}),
    ("price", NUMBER, {"€ 1.200,50": "1200.50", "€ 3,75": "3.75"}),
    ("price", NUMBER, {"1 200,50 €": "1200.50", "3,75 €": "3.75"}),
    ("price", NUMBER, {"$1,200.50": "1200.50", "$3.75": "3.75"}),
    ("price", NUMBER, {"(12.50)": "-12.50", "3.75": "3.75"}),
    ("length", NUMBER, {"12.5 furlongs": "12.5", "3 furlongs": "3"}),
    ("qty", WHOLE, {"1.200": "1200", "3.500": "3500", "12": "12"}),
    ("qty", WHOLE, {"1,200": "1200", "12": "12"}),
]
DATES = [
    ("d", DAY, {"31.01.24": "2024-01-31", "15.02.23": "2023-02-15"}),
    ("d", DAY, {"1/31/24": "2024-01-31", "2/15/23": "2023-02-15"}),
    ("d", DAY, {"20240131": "2024-01-31", "20230201": "2023-02-01"}),
    ("d", DAY, {"2024-01-31": "2024-01-31", "31.01.2023": "2023-01-31", "01/15/2022": "2022-01-15"}),
    ("d", DAY, {"31. Januar 2024": "2024-01-31", "1. März 2023": "2023-03-01"}),
    ("d", DAY, {"31 janvier 2024": "2024-01-31", "1 août 2023": "2023-08-01"}),
    ("created", DAY, {"45322": "2024-01-31", "44958": "2023-02-01"}),
    ("created", DAY, {"2024-01-31T08:00:00Z": "2024-01-31", "2023-02-01T09:30:00Z": "2023-02-01"}),
    ("created", MOMENT, {"45322.5": "2024-01-31 12:00:00", "44958.25": "2023-02-01 06:00:00"}),
    ("x", MOMENT, {"1706688000": "2024-01-31 08:00:00", "1675209600": "2023-02-01 00:00:00"}),
    ("created", MOMENT, {"1706688000": "2024-01-31 08:00:00", "1675209600": "2023-02-01 00:00:00"}),
    ("created", MOMENT, {"1706688000000": "2024-01-31 08:00:00", "1675209600000": "2023-02-01 00:00:00"}),
    (
        "created",
        MOMENT,
        {"2024-01-31T08:00:00+02:00": "2024-01-31 06:00:00", "2023-02-01T09:30:00-05:00": "2023-02-01 14:30:00"},
    ),
    ("created", MOMENT, {"01/31/2024 08:00 PM": "2024-01-31 20:00:00", "02/01/2023 09:30 AM": "2023-02-01 09:30:00"}),
]
WORDS = [
    ("active", ACTIVE, {"ja": "true", "nein": "false"}),
    ("active", ACTIVE, {"oui": "true", "non": "false"}),
    ("active", ACTIVE, {"sí": "true", "no": "false"}),
    ("active", ACTIVE, {"wahr": "true", "falsch": "false"}),
    ("active", ACTIVE, {"aktiv": "true", "inaktiv": "false"}),
    ("Umgebung", STAGE, {"Produktion": "Production", "Entwicklung": "Development", "Sonstwas": "Sonstwas"}),
    ("entorno", STAGE, {"Producción": "Production", "Pruebas": "Test", "Desarrollo": "Development"}),
    ("env", STAGE, {"P": "Production", "T": "Test", "D": "Development", "S": "Staging"}),
    ("env", STAGE, {"prod-eu": "Production", "test-us": "Test", "dev01": "Development", "non-prod": "non-prod"}),
    ("prio", PRIORITY, {"hoch": "High", "mittel": "Medium", "niedrig": "Low"}),
    ("prio", PRIORITY, {"élevée": "High", "moyenne": "Medium", "faible": "Low"}),
    ("prio", NUMBERED, {"1": "1 - High", "2": "2 - Medium", "3": "3 - Low"}),
    ("typ", KIND, {"virtuell": "Virtual", "physisch": "Physical"}),
    ("virtual", KIND, {"ja": "Virtual", "nein": "Physical"}),
    ("ip", TargetField(name="ip", type="ipv4"), {"10.0.0.1/24": "10.0.0.1", "10.0.0.3/16": "10.0.0.3"}),
]


@pytest.mark.parametrize(
    ("header", "target", "read"),
    [pytest.param(*case, id=f"{case[0]}: {', '.join(case[2])}") for case in (*MEASURES, *DATES, *WORDS)],
)
def test_what_people_write_becomes_what_the_target_takes(con, table_of, header, target, read: dict[str, str]):
    values = list(read)
    table = table_of("things", ["id", header], *[(f"T{i}", values[i % len(values)]) for i in range(40)])
    profile = profiling.profile(con, (table,), today=date(2026, 1, 1))
    proposal = for_column(profile.tables[0].column(header), target)
    assert proposal.transformation is not None
    sql = transformations.compile(transformations.parse(proposal.transformation), table, header)
    found = con.execute(f"SELECT {sql} FROM {duck.scan(table)} ORDER BY __line LIMIT {len(values)}").fetchall()
    assert dict(zip(values, [one for (one,) in found], strict=True)) == read


def test_letters_that_may_begin_two_listed_values_are_left_to_a_person():
    from discovery_pipeline.engine.mapping.transformations import vocabularies

    both = TargetField(name="kind", allowed=("Test", "Training"))
    assert {m.target for m in vocabularies.matched(both, [("T", 2), ("P", 1)])} == {None}
