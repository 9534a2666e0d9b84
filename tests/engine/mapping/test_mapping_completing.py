"""Completing: of tables about the same things one gives the rows, and the others what it lacks."""

from __future__ import annotations

from datetime import date

import pytest

from discovery_pipeline.engine import profiling, targets
from discovery_pipeline.engine.mapping import approve, suggest
from discovery_pipeline.engine.mapping.known import Known
from discovery_pipeline.engine.mapping.model import Completion, MappedField, Suggestions
from discovery_pipeline.engine.mapping.roles import helpers
from discovery_pipeline.engine.mapping.suggestions.completing import completed, completions
from discovery_pipeline.engine.schema.model import Description

GOOGLE = targets.load("google")
NAMES = [f"web{i:02d}" for i in range(12)]
DISKS = Description(table="disks", column="host", main="vms", key="name", several=True)


def _field(source: str, column: str, field: str, confidence: float = 0.9, table: str = "vm") -> MappedField:
    return MappedField(
        source_table=source, source_field=column, target_table=table, target_field=field, confidence=confidence
    )


@pytest.fixture
def tables(table_of):
    vms = table_of("vms", ["id", "name", "ram"], *((f"A{i}", n, "8") for i, n in enumerate(NAMES)))
    disks = table_of("disks", ["key", "host", "gb", "ram"], *((f"D{i}", n, "40", "1") for i, n in enumerate(NAMES * 2)))
    return vms, disks


def _said(tables, *fields: MappedField, by: Description = DISKS) -> set[tuple[str, str, str, str]]:
    offered = Suggestions(target="google", matches=(), assignment=fields)
    found = completed(offered, tables, GOOGLE, (Completion(target_table="vm", by=by),))
    return {(f.source_table, f.source_field, f.target_table, f.target_field) for f in found.assignment}


def test_a_describing_table_lends_what_the_other_lacks(tables):
    said = _said(tables, _field("vms", "name", "MachineName"), _field("disks", "gb", "TotalDiskAllocatedGiB"))
    assert ("disks", "gb", "vm", "TotalDiskAllocatedGiB") in said


@pytest.mark.parametrize(
    "said",
    [
        [_field("vms", "id", "MachineId", 0.95, "disk")],  # says of disks only whose they would be
        [_field("vms", "id", "MachineId", 0.9, "performance"), _field("vms", "ram", "TimeStamp", 0.9, "performance")],
        [_field("vms", "id", "MachineId", 0.9, "disk"), _field("vms", "ram", "SizeInGib", 0.7, "disk")],  # hardly alike
    ],
)
def test_rows_that_belong_to_others_need_something_of_their_own(tables, said):
    sure = _field("vms", "name", "MachineName")
    assert _said(tables, sure, *said) == {("vms", "name", "vm", "MachineName")}


def test_what_hardly_fills_rows_of_parts_is_offered_where_it_fills_nothing_better(tables):
    hardly = _field("disks", "gb", "SizeInGib", 0.7, "disk")
    assert ("disks", "gb", "disk", "SizeInGib") in _said(tables, _field("vms", "name", "MachineName"), hardly)


@pytest.mark.parametrize(
    "lent",
    [
        _field("disks", "host", "MachineName"),  # by which it refers
        _field("disks", "key", "MachineId"),  # its own id
        _field("disks", "ram", "MemoryGiB"),  # a column that the other has itself
    ],
)
def test_it_lends_neither_what_it_is_known_by_nor_what_it_repeats(tables, lent):
    own = _field("vms", "name", "OsName")
    assert _said(tables, own, lent) == {("vms", "name", "vm", "OsName")}


def test_what_the_other_surely_says_itself_is_left_to_it(tables):
    sure = _field("vms", "id", "TotalDiskAllocatedGiB", 0.95)
    assert _said(tables, sure, _field("disks", "gb", "TotalDiskAllocatedGiB", 0.99)) == {
        ("vms", "id", "vm", "TotalDiskAllocatedGiB")
    }


def test_what_is_said_of_relations_is_said_of_no_thing(tables, table_of):
    relations = table_of("relations", ["child", "type"], *((n, "Runs on") for n in NAMES * 2))
    by = Description(table="relations", column="child", main="vms", key="name", several=True)
    offered = _field("vms", "name", "MachineName"), _field("relations", "type", "MachineTypeLabel(optional)")
    assert _said((*tables, relations), *offered, by=by) == {("vms", "name", "vm", "MachineName")}


def test_what_is_left_out_counts_as_unmapped(tables):
    offered = Suggestions(
        target="google", matches=(), assignment=(_field("vms", "name", "OsName"), _field("disks", "key", "MachineId"))
    )
    found = completed(offered, tables, GOOGLE, (Completion(target_table="vm", by=DISKS),))
    assert [(r.table, r.field) for r in found.unmapped_source] == [("disks", "key")]
    assert [(r.table, r.field) for r in found.unmapped_target] == [("vm", "MachineId")]


def test_parts_name_what_they_belong_to_by_their_reference_where_it_is_the_same_key(tables):
    said = _said(tables, _field("vms", "name", "MachineId"), _field("disks", "gb", "SizeInGib", table="disk"))
    assert ("disks", "host", "disk", "MachineId") in said


