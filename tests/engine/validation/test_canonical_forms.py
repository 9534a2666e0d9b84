"""Canonical forms: what means the same is written the same, and what has no reading has none."""

from __future__ import annotations

import ipaddress
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine import duck, targets
from discovery_pipeline.engine.targets import TargetField
from discovery_pipeline.engine.validation.canonical import canonical, settled, trimmed

CON = duck.connect()


def forms(field: TargetField, *values: str) -> list[tuple[str | None, str | None]]:
    """Value and what was left out, for each text."""
    form = canonical(field, "v")
    return CON.execute(
        f"SELECT f.value, f.left_out FROM (SELECT {form} AS f FROM (SELECT unnest($1) AS v))", [list(values)]
    ).fetchall()


def form(value: str, kind: Any, **more: Any) -> str | None:
    return forms(TargetField(name="f", type=kind, **more), value)[0][0]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("16384", "16384"), ("16384.0", "16384"), ("+007.50", "7.5"), ("1,024", "1024"), ("1,024,000.25", "1024000.25"),
        ("1'024", "1024"), ("12,5", "12.5"), (".5", "0.5"), ("5.", "5"), ("-0.0", "0"), ("-5", "-5"), ("1e3", "1000"),
        ("16 GB", "16384"), ("16GiB", "16384"), ("1024 MB", "1024"), ("512 kb", "0.5"), ("0.5 TB", "524288"),
        ("99999999999999999999.123456789", "99999999999999999999.123456789"),
        ("16 apples", None), ("45%", None), ("NaN", None), ("inf", None), ("1e999", None), ("0x10", None),
        ("4 GHz", None),
        ("1,02,4", None), ("--5", None), ("1.2.3", None), ("n/a", None), ("", None),
    ],
)  # fmt: skip
def test_numbers_lose_their_dress_and_keep_their_digits(written: str, read: str | None):
    assert form(written, "number", unit="MB") == read


@pytest.mark.parametrize(("written", "read"), [("45%", "45"), ("45 %", "45"), ("0.5", "0.5"), ("45 GB", None)])
def test_a_percent_sign_is_the_unit_of_a_percentage(written: str, read: str | None):
    assert form(written, "number", unit="percent") == read


@pytest.mark.parametrize(
    ("written", "read"), [("4.0", "4"), ("4.5", None), ("1e2", "100"), ("0016", "16"), ("8 TB", None)]
)
def test_a_whole_number_is_never_rounded_to(written: str, read: str | None):
    assert form(written, "integer") == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("10.0.0.1", "10.0.0.1"), ("10.0.255.0", "10.0.255.0"), ("10.0.0.1:8080", "10.0.0.1"),
        ("10.0.0.5/24", "10.0.0.5"), ("10.0.0.7/32", "10.0.0.7"), ("FE80::1", "fe80::1"), ("[::1]:443", "::1"),
        ("10.0.0.0/24", None), ("10.0.0.1/99", None), ("0.0.0.0", None), ("255.255.255.255", None), ("::", None),
        ("256.0.0.1", None), ("10.0.0", None), ("010.0.0.1", None), ("10.0.0.1.5", None), (":::", None),
        ("web01", None),
    ],
)  # fmt: skip
def test_an_address_is_one_that_a_host_can_have(written: str, read: str | None):
    assert form(written, "ip") == read


def test_an_ipv6_address_is_none_where_ipv4_is_asked_for():
    assert form("fe80::1", "ipv4") is None


@pytest.mark.parametrize(
    "written", ["aabb.ccdd.eeff", "AA-BB-CC-DD-EE-FF", "aabbccddeeff", "aa:bb:cc:dd:ee:ff", "aabb-ccdd-eeff"]
)
def test_a_mac_address_has_one_form(written: str):
    assert form(written, "mac") == "AA:BB:CC:DD:EE:FF"


@pytest.mark.parametrize("written", ["aa:bb:cc:dd:ee", "gg:bb:cc:dd:ee:ff", "000000000000", "FF-FF-FF-FF-FF-FF"])
def test_what_no_adapter_has_is_no_mac_address(written: str):
    assert form(written, "mac") is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2021-01-05", "2021-01-05"), ("2021-1-5", "2021-01-05"), ("2021-01-05T10:00:00Z", "2021-01-05"),
        ("5 Jan 2021", "2021-01-05"), ("20210105", "2021-01-05"), ("05/01/2021", None), ("2021-02-30", None),
        ("infinity", None), ("epoch", None), ("now", None),
    ],
)  # fmt: skip
def test_a_date_is_read_only_where_it_can_be_read_one_way(written: str, read: str | None):
    assert form(written, "date") == read


def test_a_point_in_time_with_an_offset_is_written_in_utc():
    assert form("2021-01-05T10:00:00+02:00", "datetime") == "2021-01-05 08:00:00"


