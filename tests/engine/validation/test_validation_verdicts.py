"""Verdicts: every row is delivered or rejected with its reasons, and no good value is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from discovery_pipeline.engine import duck, targets, validation
from discovery_pipeline.engine.findings import Severity
from discovery_pipeline.engine.mapping import Mapping
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable
from discovery_pipeline.engine.validation import Verdict
from discovery_pipeline.errors import MappingError

Make = Callable[..., Any]
AWS = (
    ("servers", "id", "server", "ExternalId"),
    ("servers", "host", "server", "HostName"),
    ("servers", "ip", "server", "IPAddress"),
    ("servers", "ram", "server", "RAM.TotalSizeInMB"),
)
HEADER = ("id", "host", "ip", "ram", "note")


@pytest.fixture
def judge(con: duckdb.DuckDBPyConnection, mapped: Make, tmp_path: Path) -> Callable[..., Verdict]:
    """Judges tables by a target and a mapping's fields."""

    def judged(target: str | Target, fields: tuple[tuple[str, ...], ...], *tables: Any) -> Verdict:
        contract = targets.load(target) if isinstance(target, str) else target
        verdict = validation.validate(con, tables, mapped(contract.name, *fields), contract, tmp_path / "verdict")
        assert verdict.rows_in == verdict.rows_delivered + verdict.rows_rejected
        return verdict

    return judged


@pytest.fixture
def rows(con: duckdb.DuckDBPyConnection) -> Callable[..., list[tuple[Any, ...]]]:
    """Rows of a Parquet file, of these columns."""
    return lambda path, *names: con.execute(
        f"SELECT {', '.join(map(duck.name, names))} FROM read_parquet({duck.text(str(path))})"
    ).fetchall()


def reasons(rows: Make, verdict: Verdict) -> dict[int, str]:
    """Line → reasons."""
    return dict(rows(verdict.rejected, "line", "reasons"))


def test_a_good_row_stands_in_the_targets_own_form(judge: Make, rows: Make, table_of: Make):
    verdict = judge("aws", AWS, table_of("servers", HEADER, (" 1 ", "web01", "10.0.0.1 10.0.0.2", "16 GB", "x")))
    (valid,) = verdict.valid
    found = rows(valid.path, "ExternalId", "HostName", "IPAddress", "RAM.TotalSizeInMB", "OS.Name", "__table", "__row")
    assert found == [("1", "web01", "10.0.0.1,10.0.0.2", "16384", None, "servers", 0)]
    assert verdict.findings == ()


def test_a_bad_value_of_an_optional_field_is_left_out_and_the_row_goes_on(judge: Make, rows: Make, table_of: Make):
    verdict = judge("aws", AWS, table_of("servers", HEADER, ("1", "web01", "999.1.1.1", "-5", None)))
    assert verdict.rows_delivered == 1
    patches = rows(verdict.patches, "table", "row", "column", "before", "after", "rule", "reason")
    assert patches == [
        ("servers", 0, "ip", "999.1.1.1", None, "aws.type", 'IPAddress: "999.1.1.1" is not an IP address of a host'),
        ("servers", 0, "ram", "-5", None, "aws.range", 'RAM.TotalSizeInMB: "-5" is below 0'),
    ]
    assert {(f.column, f.rule, f.severity) for f in verdict.findings} == {
        ("ip", "type", Severity.WARNING),
        ("ram", "range", Severity.WARNING),
    }


@pytest.mark.parametrize(
    ("system", "near"),
    [("RHEL 8.4", "Nearest that are listed: Red Hat Enterprise Linux 7."), ("Plan Nine", "at their source.")],
)
def test_what_is_not_listed_is_told_with_what_comes_nearest(judge: Make, table_of: Make, system: str, near: str):
    header = ("*Server name", "*Cores", "*Memory (In MB)", "*OS name")
    fields = tuple(("vms", name, "server", name) for name in header)
    verdict = judge("azure", fields, table_of("vms", header, ("web01", "2", "4096", system)))
    (found,) = (f for f in verdict.findings if f.rule == "allowed")
    assert found.action.endswith(near)


