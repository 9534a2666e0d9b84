"""Aspects: a whole is no part of it, a peak no average, and what many rows are on is not what one is called."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from discovery_pipeline.engine import mapping, targets
from discovery_pipeline.engine.mapping.matcher import fields, samples
from discovery_pipeline.engine.mapping.matcher.evidence import Reasons
from discovery_pipeline.engine.mapping.matcher.fields import Stated
from discovery_pipeline.engine.mapping.matcher.matching import Matched, compared, match
from discovery_pipeline.engine.mapping.model import HIGH

GOOGLE = {table.name: fields.of_target(table) for table in targets.load("google").tables}


def _clash(found: Matched, column: str, field: str) -> bool:
    return bool(found.clashes[found.source.names.index(column), found.target.names.index(field)])


def _columns(*names: str) -> fields.Side:
    return fields.of_schema("servers", map(Stated, names))


@pytest.mark.parametrize(
    ("column", "clashes"),
    [
        ("Total memory (MB)", True),
        ("RAM (MB)", True),
        ("Memory used (MB)", True),
        ("Free memory (MB)", False),
        ("Arbeitsspeicher frei (GB)", False),
    ],
)
def test_only_what_is_free_is_available(column: str, clashes: bool):
    assert _clash(match(_columns(column), GOOGLE["performance"]), column, "AvailableMemoryBytes(optional)") is clashes


@pytest.mark.parametrize(
    ("column", "allotted", "used"),
    [
        ("Disk capacity in use (GB)", True, False),
        ("Disk free (GB)", True, True),
        ("Provisioned storage (GB)", False, True),
        ("Disk (GB)", False, False),
    ],
)
def test_what_a_disk_holds_is_not_how_large_it_is(column: str, allotted: bool, used: bool):
    found = match(_columns(column), GOOGLE["vm"])
    assert _clash(found, column, "TotalDiskAllocatedGiB") is allotted
    assert _clash(found, column, "TotalDiskUsedGiB(optional)") is used


@pytest.mark.parametrize(
    ("column", "clashes"), [("Peak CPU %", True), ("Avg CPU %", False), ("CPU usage (%)", False), ("Max CPUs", False)]
)
def test_a_peak_is_no_usual_load(column: str, clashes: bool):
    found = compared(_columns(column), fields.of_schema("target", [Stated("cpu usage percent"), Stated("cpus")]))
    assert _clash(found, column, "cpu usage percent" if "%" in column else "cpus") is clashes


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Termination Date", "start_date"),
        ("ShippingStreet", "invoice_street"),
        ("Valid From", "valid_to"),
        ("Old value", "new_value"),
        ("dst_port", "source_port"),
        ("Time in", "time_out"),
    ],
)
def test_contrary_names_are_not_the_same_and_said_to_be_so(column: str, field: str):
    found = compared(_columns("Reference", column), _columns("reference", field))
    assert _clash(found, column, field)
    assert found.confidence[1, 1] <= 0.3
    assert "but the names say contrary things" in Reasons(found).of(1, 1)


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Start of support", "begin_date"),
        ("From/To", "valid_to"),
        ("Network out (KB/s)", "NetworkWritesPerSecondInKB"),
        ("Bill-to street", "invoice_street"),
    ],
)
def test_names_that_say_the_same_or_both_are_not_contrary(column: str, field: str):
    assert not compared(_columns(column), _columns(field)).evidence.names.contrary.any()


@pytest.mark.parametrize(
    ("column", "numbers", "high"),
    [
        ("CPUCount", (1, 2, 4), False),
        ("Number of CPUs", (1, 2, 4), False),
        ("CPUCount", (4, 8, 16, 32), True),
        ("Cores", (1, 2, 4), True),
        ("vCPU", (1, 2, 4), True),
    ],
)
def test_few_processors_may_be_sockets_and_are_not_surely_cores(
    con, table_of, column: str, numbers: tuple[int, ...], high: bool
):
    rows = [(f"web{i:02}", f"10.0.0.{i}", str(numbers[i % len(numbers)])) for i in range(24)]
    table = table_of("servers", ["Hostname", "IP", column], *rows)
    found = match(fields.of_table(table, samples.take(con, table)), GOOGLE["vm"])
    cores = found.target.names.index("AllocatedProcessorCoreCount")
    assert found.confidence[2].argmax() == cores, "still offered"
    assert bool(found.confidence[2, cores] >= HIGH) is high
    assert (f"but '{column}' may mean something else as well" in Reasons(found).of(2, cores)) is not high


def test_a_host_that_many_rows_run_on_is_not_their_full_name(con, table_of):
    rows = [(f"web{i:02}", f"esx{i % 3}.corp.example", f"10.0.0.{i}", "Debian 12") for i in range(30)]
    found = mapping.suggest(con, (table_of("vms", ["Name", "Host", "IP", "OS"], *rows),), targets.load("aws-mgn"))
    assert ("Host", "mgn:server:fqdn-for-action-framework") not in {
        (f.source_field, f.target_field) for f in found.assignment if f.confidence >= HIGH
    }


@pytest.mark.parametrize("bare", [False, True])
def test_a_host_that_many_rows_run_on_is_not_surely_what_they_are_called(con, table_of, bare: bool):
    rows = [(f"web{i:02}", f"esx{i % 3}.corp.example", "4") for i in range(30)]
    table = table_of("entities", ["Entity", "Host Name", "vCPU"], *rows)
    stated = fields.of_schema(
        "t", [Stated("MachineName", "string", "Name of the machine."), Stated("Cores", "integer")]
    )
    found = compared(fields.of_table(table, samples.take(con, table)), stated if bare else GOOGLE["vm"])
    assert found.confidence[1, found.target.names.index("MachineName")] < HIGH


def test_operating_systems_are_no_version_whatever_their_column_is_called(con, table_of):
    rows = [(f"web{i:02}", "Windows Server 2019 Standard" if i % 3 else "Ubuntu 20.04.6 LTS") for i in range(20)]
    table = table_of("hosts", ["Hostname", "OS Version"], *rows)
    found = compared(fields.of_table(table, samples.take(con, table)), _columns("OS.Name", "OS.Version", "HostName"))
    assert found.target.names[found.confidence[1].argmax()] == "OS.Name"
    assert found.confidence[1, 1] <= 0.3


@pytest.mark.parametrize(("column", "value"), [("Disks", "{}"), ("Disk used (GB)", "{}"), ("Disk load", "{} %")])
def test_disk_space_is_a_size_where_nobody_states_its_unit(con, table_of, column: str, value: str):
    rows = [(f"web{i:02}", value.format(i % 5 + 1)) for i in range(20)]
    table = table_of("servers", ["Name", column], *rows)
    found = compared(fields.of_table(table, samples.take(con, table)), _columns("name", "disk_space", "comments"))
    assert _clash(found, column, "disk_space")


def test_values_of_the_kind_that_a_name_leads_one_to_expect_speak_for_it(con, table_of):
    dates = [(f"P{i:03}", f"2024-01-{i + 1:02}") for i in range(20)]
    texts = [(code, "to be agreed") for code, _ in dates]

    def said(rows: list[tuple[str, str]]) -> float:
        table = table_of("policies", ["POL_NO", "renewal_date"], *rows)
        source = fields.of_table(table, samples.take(con, table))
        return float(compared(source, _columns("policy_number", "renewal_date", "insured")).confidence[1, 1])

    assert said(dates) >= HIGH > said(texts)


def test_no_address_becomes_a_number_however_alike_the_names(con, table_of):
    rows = [(f"10.0.{i}.0/24", f"10.0.{i}.7", f"{i * 7}") for i in range(20)]
    table = table_of("subnets", ["net", "network received", "network in"], *rows)
    found = match(fields.of_table(table, samples.take(con, table)), GOOGLE["performance"])
    received = "NetworkBytesPerSecReceived(optional)"
    assert [_clash(found, name, received) for name in found.source.names] == [True, True, False]


def test_a_power_state_is_no_install_status(con, table_of):
    rows = [(f"web{i:02}", "On" if i % 3 else "Off", "Active", "Debian 12") for i in range(20)]
    tables = (table_of("servers", ["Name", "Power State", "Status", "OS"], *rows),)
    found = mapping.suggest(con, tables, targets.load("servicenow"))
    assert ("Power State", "install_status") not in {(f.source_field, f.target_field) for f in found.assignment}


def test_a_date_is_in_no_list_of_words(con, table_of):
    rows = [(f"web{i:02}", f"2026-01-{i + 1:02} 08:00:00", "Debian 12") for i in range(20)]
    found = mapping.suggest(con, (table_of("servers", ["Name", "Boot time", "OS"], *rows),), targets.load("azure"))
    assert "Boot type" not in {f.target_field for f in found.assignment}


def test_the_address_of_a_management_controller_is_not_the_servers(con, table_of):
    rows = [(f"web{i:02}", f"10.0.0.{i}", "Debian 12") for i in range(20)]
    found = mapping.suggest(con, (table_of("servers", ["Name", "iLO Address", "OS"], *rows),), targets.load("azure"))
    assert "IP addresses" not in {f.target_field for f in found.assignment}


def test_a_column_of_yes_and_no_asks_whether_rows_are_what_it_is_called(con, table_of):
    rows = [(f"web{i:02}", "Yes" if i % 3 else "No", "Debian 12", "4", "16") for i in range(20)]
    header = ["Device Name", "Virtual Machine", "OS", "Cores", "Memory (GB)"]
    found = mapping.suggest(con, (table_of("servers", header, *rows),), targets.load("google"))
    physical = next(f for f in found.assignment if f.target_field == "IsPhysical")
    assert physical.source_field == "Virtual Machine"
    assert physical.transformation == 'to_boolean | map_values({"true": "false", "false": "true"})'


def test_numbers_are_read_whatever_mark_stands_before_decimals(con, table_of):
    rows = [
        ("0,5", "0.5", "512,5 GB", "1 234 567", "1234567"),
        ("1,25", "1.25", "1.024,5 GB", "12", "12"),
        ("1.024,5", "1024.5", "16,0 GB", "1\u00a0086", "1086"),
    ]
    seen = samples.take(con, table_of("t", ["comma", "point", "sized", "spaced", "plain"], *rows))
    middle = seen.quantiles.shape[1] // 2
    assert seen.quantiles[:, middle].tolist() == [1.25, 1.25, 512.5, 1086, 1086]
    assert seen.kinds[0].tolist() == seen.kinds[1].tolist()
    assert seen.kinds[3].tolist() == seen.kinds[4].tolist()


YES = ("RAM used (MB)", "CPU count", "VM name", "Disk (GB)", "Memory (%)", "Memory hot add")


@pytest.mark.parametrize(
    ("column", "answers", "stated", "clashing"),
    [
        ("DynamicMemoryEnabled", ("True", "False"), "", YES[:-1]),
        ("Is Virtual Machine", ("Yes", "No"), "", YES[:-1]),
        ("Is Virtual Machine", ("Yes", "No"), "boolean", ()),
        ("Disks", ("n/a", "No"), "", ()),
    ],
)
def test_yes_and_no_is_no_size_count_or_name(con, table_of, column: str, answers: tuple[str, str], stated, clashing):
    rows = [(f"web{i:02}", answers[i % 2]) for i in range(20)]
    table = table_of("servers", ["Hostname", column], *rows)
    target = fields.of_schema("target", [Stated(name, stated) for name in YES])
    found = compared(fields.of_table(table, samples.take(con, table)), target)
    assert tuple(name for name in YES if _clash(found, column, name)) == clashing


@pytest.mark.parametrize(
    ("column", "numbers", "clashes"),
    [
        ("#", range(40), True),
        ("Number of disks", range(1, 41), True),
        ("#", range(8), False),
        ("#", [n % 12 for n in range(40)], False),
        ("#", range(2, 82, 2), False),
    ],
    ids=["from 0", "from 1", "too few", "again and again", "every second"],
)
def test_a_number_of_the_row_counts_nothing_else(con, table_of, column: str, numbers: Sequence[int], clashes: bool):
    rows = [(str(number), f"web{i:02}") for i, number in enumerate(numbers)]
    table = table_of("servers", [column, "Hostname"], *rows)
    found = compared(fields.of_table(table, samples.take(con, table)), _columns("Number of disks", "Asset Id"))
    assert _clash(found, column, "Number of disks") is clashes
    assert not _clash(found, column, "Asset Id"), "rows may be known by their number"