@pytest.mark.parametrize(
    ("written", "kept", "left"),
    [
        ("10.0.0.1, 10.0.0.2", "10.0.0.1;10.0.0.2", None), ("['10.0.0.1','::1']", "10.0.0.1;::1", None),
        ("10.0.0.1;999.1.1.1;10.0.0.1", "10.0.0.1", "999.1.1.1"), ("10.0.0.1 10.0.0.2", "10.0.0.1;10.0.0.2", None),
        ("n/a", None, "n/a"), ("bad|worse", None, "bad, worse"),
    ],
)  # fmt: skip
def test_a_list_keeps_its_good_items_and_tells_the_others(written: str, kept: str | None, left: str | None):
    assert forms(TargetField(name="f", type="list<ip>", separator=";"), written) == [(kept, left)]


def test_tags_are_pairs():
    assert forms(TargetField(name="f", type="map<string,string>"), "env=prod; owner:Bob, loose") == [
        ("env:prod,owner:Bob", "loose")
    ]


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Red Hat Enterprise Linux 8.6", "Linux"), ("CentOS7", "Linux"), ("Ubuntu 22.04 LTS", "Linux"),
        ("SLES 15", "Linux"),
        ("Microsoft Windows Server 2019 Datacenter", "Windows"), ("Win2016", "Windows"), ("W2K12", "Windows"),
        ("windows", "Windows"), ("AIX 7.2", "AIX 7.2"), ("Darwin", "Darwin"), ("z/OS", "z/OS"),
    ],
)  # fmt: skip
def test_an_operating_system_stands_for_its_platform(name: str, family: str):
    field = targets.load("aws-mgn").table("server").field("mgn:server:platform")
    assert forms(field, name)[0][0] == family


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("RHEL 7.9", "Red Hat Enterprise Linux 7"), ("Debian 7.1", "Debian GNU/Linux 7"),
        ("Ubuntu 22.04", "Ubuntu Linux"),
        ("Red Hat Enterprise Linux Server release 7.9 (Maipo)", "Red Hat Enterprise Linux 7"),
        ("windows server 2019 standard", "Windows Server 2019"), ("Win2K8 R2", "Windows Server 2008 R2"),
        ("Windows Server 2012 R2 Datacenter", "Windows Server 2012 R2 Datacenter"), ("RHEL 8.6", "RHEL 8.6"),
    ],
)  # fmt: skip
def test_a_system_is_named_as_the_target_knows_it_and_never_as_another_version(name: str, known: str):
    assert forms(targets.load("azure").table("server").field("*OS name"), name)[0][0] == known


FIELDS = {
    f"{t.name} {x.name} {f.name}": f for t in map(targets.load, targets.names()) for x in t.tables for f in x.fields
}
TEXTS = st.one_of(
    st.text(max_size=12),
    st.ip_addresses().map(str),
    st.from_regex(r"[+-]?[0-9]{1,4}([.,][0-9]{1,3})? ?(GB|%|e3)?", fullmatch=True),
    st.from_regex(r"([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}", fullmatch=True),
    st.dates().map(str),
    st.sampled_from(["Windows Server 2019", "linux", "yes", "N/A", "a:b, c=d", "web01.corp.example.", "10.0.0.1,::1"]),
)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(FIELDS)), st.lists(TEXTS, min_size=1, max_size=8))
def test_a_canonical_value_is_its_own_canonical_form(name: str, texts: list[str]):
    once = [value for value, _ in forms(FIELDS[name], *texts) if value is not None]
    assert [value for value, _ in forms(FIELDS[name], *once)] == once


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(FIELDS)), st.lists(TEXTS, min_size=1, max_size=8))
def test_what_is_settled_needs_no_reading(name: str, texts: list[str]):
    field = FIELDS[name]
    rows = CON.execute(
        f"SELECT v, ({canonical(field, 'v')}).value FROM (SELECT {trimmed('u')} AS v FROM (SELECT unnest($1) AS u))"
        f" WHERE {settled(field, 'v')}",
        [texts],
    ).fetchall()
    assert all(value == read for value, read in rows)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(st.ip_addresses().map(str), st.from_regex(r"[0-9a-f:.]{1,20}", fullmatch=True)),
        min_size=1,
        max_size=20,
    )
)
def test_addresses_are_those_that_python_knows(texts: list[str]):
    def known(text: str) -> bool:
        try:
            return not ipaddress.ip_address(text).is_unspecified and text != "255.255.255.255"
        except ValueError:
            return False

    plain = [t for t in texts if "/" not in t and not (t.count(":") == 1 and "." in t)]
    assert [value is not None for value, _ in forms(TargetField(name="f", type="ip"), *plain)] == [
        known(t) for t in plain
    ]


def test_no_value_makes_the_reading_fail():
    payloads = [
        "'; DROP TABLE x; --",
        '"',
        "\\",
        "\x00",
        "=cmd|' /C calc'!A0",
        "%s%n",
        "{}",
        "[" * 50,
        "9" * 400,
        "1e308 TB",
    ]
    for field in FIELDS.values():
        try:
            forms(field, *payloads)
        except duckdb.Error as error:
            pytest.fail(f"{field.name}: {error}")