def test_one_bad_item_does_not_take_the_list_with_it(judge: Make, rows: Make, table_of: Make):
    verdict = judge("aws", AWS, table_of("servers", HEADER, (None, None, "10.0.0.1;300.0.0.1", None, None)))
    assert rows(verdict.valid[0].path, "IPAddress") == [("10.0.0.1",)]
    assert rows(verdict.patches, "before", "after") == [("10.0.0.1;300.0.0.1", "10.0.0.1")]


def test_a_row_that_names_nothing_is_rejected_with_every_reason(judge: Make, rows: Make, table_of: Make):
    verdict = judge("aws", AWS, table_of("servers", HEADER, ("n/a", None, "bad", "4", "lost?")))
    (said,) = reasons(rows, verdict).values()
    assert 'ExternalId: "n/a" stands for no value' in said
    assert 'IPAddress: "bad" is not an IP address' in said
    assert "identifies no server" in said
    assert rows(verdict.patches, "row") == []
    (record,) = rows(verdict.rejected, "record")[0]
    assert json.loads(record) == {"id": "n/a", "host": None, "ip": "bad", "ram": "4", "note": "lost?"}


def test_a_required_field_without_a_valid_value_rejects_its_row(judge: Make, rows: Make, table_of: Make):
    fields = tuple(
        ("s", a, "server", b)
        for a, b in (("n", "*Server name"), ("c", "*Cores"), ("m", "*Memory (In MB)"), ("o", "*OS name"))
    )
    table = table_of(
        "s", ("n", "c", "m", "o"), ("a", "2", "1,024", "CentOS 7"), ("b", "0", None, "BeOS"), (None, "1", "1", "CentOS")
    )
    verdict = judge("azure", fields, table)
    said = reasons(rows, verdict)
    assert set(said) == {3, 4}
    assert '*Cores: "0" is below 1' in said[3]
    assert "*Memory (In MB) is needed and is empty" in said[3]
    assert '*OS name: "BeOS" holds none of the names' in said[3]
    assert "is empty" not in said[3].replace("*Memory (In MB) is needed and is empty", "")
    assert said[4] == "*Server name is needed and is empty"


def test_a_name_is_completed_by_its_version_where_it_is_none_by_itself(judge: Make, rows: Make, table_of: Make):
    named = (("n", "*Server name"), ("c", "*Cores"), ("m", "*Memory (In MB)"), ("o", "*OS name"), ("v", "OS version"))
    systems = [("Windows Server", "2019"), ("Red Hat Enterprise Linux", "7.9"), ("CentOS", "8"), ("AIX", "7.2")]
    table = table_of("s", ("n", "c", "m", "o", "v"), *((f"h{i}", "1", "1", o, v) for i, (o, v) in enumerate(systems)))
    verdict = judge("azure", tuple(("s", a, "server", b) for a, b in named), table)
    found = rows(verdict.valid[0].path, "*OS name", "OS version")
    assert found == [("Windows Server 2019", "2019"), ("Red Hat Enterprise Linux 7.9", "7.9"), ("CentOS", "8")]
    assert '"AIX 7.2" holds none of the names' in reasons(rows, verdict)[5]


def test_fields_that_go_together_reject_a_row_that_has_one(judge: Make, rows: Make, table_of: Make):
    fields = (
        ("s", "h", "server", "HostName"),
        ("s", "m", "server", "VMware.MoRefId"),
        ("s", "v", "server", "VMware.VCenterId"),
    )
    verdict = judge(
        "aws", fields, table_of("s", ("h", "m", "v"), ("a", "vm-1", None), ("b", "vm-2", "vc"), ("c", None, None))
    )
    assert reasons(rows, verdict) == {2: "VMware.MoRefId and VMware.VCenterId go only together"}


