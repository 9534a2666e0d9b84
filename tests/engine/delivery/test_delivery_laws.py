"""Laws of validation and delivery, over tables made from the contracts themselves."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine import delivery, duck, targets, validation
from discovery_pipeline.engine.mapping import MappedField, Mapping
from discovery_pipeline.engine.tables import LINE, Source, Table, columns_named
from discovery_pipeline.engine.targets import TargetField

Estate = tuple[str, tuple[str, ...], list[tuple[str | None, ...]]]
"""A target's name, fields of its first table, and rows for them."""

OF_TYPE: dict[str, st.SearchStrategy[str]] = {
    "integer": st.integers(-5, 5000).map(str) | st.sampled_from(["4.0", "1,024", "4.5", "1e3"]),
    "number": st.floats(-5, 200).map(str) | st.sampled_from(["16 GB", "1,024", "45%", "12,5", "1e999"]),
    "boolean": st.sampled_from(["yes", "no", "TRUE", "0", "physical", "perhaps"]),
    "date": st.dates().map(str) | st.just("05/06/2021"),
    "datetime": st.datetimes().map(str) | st.just("soon"),
    "ip": st.ip_addresses().map(str) | st.sampled_from(["10.0.0.1:22", "0.0.0.0", "300.1.1.1"]),
    "mac": st.from_regex(r"([0-9a-f]{4}\.){2}[0-9a-f]{4}", fullmatch=True) | st.just("aa:bb"),
    "fqdn": st.sampled_from(["web01.corp.example", "DB.example.com.", "web01", "10.0.0.1"]),
    "uuid": st.uuids().map(str),
    "string": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6),
}
HOSTILE = st.sampled_from(["", " ", "N/A", "-", "=1+1", 'a"b', "a,b;c", "x\ny", "'; --", "\ufeffé", "null"])


def values(field: TargetField) -> st.SearchStrategy[str | None]:
    """Values of a field as sources write them: mostly right, in any dress, and now and then anything."""
    kind = field.type.removeprefix("list<").removesuffix(">")
    right = OF_TYPE["ip"] if kind == "ipv4" else OF_TYPE.get(kind, OF_TYPE["string"])
    if field.type.startswith("list<"):
        right = st.lists(right, min_size=1, max_size=3).map(", ".join)
    if field.allowed:
        right = st.sampled_from([*field.allowed, *(s for each in field.vocabulary.values() for s in each)])
    if field.unique or field.identity:
        right = right | st.sampled_from(["a1", "b2", "c3"])
    return st.one_of(right, right, st.none(), HOSTILE)


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    """All that a target needs and some other fields, and rows for them, of which some repeat."""
    target = draw(st.sampled_from(targets.names()))
    table = targets.load(target).tables[0]
    some = draw(st.sets(st.sampled_from([f.name for f in table.fields]), max_size=4))
    fields = [f for f in table.fields if f.required or f.identity or f.name in some]
    named = [f.keyed_by(draw(st.sampled_from(["Owner", "Cost Centre"]))) if f.template else f for f in fields]
    row = st.tuples(*(values(f) for f in named))
    rows = draw(st.lists(row, min_size=1, max_size=6))
    return target, tuple(f.name for f in named), rows + draw(st.lists(st.sampled_from(rows), max_size=2))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(estates())
