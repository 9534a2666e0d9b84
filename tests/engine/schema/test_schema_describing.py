"""Describing: which tables tell more about the rows of another one, and which only look so."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine.schema import describing

NAMES = [f"web{i:02d}" for i in range(12)]


@pytest.fixture
def servers(table_of):
    return table_of("servers", ["id", "name", "ram"], *((str(i), n, "8") for i, n in enumerate(NAMES, start=1)))


def _found(con, *tables, naming=None):
    return {
        (d.table, d.column, d.key, d.several) for d in describing.found(con, tables, [tables[0].name], naming or {})
    }


def test_one_row_for_each_row_of_another_table_describes_it(con, table_of, servers):
    systems = table_of("systems", ["host", "os"], *((n.upper(), "Linux") for n in NAMES))
    assert _found(con, servers, systems) == {("systems", "host", "name", False)}


def test_several_rows_may_describe_one(con, table_of, servers):
    disks = table_of("disks", ["server", "size"], *((n, size) for n in NAMES for size in ("40", "80")))
    assert _found(con, servers, disks) == {("disks", "server", "name", True)}


def test_a_number_refers_only_where_it_is_named_after_what_it_refers_to(con, table_of, servers):
    counts = table_of("racks", ["rack", "height"], *((f"r{i}", str(i)) for i in range(1, 13)))
    parts = table_of("parts", ["server_id", "part"], *((str(i), f"p{i}") for i in range(1, 13)))
    assert _found(con, servers, counts, parts) == {("parts", "server_id", "id", False)}


def test_a_tenth_of_the_rows_may_refer_to_nothing_and_no_more(con, table_of, servers):
    most = table_of("most", ["host"], *((n,) for n in [*NAMES[:11], "gone"]))
    half = table_of("half", ["host"], *((n,) for n in [*NAMES[:6], *(f"old{i}" for i in range(6))]))
    assert {table for table, *_ in _found(con, servers, most, half)} == {"most"}
    (told,) = describing.found(con, (servers, most), ["servers"])
    assert told.orphans == 1


def test_things_with_names_of_their_own_only_refer_to_others(con, table_of, servers):
    guests = table_of("guests", ["vm", "host"], *((f"vm{i}", NAMES[i // 2]) for i in range(24)))
    assert _found(con, servers, guests, naming={"guests": {"vm"}}) == set()
    assert _found(con, servers, guests) == {("guests", "host", "name", True)}


def test_things_of_other_names_that_share_addresses_are_other_things(con, table_of):
    addresses = [f"10.0.0.{i}" for i in range(1, 13)]
    east, west, agents = (
        table_of(site, ["hostname", "ip"], *((f"{prefix}{i:02d}{domain}", ip) for i, ip in enumerate(addresses)))
        for site, prefix, domain in (("east", "e", ""), ("west", "w", ""), ("agents", "e", ".corp.example"))
    )
    naming = {name: {"hostname"} for name in ("east", "west", "agents")}
    assert _found(con, east, west, agents, naming=naming) == {("agents", "ip", "ip", False)}


def test_what_is_described_describes_nothing_after_it(con, table_of, servers):
    twins = table_of("twins", ["name"], *((n,) for n in NAMES))
    found = describing.found(con, (servers, twins), ["servers", "twins"])
    assert [(d.table, d.main) for d in found] == [("twins", "servers")]


def test_one_table_describes_nothing(con, servers):
    assert describing.found(con, (servers,), ["servers"]) == ()


def test_a_short_name_is_joined_to_the_one_with_a_domain(con, table_of, servers):
    seen = table_of("seen", ["fqdn", "os"], *((f"{n.upper()}.corp.example.com", "Linux") for n in NAMES))
    (told,) = describing.found(con, (servers, seen), ["servers"], {"servers": {"name"}})
    assert (told.table, told.column, told.key, told.by_label) == ("seen", "fqdn", "name", True)
    assert told.in_words == "seen.fqdn = servers.name, up to the first dot"


def test_a_short_name_that_two_rows_may_mean_joins_nothing(con, table_of, servers):
    sites = [f"{n}.{site}.example.com" for n in NAMES for site in ("east", "west")]
    seen = table_of("seen", ["fqdn", "os"], *((name, "Linux") for name in sites))
    assert describing.found(con, (servers, seen), ["servers"], {"servers": {"name"}}) == ()
