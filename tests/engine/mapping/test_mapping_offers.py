"""What is offered can be taken: submit accepts every suggestion and every alternative, and each runs on the data."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine import duck, mapping, profiling, targets
from discovery_pipeline.engine.mapping import (
    FieldMappingService,
    MappedField,
    SourceSchema,
    Suggestions,
    transformations,
)
from discovery_pipeline.engine.mapping.known import Known
from discovery_pipeline.engine.mapping.submitted import SourceField
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.tables import Source, Table, columns_named

NAMES = (
    "name", "Hostname", "host_name", "FQDN", "dns domain", "IP", "ip_address", "MAC", "OS", "os_version", "RAM",
    "ram_gb", "Memory (MB)", "cpu", "Cores", "CPU speed", "Disk", "disk_gb", "environment", "env", "is_virtual", "Typ",
    "Status", "state", "created", "purchase date", "warranty_end", "owner", "first name", "last name", "cost_center",
    "serial", "uuid", "Boot", "arch", "tags", "kernel", "notes", "x_17", "Größe", "名称", "avg cpu %", "net kb/s",
)  # fmt: skip
VALUES = (
    ("web01", "db-2", "fs_03", "APP4"),
    ("web01.corp.example.com", "db2.example.org"),
    ("10.0.0.1", "10.0.0.2;10.0.0.3", "fe80::1"),
    ("00:50:56:AA:00:01", "0050.56aa.0002"),
    ("16", "32", "64", "8"),
    ("16 GB", "1,5 TB", "512MB", "n/a"),
    ("16384", "32768", "8"),
    ("0.25", "0.5", "12.75"),
    ("12%", "85 %", "7%"),
    ("1.234,5", "12,75"),
    ("yes", "no", "", "Y"),
    ("ja", "nein"),
    ("true", "false"),
    ("2024-01-31", "2023-12-01"),
    ("31.01.2024", "1.2.2023"),
    ("01/31/2024", "12/13/2023"),
    ("2024-01-31T08:00:00Z", "2023-02-01T09:30:00+02:00"),
    ("1706688000", "1675209600"),
    ("45322", "44958"),
    ("Windows Server 2019 Standard", "Red Hat Enterprise Linux 8.4", "Ubuntu 22.04 LTS"),
    ("Production", "PRD", "Abnahme", "dev"),
    ("virtual", "physical", "VM"),
    ("Owner=Ann;Stage=Prod", "Owner=Ben"),
    ("Ann Lee", "Müller, Jürgen", "O'Neil"),
    ("UEFI", "bios"),
    ("x86_64", "64-bit"),
    ("", ""),
    ("8 x 2", "4 cores", "2"),
    ('say "hi"', "back\\slash", "new\nline", "`tick`", "a|b", "{x}"),
)
UNMET = "Required target field unmapped"
OFFERED = 6


@st.composite
def sources(draw: st.DrawFn) -> dict[str, list[str]]:
    """Columns under many kinds of names, with many kinds of values, matching or not."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=12, unique=True))
    return {name: [*draw(st.sampled_from(VALUES)) * 6][:12] or [""] for name in names}


def _seen(con, folder: Path, columns: dict[str, list[str]]) -> tuple[Table, Profile]:
    named = columns_named(list(columns))
    rows = max(map(len, columns.values()))
    shown = ", ".join(f"unnest(?::VARCHAR[]) AS {duck.col(c)}" for c in named)
    same_length = [(values * rows)[:rows] for values in columns.values()]
    con.execute(f"CREATE OR REPLACE TEMP TABLE made AS SELECT {shown}", same_length)
    path = folder / "servers.parquet"
    path.unlink(missing_ok=True)
    duck.write(con, "SELECT row_number() OVER () AS __line, * FROM made", path)
    table = Table(name="servers", path=path, columns=named, row_count=rows, source=Source(file="servers.csv"))
    return table, profiling.profile(con, (table,), today=date(2026, 1, 1))


def _schema(table: Table, profile: Profile) -> SourceSchema:
    """The source as submissions are held against it."""
    known = profile.table(table.name)
    return SourceSchema(
        fields=tuple(
            SourceField(
                name=c.name, table=table.name, type=known.column(c.name).inferred_type,
                samples=tuple(v.value for v in known.column(c.name).top_values[:5]),
            )
            for c in table.columns
        )
    )  # fmt: skip


def _instead(found: Suggestions) -> list[list[MappedField]]:
    """For each rank, what every column would fill by it; of two for one field, the first."""
    chosen: list[dict[tuple[str, str], MappedField]] = [{} for _ in range(OFFERED)]
    for match in found.matches:
        if match.rank <= OFFERED:
            field = MappedField(**match.model_dump(exclude={"rank"}))
            chosen[match.rank - 1].setdefault((match.target_table, match.target_field), field)
    return [list(fields.values()) for fields in chosen]


@pytest.mark.parametrize("name", targets.names())
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(columns=sources())
def test_what_is_suggested_submit_accepts_and_the_data_bears(
    name: str, columns: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory
):
    target = targets.load(name)
    with duck.connect() as con:
        table, profile = _seen(con, tmp_path_factory.mktemp("offers"), columns)
        found = mapping.suggest(con, (table,), target, Known(profile=profile))
        service, schema = FieldMappingService(target), _schema(table, profile)
        for lines in ([*found.assignment], *_instead(found)):
            errors = service.validate_mapping(lines, schema).errors
            assert [e for e in errors if not e.startswith(UNMET)] == []
        said = {(m.source_field, m.transformation) for m in (*found.matches, *found.assignment) if m.transformation}
        made = [transformations.compile(transformations.parse(t), table, f) for f, t in sorted(said)]
        if made:
            con.execute(f"SELECT {', '.join(made)} FROM {duck.scan(table)}").fetchall()