def test_half_a_pair_that_is_mapped_alone_is_left_out_for_all_rows(judge: Make, table_of: Make):
    fields = (("s", "h", "server", "HostName"), ("s", "m", "server", "VMware.MoRefId"))
    verdict = judge("aws", fields, table_of("s", ("h", "m"), ("a", "vm-1")))
    assert verdict.rows_delivered == 1
    assert [(f.rule, f.column) for f in verdict.findings] == [("together", "m")]


def test_the_second_of_two_equal_rows_is_a_duplicate_of_the_first(judge: Make, rows: Make, table_of: Make):
    one, other = ("1", "web01", "10.0.0.1", "4", "x"), ("1", "web01", "10.0.0.1", "4.0", "y")
    verdict = judge("aws", AWS, table_of("servers", HEADER, one, one, other))
    assert reasons(rows, verdict) == {
        3: "duplicate of line 2",
        4: "duplicate of line 2 in everything that aws takes",
    }


def test_a_duplicate_in_another_table_is_named_with_its_file(judge: Make, rows: Make, table_of: Make):
    fields = (("servers", "id", "server", "ExternalId"), ("vms", "uuid", "server", "ExternalId"))
    verdict = judge(
        "aws", fields, table_of("servers", ["id"], ("1",), ("2",)), table_of("vms", ["uuid"], ("2",), ("3",))
    )
    assert verdict.rows_delivered == 3
    assert rows(verdict.rejected, "table", "reasons") == [("vms", "duplicate of servers.csv, line 3")]


def test_two_disks_of_one_size_are_two_disks(judge: Make, rows: Make, table_of: Make):
    vm = [("v", a, "vm", b) for a, b in (("id", "MachineId"), ("id", "MachineName"), ("d", "TotalDiskAllocatedGiB"),
          ("c", "AllocatedProcessorCoreCount"), ("m", "MemoryGiB"), ("o", "OsName"), ("p", "IsPhysical"))]  # fmt: skip
    disk = [("d", a, "disk", b) for a, b in (("vm", "MachineId"), ("gb", "SizeInGib"))]
    vms = table_of("v", ("id", "d", "c", "m", "o", "p"), ("1", "100", "2", "8", "Linux", "virtual"))
    disks = table_of(
        "d", ("vm", "gb", "serial"), ("1", "50", "A"), ("1", "50", "B"), ("1", "50", "B"), ("9", "50", "C")
    )
    verdict = judge("google", (*vm, *disk), vms, disks)
    assert [(v.target_table, v.row_count) for v in verdict.valid] == [("vm", 1), ("disk", 2)]
    assert reasons(rows, verdict) == {4: "duplicate of line 3", 5: 'MachineId "9" is not in google/vmInfo.csv'}
    assert rows(verdict.valid[0].path, "IsPhysical") == [("FALSE",)]


MGN = tuple(
    ("s", a, "server", b)
    for a, b in (("id", "mgn:server:user-provided-id"), ("ip", "mgn:launch:nic:0:private-ip:0"),
                 ("app", "mgn:app:name"), ("about", "mgn:app:description"), ("env", "mgn:server:tag:KEY"))
)  # fmt: skip
MGN_HEADER = ("id", "ip", "app", "about", "env")


def test_the_same_identifier_with_other_values_is_no_duplicate(judge: Make, rows: Make, table_of: Make):
    verdict = judge(
        "aws-mgn",
        MGN,
        table_of("s", MGN_HEADER, ("1", "10.0.0.1", None, None, None), ("1", "10.0.0.2", None, None, None)),
    )
    assert reasons(rows, verdict) == {3: "same mgn:server:user-provided-id as line 2, with other values"}


