"""What a row is about: columns that name another thing, or a part of it, are not taken for the row's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery_pipeline.engine import duck, targets
from discovery_pipeline.engine.mapping.matcher import fields, samples
from discovery_pipeline.engine.mapping.matcher.dimensions import clashes
from discovery_pipeline.engine.mapping.matcher.fields import Field, Side
from discovery_pipeline.engine.mapping.matcher.matching import Matched, compared
from discovery_pipeline.engine.mapping.matcher.scoring import ALONE, weights
from discovery_pipeline.engine.mapping.model import HIGH, LIKELY
from discovery_pipeline.engine.tables import Source, Table, columns_named

AWS = fields.of_target(targets.load("aws").tables[0])
MACHINES = {
    "name": [f"web{n:02d}.corp.example.com" for n in range(12)],
    "esx_host": [f"esx{n % 3:02d}.corp.example.com" for n in range(12)],
    "ip": [f"10.0.0.{n}" for n in range(12)],
}
DISKS = {
    "vm": [f"web{n // 4:02d}.corp.example.com" for n in range(12)],
    "disk path": [f"[ds1] web{n // 4}/disk{n}.vmdk" for n in range(12)],
}


def _matched(folder: Path, columns: dict[str, list[str]], target: Side = AWS) -> Matched:
    with duck.connect() as con:
        rows = ", ".join("(" + ", ".join(map(duck.text, row)) + ")" for row in zip(*columns.values(), strict=True))
        named = columns_named(list(columns))
        path = folder / "table.parquet"
        names = ", ".join(map(duck.col, named))
        duck.write(con, f"SELECT 1::BIGINT AS __line, * FROM (VALUES {rows}) t({names})", path)
        source = Source(file="table.csv")
        table = Table(name="table", path=path, columns=named, row_count=12, source=source)
        return compared(fields.of_table(table, samples.take(con, table)), target)


def _confidence(matched: Matched, column: str, field: str) -> float:
    return float(matched.confidence[matched.source.names.index(column), matched.target.names.index(field)])


def test_the_host_that_many_machines_share_is_not_their_own_name(tmp_path: Path):
    found = _matched(tmp_path, MACHINES)
    assert _confidence(found, "name", "HostName") >= HIGH
    assert _confidence(found, "esx_host", "HostName") < LIKELY


def test_names_repeat_where_rows_are_parts_and_still_look_like_names(tmp_path: Path):
    look = _matched(tmp_path, DISKS).evidence.channel("look")
    assert look[0, AWS.names.index("HostName")] >= 0.5


def test_a_host_beside_virtual_machines_is_what_they_run_on(tmp_path: Path):
    hosts = MACHINES["esx_host"]
    alone = _matched(tmp_path, {"Host": MACHINES["name"]})
    beside = _matched(tmp_path, {"VM": MACHINES["name"], "Host": hosts})
    assert _confidence(alone, "Host", "HostName") >= LIKELY >= _confidence(beside, "Host", "HostName")


def test_percentages_are_a_share_of_what_the_column_is_called(tmp_path: Path):
    azure = fields.of_target(targets.load("azure").tables[0])
    found = _matched(tmp_path, {**MACHINES, "Memory": [f"{30 + n} %" for n in range(12)]}, azure)
    assert found.target.names[found.confidence[3].argmax()] == "Memory utilization percentage"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ([f"{n}.5" for n in range(12)], "cpu_count"),
        ([f"{2 ** (n % 5)}" for n in range(12)], "cpu_speed"),
    ],
    ids=["nothing is counted in fractions", "no processor has a clock of 16 in any unit"],
)
def test_numbers_tell_what_they_are_not(tmp_path: Path, values: list[str], field: str):
    servers = fields.of_target(targets.load("servicenow").tables[0])
    found = _matched(tmp_path, {"vCPU": values}, servers)
    assert found.clashes[0, servers.names.index(field)]


@pytest.mark.parametrize("name", ["cores_per_processor", "Cores p/s", "Cores per CPU", "Kerne pro Sockel"])
def test_cores_of_each_part_are_not_all_cores(name: str):
    total = Side("target", (Field("cpu core count"), Field("cores per socket"), Field("cores", aliases=(name,))))
    assert clashes(Side("source", (Field(name),)), total).tolist() == [[True, False, False]]


def test_cores_in_powers_of_two_look_like_no_memory(tmp_path: Path):
    powers = [str(2 ** (n % 6)) for n in range(12)]
    found = _matched(tmp_path, {"Kerne": powers, "Größe": powers})
    memory = AWS.names.index("RAM.TotalSizeInMB")
    look = found.evidence.channel("look")[:, memory]
    assert np.isnan(look[0])
    assert look[1] > 0


def test_values_that_surely_are_something_else_are_not_offered_for_their_header(tmp_path: Path):
    systems = [f"Windows Server {2012 + n}" for n in range(12)]
    azure = fields.of_target(targets.load("azure").tables[0])
    found = _matched(tmp_path, {**MACHINES, "Type": systems}, azure)
    assert _confidence(found, "Type", "Server type") < _confidence(found, "Type", "*OS name")


def test_a_form_that_the_target_demands_is_its_type(tmp_path: Path):
    mgn = fields.of_target(targets.load("aws-mgn").tables[0])
    types = {"Instance Type": ["m5.large", "c5.xlarge"] * 6, "Size Type": ["Standard_D4s_v5", "Standard_B2ms"] * 6}
    fit = _matched(tmp_path, types, mgn).evidence.channel("type")[:, mgn.names.index("mgn:launch:instance-type")]
    assert fit.tolist() == [1.0, 0.0]


def test_another_name_of_a_field_stands_back_where_a_column_is_called_as_the_field(tmp_path: Path):
    google = fields.of_target(targets.load("google").tables[0])
    sockets, cores = ["1", "2", "4"] * 4, ["8", "16", "24"] * 4
    alone = _matched(tmp_path, {**MACHINES, "CPU Count": sockets}, google)
    beside = _matched(tmp_path, {**MACHINES, "CPU Count": sockets, "Core Count": cores}, google)
    assert _confidence(alone, "CPU Count", "AllocatedProcessorCoreCount") >= LIKELY
    assert _confidence(beside, "CPU Count", "AllocatedProcessorCoreCount") < LIKELY
    assert _confidence(beside, "Core Count", "AllocatedProcessorCoreCount") >= HIGH


def test_a_machines_memory_and_name_are_not_its_disks(tmp_path: Path):
    disks = fields.of_target(targets.load("google").table("disk"))
    memory = {"RAM (MB)": [str(4096 * 2 ** (n % 4)) for n in range(12)], "Name": MACHINES["name"]}
    found = _matched(tmp_path, {**MACHINES, **memory}, disks)
    assert _confidence(found, "RAM (MB)", "SizeInGib") < HIGH
    assert _confidence(found, "Name", "DiskLabel(optional)") < LIKELY


AGAINST = ("unlike", "clash", "other concept")


@given(st.sampled_from([name for name in ALONE if not name.startswith("has ") and name not in AGAINST]))
def test_likeness_never_counts_against_a_pair(name: str):
    learned = dict(zip(ALONE, weights().alone, strict=True))
    assert learned[name] >= 0
    assert learned["unlike"] <= 0
    assert np.isfinite(weights().alone).all()
