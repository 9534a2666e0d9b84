"""Joining: tables that describe the same things fill one file together, and give no rows of their own."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable
from discovery_pipeline.engine.validation import validate
from discovery_pipeline.engine.validation.feeds import NOT_MAPPED

SERVER = TargetTable(
    name="server",
    file="servers.csv",
    fields=(
        TargetField(name="name", required=True, identity=True, aliases=("host name",)),
        TargetField(name="ips", type="list<ip>", separator=";"),
        TargetField(name="disk", type="number", unit="GB", adds_up=True),
        TargetField(name="os"),
    ),
)
DISK = TargetTable(
    name="disk",
    file="disks.csv",
    fields=(
        TargetField(name="server", required=True, references="server.name"),
        TargetField(name="size", type="number", required=True),
    ),
)
TARGET = Target(name="t", title="T", tables=(SERVER, DISK))
NAMES = [f"web{i}" for i in range(10)]


@pytest.fixture
def servers(table_of):
    return table_of("servers", ["tag", "host"], *((f"A{i}", n) for i, n in enumerate(NAMES)))


def _rows(con, verdict, table="server"):
    path = next(v.path for v in verdict.valid if v.target_table == table)
    return con.execute(f"SELECT * EXCLUDE (__table, __row) FROM read_parquet({duck.text(str(path))})").fetchall()


def _reasons(con, verdict):
    log = f"read_parquet({duck.text(str(verdict.rejected))})"
    return con.execute(f'SELECT "table", reasons FROM {log} ORDER BY "table", row').fetchall()


def _adds_up(verdict) -> bool:
    return verdict.rows_in == verdict.rows_delivered + verdict.rows_rejected


def test_what_one_table_lacks_comes_from_another_in_the_order_of_its_rows(con, servers, table_of, mapped, tmp_path):
    adapters = table_of(
        "adapters", ["host", "ip"], *((n.upper(), f"10.0.{k}.{i}") for k in (9, 1) for i, n in enumerate(NAMES))
    )
    mapping = mapped("t", ("servers", "host", "server", "name"), ("adapters", "ip", "server", "ips"))
    verdict = validate(con, (servers, adapters), mapping, TARGET, tmp_path / "v")
    assert _rows(con, verdict)[3] == ("web3", "10.0.9.3;10.0.1.3", None, None)
    assert (verdict.rows_delivered, verdict.rows_rejected) == (10, 20)
    assert all(reason.startswith(NOT_MAPPED) for _, reason in _reasons(con, verdict))
    (told,) = (f for f in verdict.findings if f.rule == NOT_MAPPED)
    assert told.count == 20
    assert "complete those of servers (ips), by adapters.host = servers.host" in told.evidence


def test_parts_add_up_after_each_was_converted(con, servers, table_of, mapped, tmp_path):
    disks = table_of("disks", ["host", "size"], *((n, size) for n in NAMES for size in ("500 GB", "1 TB")))
    mapping = mapped(
        "t", ("servers", "host", "server", "name"), ("disks", "size", "server", "disk", 'convert("GB","GB")')
    )
    verdict = validate(con, (servers, disks), mapping, TARGET, tmp_path / "v")
    assert {row[2] for row in _rows(con, verdict)} == {"1524"}


def test_a_sum_with_a_part_that_cant_be_read_is_none_and_is_told(con, servers, table_of, mapped, tmp_path):
    rows = [(n, "40") for n in NAMES] + [("web0", "huge")]
    disks = table_of("disks", ["host", "size"], *rows)
    mapping = mapped("t", ("servers", "host", "server", "name"), ("disks", "size", "server", "disk"))
    verdict = validate(con, (servers, disks), mapping, TARGET, tmp_path / "v")
    assert [row[2] for row in _rows(con, verdict)][:2] == [None, "40"]
    (told,) = (f for f in verdict.findings if f.rule == "conversion")
    assert (told.column, told.count) == ("disks.size", 1)


def test_texts_that_differ_are_not_one_value(con, servers, table_of, mapped, tmp_path):
    systems = table_of("systems", ["host", "os"], *((n, "Linux") for n in NAMES), ("web1", "Windows"))
    mapping = mapped("t", ("servers", "host", "server", "name"), ("systems", "os", "server", "os"))
    verdict = validate(con, (servers, systems), mapping, TARGET, tmp_path / "v")
    assert [row[3] for row in _rows(con, verdict)][:3] == ["Linux", None, "Linux"]
    assert _adds_up(verdict)


def test_a_row_about_nothing_that_is_there_is_rejected_and_says_so(con, servers, table_of, mapped, tmp_path):
    disks = table_of("disks", ["host", "size"], *((n, "40") for n in NAMES * 2), ("gone", "40"))
    mapping = mapped("t", ("servers", "host", "server", "name"), ("disks", "size", "server", "disk"))
    verdict = validate(con, (servers, disks), mapping, TARGET, tmp_path / "v")
    assert ("disks", "host is that of no row of servers") in _reasons(con, verdict)
    assert _adds_up(verdict)


def test_a_second_list_of_the_same_things_gives_only_those_that_the_first_lacks(con, table_of, mapped, tmp_path):
    first = table_of("first", ["host", "os"], *((n, "Linux") for n in NAMES))
    second = table_of("second", ["name", "ip"], *((n, "10.0.0.1") for n in [*NAMES[:9], "new"]))
    mapping = mapped(
        "t",
        ("first", "host", "server", "name"), ("first", "os", "server", "os"),
        ("second", "name", "server", "name"), ("second", "ip", "server", "ips"),
    )  # fmt: skip
    verdict = validate(con, (first, second), mapping, TARGET, tmp_path / "v")
    rows = {row[0]: row for row in _rows(con, verdict)}
    assert len(rows) == 11
    assert rows["web2"] == ("web2", "10.0.0.1", None, "Linux")
    assert rows["new"] == ("new", "10.0.0.1", None, None)
    assert (verdict.rows_delivered, verdict.rows_rejected) == (11, 9)


def test_rows_name_what_they_belong_to_by_the_key_that_was_delivered(con, servers, table_of, mapped, tmp_path):
    disks = table_of("disks", ["tag", "size"], *((f"A{i}", size) for i in range(10) for size in ("40", "80")))
    mapping = mapped(
        "t",
        ("servers", "host", "server", "name"),
        ("servers", "host", "disk", "server"),
        ("disks", "size", "disk", "size"),
    )
    verdict = validate(con, (servers, disks), mapping, TARGET, tmp_path / "v")
    assert _rows(con, verdict, "disk")[:2] == [("web0", "40"), ("web0", "80")]
    assert (verdict.rows_delivered, verdict.rows_rejected) == (30, 0)


def test_a_table_that_nothing_is_taken_from_is_said_to_describe_another(con, servers, table_of, mapped, tmp_path):
    sheet = table_of("sheet", ["host", "wave"], *((n, "1") for n in [*NAMES[:9], "gone"]))
    mapping = mapped("t", ("servers", "host", "server", "name"))
    verdict = validate(con, (servers, sheet), mapping, TARGET, tmp_path / "v")
    assert {reason for _, reason in _reasons(con, verdict)} == {
        f"{NOT_MAPPED}: it describes rows of servers, by sheet.host = servers.host"
    }
    (told,) = (f for f in verdict.findings if f.rule == NOT_MAPPED)
    assert (told.severity.value, told.count) == ("info", 10)


def test_a_name_with_its_domain_is_the_short_one(con, servers, table_of, mapped, tmp_path):
    seen = table_of("seen", ["fqdn", "system"], *((f"{n}.corp.example.com", f"Linux {i}") for i, n in enumerate(NAMES)))
    mapping = mapped("t", ("servers", "host", "server", "name"), ("seen", "system", "server", "os"))
    verdict = validate(con, (servers, seen), mapping, TARGET, tmp_path / "v")
    assert [(row[0], row[3]) for row in _rows(con, verdict)][:2] == [("web0", "Linux 0"), ("web1", "Linux 1")]
    assert (verdict.rows_delivered, _adds_up(verdict)) == (10, True)