def test_a_rejected_row_never_makes_another_one_fail(judge: Make, rows: Make, table_of: Make):
    verdict = judge(
        "aws-mgn", MGN, table_of("s", MGN_HEADER, ("1", "::1", None, None, None), ("1", "10.0.0.2", None, None, None))
    )
    assert list(reasons(rows, verdict)) == [2]


def test_an_application_is_described_in_one_way_and_by_name(judge: Make, rows: Make, table_of: Make):
    table = table_of(
        "s", MGN_HEADER, ("1", "10.0.0.1", "shop", "sells", None), ("2", "10.0.0.2", "shop", None, None),
        ("3", "10.0.0.3", "shop", "buys; sells", None), ("4", "10.0.0.4", None, "what?", None),
    )  # fmt: skip
    said = reasons(rows, judge("aws-mgn", MGN, table))
    assert said == {
        4: 'mgn:app:description of mgn:app:name "shop" is "sells" on line 2 and "buys;sells" here',
        5: "mgn:app:description describes what mgn:app:name doesn't name",
    }


def test_a_key_that_nobody_chose_is_the_columns_name(judge: Make, rows: Make, table_of: Make):
    verdict = judge("aws-mgn", MGN, table_of("s", MGN_HEADER, ("1", "10.0.0.1", None, None, "prod")))
    assert rows(verdict.valid[0].path, "mgn:server:tag:env") == [("prod",)]


def test_only_mapped_columns_stand_where_a_target_lets_columns_out(
    judge: Make, con: duckdb.DuckDBPyConnection, table_of: Make
):
    verdict = judge("aws-mgn", MGN[:2], table_of("s", ("ip", "id"), ("10.0.0.1", "1")))
    named = con.execute(f"DESCRIBE FROM read_parquet('{verdict.valid[0].path}')").fetchall()
    assert [n for n, *_ in named] == [
        "mgn:server:user-provided-id",
        "mgn:launch:nic:0:private-ip:0",
        "__table",
        "__row",
    ]


def test_a_table_that_identifies_nothing_is_told_so(judge: Make, rows: Make, table_of: Make):
    fields = (*AWS, ("relations", "os", "server", "OS.Name"))
    verdict = judge(
        "aws",
        fields,
        table_of("servers", HEADER, ("1", None, None, None, None)),
        table_of("relations", ["os"], ("a",), ("b",)),
    )
    assert verdict.rows_rejected == 2
    (said,) = set(reasons(rows, verdict).values())
    assert said.startswith("table_not_mapped: no column of 'relations' identifies a server (ExternalId, IPAddress")
    assert [(f.table, f.rule, f.count) for f in verdict.findings] == [("relations", "table_not_mapped", 2)]


def test_a_value_that_its_transformation_cannot_read_is_told_with_the_source_value(
    judge: Make, rows: Make, table_of: Make
):
    fields = (AWS[0], ("servers", "ram", "server", "RAM.TotalSizeInMB", 'convert("GB","MB")'))
    verdict = judge(
        "aws", fields, table_of("servers", HEADER, ("1", None, None, "lots", None), ("2", None, None, "2", None))
    )
    ((before, rule, reason),) = rows(verdict.patches, "before", "rule", "reason")
    assert (before, rule) == ("lots", "aws.conversion")
    assert '"lots" isn\'t a number in GB, which convert needs' in reason
    assert rows(verdict.valid[0].path, "RAM.TotalSizeInMB") == [(None,), ("2048",)]


def test_an_empty_second_part_is_no_fault(judge: Make, rows: Make, table_of: Make):
    fields = (AWS[0], ("servers", "ip", "server", "IPAddress", 'split(",", 1)'))
    verdict = judge("aws", fields, table_of("servers", HEADER, ("1", None, "10.0.0.1", None, None)))
    assert verdict.blanked == 0


def test_a_value_with_line_breaks_is_written_in_one_line(judge: Make, rows: Make, table_of: Make):
    verdict = judge("aws", AWS, table_of("servers", HEADER, ("1\r\n2", None, None, None, None)))
    assert rows(verdict.valid[0].path, "ExternalId") == [("1 2",)]