def test_every_row_is_delivered_as_the_contract_wants_or_rejected_with_reasons(
    estate: Estate,
):
    import pandas as pd

    name, header, rows = estate
    target = targets.load(name)
    table = target.tables[0]
    with tempfile.TemporaryDirectory() as folder, duck.connect() as con:
        source = written(con, Path(folder), header, rows)
        fields = tuple(
            MappedField(source_table="s", source_field=c, target_table=table.name, target_field=c, confidence=1)
            for c in header
        )
        verdict = validation.validate(con, (source,), Mapping(target=name, fields=fields), target, Path(folder) / "v")
        done = delivery.deliver(con, verdict, target, Path(folder) / "out")
        rejected = con.execute(f"SELECT row, reasons FROM read_parquet('{verdict.rejected}')").fetchall()
        patched = con.execute(f"SELECT row, before, after FROM read_parquet('{verdict.patches}')").fetchall()
        stand = [
            r for v in verdict.valid for (r,) in con.execute(f"SELECT __row FROM read_parquet('{v.path}')").fetchall()
        ]
        files = [read(Path(folder) / "out" / f.path) for f in done.files]

    # Each row is in exactly one place, and the counts say so.
    assert sorted([*stand, *(r for r, _ in rejected)]) == list(range(len(rows)))
    assert verdict.rows_in == len(rows) == verdict.rows_delivered + verdict.rows_rejected
    assert verdict.rows_rejected == len(rejected)
    assert all(why for _, why in rejected)
    # What was left out is told with what it was, and only of rows that are delivered.
    assert {r for r, _, _ in patched} <= set(stand)
    assert all(before in rows[r] and after != before for r, before, after in patched)
    # The files, read back, keep every rule of the contract.
    assert sum(len(body) for _, body in files) == len(stand)
    for columns, body in files:
        frame = pd.DataFrame([[cell or None for cell in line] for line in body], columns=columns, dtype="str")
        targets.schema(table, columns).validate(frame, lazy=True)
        assert max(Counter(map(tuple, body)).values()) == 1


def written(con: duckdb.DuckDBPyConnection, folder: Path, header: tuple[str, ...], rows: list[Any]) -> Table:
    columns = columns_named(header)
    con.execute(f"CREATE TEMP TABLE s ({', '.join(f'{duck.col(c)} VARCHAR' for c in columns)}, {LINE} BIGINT)")
    marks = ", ".join("?" * (len(columns) + 1))
    con.executemany(f"INSERT INTO s VALUES ({marks})", [(*row, line) for line, row in enumerate(rows, start=2)])
    duck.write(con, "FROM s", folder / "s.parquet")
    path = folder / "s.parquet"
    return Table(name="s", path=path, columns=columns, row_count=len(rows), source=Source(file="s.csv"))


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *body = csv.reader(file)
    return header, body


@pytest.mark.parametrize("name", targets.names())
def test_a_delivered_file_is_valid_for_its_target(name: str):
    """What was delivered once is delivered again, byte for byte, when it comes back as a source."""
    target = targets.load(name)
    table = target.tables[0]
    fields = [f for f in table.fields if not f.template]
    good = {"ipv4": "10.0.0.7", "ip": "10.0.0.7", "mac": "AA:BB:CC:DD:EE:01", "integer": "4", "number": "2.5",
            "boolean": "yes", "date": "2026-01-31", "datetime": "2026-01-31 08:00:00", "fqdn": "a.example.com",
            "list<ip>": "10.0.0.7 ::1", "list<mac>": "aabb.ccdd.ee01", "map<string,string>": "env=prod"}  # fmt: skip
    patterned = {"ServerId": "d-server-1", "sys_id": "0" * 32, "mgn:account-id": "1" * 12, "mgn:region": "eu-central-1",
                 "mgn:launch:instance-type": "m5.large", "mgn:launch:placement:host-id": "h-1"}  # fmt: skip
    row = tuple(
        f.allowed[0] if f.allowed else patterned.get(f.name) or (None if f.pattern else good.get(f.type, "text"))
        for f in fields
    )
    with tempfile.TemporaryDirectory() as folder, duck.connect() as con:
        contents = []
        source = written(con, Path(folder), tuple(f.name for f in fields), [row])
        for turn in ("once", "again"):
            mapping = validation.own_columns((source,), target)
            assert mapping
            verdict = validation.validate(con, (source,), mapping, target, Path(folder) / turn)
            assert (verdict.rows_delivered, verdict.blanked) == (1, 0), verdict.findings
            delivery.deliver(con, verdict, target, Path(folder) / turn)
            file = Path(folder) / turn / table.file
            contents.append(file.read_bytes())
            columns, body = read(file)
            con.execute("DROP TABLE s")
            source = written(con, Path(folder), tuple(columns), [[cell or None for cell in line] for line in body])
    assert contents[0] == contents[1]