def test_parts_have_the_key_looked_up_where_the_target_has_another(tables):
    said = _said(tables, _field("vms", "id", "MachineId"), _field("disks", "gb", "SizeInGib", table="disk"))
    assert ("vms", "id", "disk", "MachineId") in said


def test_of_two_tables_that_tell_the_same_parts_the_one_that_tells_more_is_taken(tables, table_of):
    partitions = table_of("partitions", ["host", "label", "gb"], *((n, "C:", "39") for n in NAMES * 2))
    offered = Suggestions(
        target="google",
        matches=(),
        assignment=(
            _field("vms", "name", "MachineId"),
            _field("disks", "gb", "SizeInGib", table="disk"),
            _field("partitions", "gb", "SizeInGib", table="disk"),
            _field("partitions", "label", "DiskLabel(optional)", table="disk"),
        ),
    )
    both = (DISKS, DISKS.model_copy(update={"table": "partitions"}))
    found = completed(
        offered, (*tables, partitions), GOOGLE, tuple(Completion(target_table="vm", by=by) for by in both)
    )
    assert {f.source_table for f in found.assignment if f.target_table == "disk"} == {"partitions"}


def test_roles_follow_from_the_mapping(tables):
    fields = (
        _field("vms", "id", "MachineId"),
        _field("vms", "id", "MachineId", table="disk"),
        _field("disks", "gb", "SizeInGib", table="disk"),
        _field("disks", "gb", "TotalDiskAllocatedGiB"),
    )
    found = helpers(fields, GOOGLE, (Completion(target_table="vm", by=DISKS),))
    assert found == {("vms", "vm"): (DISKS,), ("disks", "disk"): (DISKS,)}


def test_the_table_that_knows_most_of_a_thing_is_described_by_the_others(con, tables):
    vms, disks = tables
    fields = (
        _field("vms", "name", "MachineName"),
        _field("vms", "ram", "MemoryGiB"),
        _field("disks", "gb", "MemoryGiB"),
    )
    (found,) = completions(con, (disks, vms), fields, GOOGLE)
    assert (found.by.table, found.by.main) == ("disks", "vms")


def test_tables_that_are_whole_only_together_are_approved_together(con, table_of):
    machines = table_of(
        "machines",
        ["Server Name", "RAM (GB)", "Model"],
        *((n, str(8 + i % 4 * 8), "VMware Virtual Platform") for i, n in enumerate(NAMES)),
    )
    systems = table_of("systems", ["Server Name", "Operating System"], *((n, "Ubuntu 22.04") for n in NAMES))
    processors = table_of("processors", ["Server Name", "CPU Cores"], *((n, "2") for n in NAMES * 2))
    disks = table_of("disks", ["Server Name", "Disk Size (GB)"], *((n, "40") for n in NAMES * 3))
    tables = (machines, systems, processors, disks)
    profile = profiling.profile(con, tables, today=date(2026, 1, 1))
    offered = suggest(con, tables, GOOGLE, Known(profile=profile))
    taken = {(f.target_table, f.target_field): f.source_table for f in approve(offered, GOOGLE, 0.8).mapping.fields}
    assert taken["vm", "OsName"] == "systems"
    assert taken["vm", "AllocatedProcessorCoreCount"] == "processors"
    assert taken["vm", "MachineId"] == taken["vm", "MachineName"] == taken["vm", "IsPhysical"] == "machines"
    assert {source for (table, _), source in taken.items() if table == "disk"} == {"disks"}


def test_totals_of_parts_are_offered_where_nothing_else_says_how_much_there_is(con, table_of):
    machines = table_of("machines", ["Id", "Name", "RAM (GB)"], *((n, n, str(8 + i % 4)) for i, n in enumerate(NAMES)))
    disks = table_of("disks", ["Id", "Letter", "Size (GB)", "Free (GB)"], *((n, "C:", "40", "7") for n in NAMES * 2))
    tables = (machines, disks)
    profile = profiling.profile(con, tables, today=date(2026, 1, 1))
    offered = suggest(con, tables, GOOGLE, Known(profile=profile)).assignment
    (total,) = (f for f in offered if f.target_field == "TotalDiskAllocatedGiB")
    assert (total.source_table, total.source_field) == ("disks", "Size (GB)")
    assert total.evidence[-1] == "rows belong together by disks.Id = machines.Id; of several, added up"


def test_disks_say_nothing_of_how_busy_machines_are(con, table_of):
    machines = table_of("machines", ["Id", "Name", "CPU Load"], *((n, n, str(i)) for i, n in enumerate(NAMES)))
    disks = table_of("disks", ["Id", "Size (GB)", "Free (GB)"], *((n, "40", "7") for n in NAMES * 2))
    tables = (machines, disks)
    profile = profiling.profile(con, tables, today=date(2026, 1, 1))
    offered = suggest(con, tables, GOOGLE, Known(profile=profile)).assignment
    assert {f.source_table for f in offered if f.target_table == "performance"} == {"machines"}