def test_names_that_are_SQL_stay_names(judge: Make, rows: Make, table_of: Make):
    header = ("i'd\"; DROP", "ho'st")
    fields = tuple(("o'hara", a, "server", b) for a, b in zip(header, ("ExternalId", "HostName"), strict=True))
    verdict = judge("aws", fields, table_of("o'hara", header, ("1'", "'; --"), ("1'", "x")))
    assert verdict.rows_delivered == 2


def test_fields_may_have_any_name(judge: Make, rows: Make, table_of: Make):
    named = ("source", "feed", "first", "row", "reason", "known", "value")
    fields = tuple(TargetField(name=n, unique=n == "first", identity=n == "first") for n in named)
    target = Target(name="own", title="Own", tables=(TargetTable(name="t", file="t.csv", fields=fields),))
    one = ("a", "b", "1", "c", "d", "e", "f")
    verdict = judge(target, tuple(("s", n, "t", n) for n in named), table_of("s", named, one, one, (*one[:6], "g")))
    assert rows(verdict.valid[0].path, *named) == [one]
    assert reasons(rows, verdict) == {3: "duplicate of line 2", 4: "same first as line 2, with other values"}


def test_two_tables_that_spell_a_key_differently_fill_one_column(judge: Make, rows: Make, table_of: Make):
    fields = [(t, a, "server", b) for t in ("a", "b") for a, b in (("id", MGN[0][3]), ("ip", MGN[1][3]))]
    fields += [("a", "env", "server", "mgn:server:tag:Env"), ("b", "env", "server", "mgn:server:tag:env")]
    one, other = (table_of(n, ("id", "ip", "env"), (n, f"10.0.0.{i}", n)) for i, n in enumerate("ab", start=1))
    verdict = judge("aws-mgn", tuple(fields), one, other)
    assert rows(verdict.valid[0].path, "mgn:server:tag:Env") == [("a",), ("b",)]


def test_nothing_but_a_header_is_no_fault(judge: Make, table_of: Make):
    verdict = judge("aws", AWS, table_of("servers", HEADER))
    assert (verdict.rows_in, verdict.findings) == (0, ())


def test_where_there_is_no_table_there_is_nothing_to_judge(judge: Make):
    with pytest.raises(MappingError, match="no table"):
        judge("aws", ())


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (("servers", "nope", "server", "HostName"), "table 'servers' has no column 'nope'"),
        (("servers", "host", "server", "Hostname"), "no field 'server.Hostname'"),
        (("others", "host", "server", "HostName"), "the tables are servers"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(judge: Make, table_of: Make, field: tuple[str, ...], said: str):
    with pytest.raises(MappingError, match=said):
        judge("aws", (field,), table_of("servers", HEADER))


def test_a_field_is_filled_once(judge: Make, table_of: Make):
    with pytest.raises(MappingError, match=r"filled twice.*'id' and 'host'"):
        judge("aws", (AWS[0], ("servers", "host", "server", "ExternalId")), table_of("servers", HEADER))


def test_a_file_in_the_targets_columns_maps_itself(table_of: Make):
    own = table_of("export", ("externalid", "HostName", "IPAddress", "OS.Name", "Remarks"))
    mapping = validation.own_columns((own,), targets.load("aws"))
    assert isinstance(mapping, Mapping)
    assert (mapping.fields[0].source_field, mapping.fields[0].target_field) == ("externalid", "ExternalId")
    assert validation.own_columns((table_of("other", ("id", "HostName", "ip")),), targets.load("aws")) is None


def test_tags_of_google_are_not_its_machines(table_of: Make):
    mapping = validation.own_columns((table_of("t", ("MachineId", "Key", "Value")),), targets.load("google"))
    assert mapping and {f.target_table for f in mapping.fields} == {"tag"}
