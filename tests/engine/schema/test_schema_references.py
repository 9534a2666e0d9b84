from __future__ import annotations

import itertools
import random

from hypothesis import HealthCheck, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from discovery_pipeline.engine import schema
from discovery_pipeline.engine.schema import SchemaAnalysis


def references(analysis: SchemaAnalysis) -> set[tuple[str, str, str, str]]:
    return {
        (f.table, ",".join(f.columns), f.ref_table, ",".join(f.ref_columns))
        for f in analysis.foreign_keys
        if f.confidence >= 0.5
    }


def people(n: int = 100) -> dict[str, list[object]]:
    return {"user_id": list(range(1, n + 1)), "name": [f"Person {i}" for i in range(n)]}


def test_a_reference_is_found_and_a_small_number_is_not(con, given):
    pick = random.Random(1)
    tickets = {
        "ticket_id": range(1, 401),
        "user_id": [pick.randint(1, 100) for _ in range(400)],
        "priority": [pick.randint(1, 5) for _ in range(400)],
        "quantity": [pick.randint(1, 12) for _ in range(400)],
    }
    found = schema.analyse(con, given({"users": people(), "tickets": tickets}))
    assert references(found) == {("tickets", "user_id", "users", "user_id")}
    (reference,) = (f for f in found.foreign_keys if f.confidence >= 0.5)
    assert (reference.cardinality, reference.coverage, reference.orphans) == ("n:1", 1.0, 0)


def test_orphans_are_counted_and_shown(con, given):
    pick = random.Random(2)
    ids = [f"{pick.getrandbits(64):016x}" for _ in range(80)]
    drives = {"id": range(300), "server": [pick.choice(ids) for _ in range(290)] + ["lost"] * 6 + [None] * 4}
    found = schema.analyse(con, given({"server": {"sys_id": ids}, "drive": drives}))
    (reference,) = (f for f in found.foreign_keys if f.confidence >= 0.5)
    assert reference.orphans == 6 and reference.coverage == 290 / 296 and reference.examples == ("lost",)


def test_null_tokens_are_no_orphans(con, given):
    pick = random.Random(3)
    codes = [f"LOC-{i:04d}" for i in range(50)]
    used = [pick.choice([*codes, "N/A", "unknown"]) for _ in range(500)]
    found = schema.analyse(con, given({"location": {"code": codes}, "server": {"id": range(500), "location": used}}))
    assert next(f for f in found.foreign_keys if f.table == "server").orphans == 0


def test_a_reference_by_name_instead_of_id(con, given):
    pick = random.Random(4)
    names = [f"{a} {b}" for a in ("Ada", "Ben", "Cem", "Dora", "Eli") for b in ("Stone", "Field", "Lake", "Wood")]
    users = {"sys_id": [f"{pick.getrandbits(128):032x}" for _ in names], "name": names}
    servers = {"sys_id": [f"{pick.getrandbits(128):032x}" for _ in range(300)],
               "assigned_to": [pick.choice(names) for _ in range(300)]}  # fmt: skip
    found = schema.analyse(con, given({"sys_user": users, "cmdb_ci_server": servers}))
    assert ("cmdb_ci_server", "assigned_to", "sys_user", "name") in references(found)


def test_columns_that_refer_together_are_one_composite_reference(con, given):
    pick = random.Random(5)
    pairs = sorted({(pick.randint(1, 200), pick.randint(1, 60)) for _ in range(900)})
    used = [pick.choice(pairs) for _ in range(2000)]
    tables = given(
        {
            "part": {"part_id": range(1, 201)},
            "supplier": {"supplier_id": range(1, 61)},
            "offer": {"part_id": [a for a, _ in pairs], "supplier_id": [b for _, b in pairs]},
            "line": {"line_id": range(2000), "part_id": [a for a, _ in used], "supplier_id": [b for _, b in used]},
        }
    )  # fmt: skip
    found = references(schema.analyse(con, tables))
    assert ("line", "part_id,supplier_id", "offer", "part_id,supplier_id") in found
    assert not any(f[0] == "line" and f[1] == "part_id" for f in found)


def test_a_hierarchy_has_levels_roots_and_cycles(con, given):
    parents = [None, 1, 1, 2, 2, 5, 8, 7, None] + [1] * 11
    tables = given({"unit": {"unit_id": range(1, 21), "parent_id": parents}})
    (hierarchy,) = schema.analyse(con, tables).hierarchies
    assert (hierarchy.depth, hierarchy.roots, hierarchy.cycles, hierarchy.orphans) == (4, 2, 1, 0)


def test_a_bridge_joins_two_tables(con, given):
    pick = random.Random(6)
    pairs = sorted({(pick.randint(1, 40), pick.randint(1, 90)) for _ in range(400)})
    tables = given(
        {
            "actor": {"actor_id": range(1, 41), "name": [f"a{i}" for i in range(40)]},
            "film": {"film_id": range(1, 91), "title": [f"f{i}" for i in range(90)]},
            "film_actor": {"actor_id": [a for a, _ in pairs], "film_id": [b for _, b in pairs]},
        }
    )
    (bridge,) = schema.analyse(con, tables).many_to_many
    assert (bridge.bridge, {bridge.left_table, bridge.right_table}) == ("film_actor", {"actor", "film"})


def test_names_with_quotes_and_keywords_are_only_names(con, given):
    tables = given(
        {
            'sel"ect': {'i"d': range(60), "'from'": ["x; drop table t"] * 60},
            "ta'ble": {"order by": range(200), 'sel"ect_i"d': [i % 60 for i in range(200)]},
        }
    )
    assert len(schema.analyse(con, tables).primary_keys) >= 2


def test_nothing_is_left_behind_in_the_connection(con, given):
    schema.analyse(con, given({"users": people(), "tickets": {"id": range(9), "user_id": range(1, 10)}}))
    left = con.execute("select table_name from duckdb_tables() where table_name like 'schema_%'").fetchall()
    assert left == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@drawn(st.lists(st.integers(0, 44), min_size=60, max_size=120))
def test_coverage_is_what_counting_by_hand_gives(con, given, chosen):
    keys = [f"asset-{i * 7919 % 100_000:05d}" for i in range(40)]
    used = [keys[i] if i < 40 else f"gone-{i}" for i in chosen]
    found = schema.analyse(
        con, given({"asset": {"asset_tag": keys}, "check": {"n": range(len(used)), "asset_tag": used}})
    )
    orphans = sum(i >= 40 for i in chosen)
    for reference in found.foreign_keys:
        if (reference.table, reference.ref_table) == ("check", "asset"):
            assert reference.orphans == orphans
            assert reference.coverage == (len(used) - orphans) / len(used)


def test_a_key_that_starts_far_from_zero_may_be_referred_to_at_its_low_end(con, given):
    tables = given(
        {
            "staff": {"staff_no": range(100_001, 102_501), "name": [f"n{i}" for i in range(2500)]},
            "department": {"dept_no": range(10, 460, 10), "head": [100_001 + 6 * i for i in range(45)]},
        }
    )
    found = {(f.table, f.columns, f.ref_table) for f in schema.analyse(con, tables).foreign_keys if f.confidence >= 0.5}
    assert ("department", ("head",), "staff") in found


def test_a_key_beside_a_number_of_the_row_is_referred_to_by_its_name(con, given):
    pick = random.Random(6)
    subjects = pick.sample(range(10_000, 45_000), 300)
    patients = {"row_id": range(1, 301), "subject_id": subjects}
    events = {"row_id": range(1, 901), "subject_id": [pick.choice(subjects) for _ in range(900)]}
    found = schema.analyse(con, given({"patients": patients, "events": events}))
    assert references(found) == {("events", "subject_id", "patients", "subject_id")}


def test_a_table_is_named_by_its_key_where_its_own_name_says_nothing(con, given):
    pick = random.Random(7)
    customers, vendors = ([f"{first + i:010d}" for i in range(n)] for first, n in ((1000, 400), (1000, 150)))
    tables = {
        "KNA1": {"MANDT": ["100"] * 400, "KUNNR": customers, "ORT01": [pick.choice("ABC") * 3 for _ in customers]},
        "LFA1": {"MANDT": ["100"] * 150, "LIFNR": vendors, "ORT01": [pick.choice("ABC") * 3 for _ in vendors]},
        "EKKO": {"EBELN": range(45_000, 45_900), "LIFNR": [pick.choice(vendors) for _ in range(900)]},
        "VBAK": {"VBELN": range(80_000, 80_900), "KUNNR": [pick.choice(customers) for _ in range(900)]},
    }
    found = schema.analyse(con, given(tables))
    assert references(found) == {("EKKO", "LIFNR", "LFA1", "LIFNR"), ("VBAK", "KUNNR", "KNA1", "KUNNR")}


def test_columns_that_are_numbered_name_what_they_number(con, given):
    pick = random.Random(8)
    players = pick.sample(range(2_000, 700_000), 500)
    matches = {"match": range(1, 801)} | {
        f"home_player_{i}": [pick.choice(players) for _ in range(800)] for i in (1, 2)
    }
    found = schema.analyse(con, given({"player": {"player_id": players}, "match": matches}))
    assert references(found) == {("match", f"home_player_{i}", "player", "player_id") for i in (1, 2)}


def test_a_zero_that_stands_for_none_is_no_orphan(con, given):
    pick = random.Random(9)
    posts = {
        "id": range(1, 501),
        "post_parent": [pick.randint(1, i) if i > 1 and i % 3 == 0 else 0 for i in range(500)],
    }
    found = schema.analyse(con, given({"posts": posts}))
    (reference,) = found.foreign_keys
    assert (reference.columns, reference.coverage, reference.orphans) == (("post_parent",), 1.0, 0)
    assert "0 stands for none" in reference.evidence


def test_a_zero_that_is_a_key_refers_to_it(con, given):
    pick = random.Random(10)
    nations = {"nation_id": range(25), "region_id": [i % 5 for i in range(25)]}
    orders = {"order_id": range(1, 301), "nation_id": [pick.randrange(25) for _ in range(300)]}
    found = schema.analyse(con, given({"region": {"region_id": range(5)}, "nation": nations, "orders": orders}))
    assert {f.coverage for f in found.foreign_keys if f.confidence >= 0.5} == {1.0}
    assert ("orders", "nation_id", "nation", "nation_id") in references(found)


def test_sheets_about_the_same_things_refer_to_the_fullest(con, given):
    pick = random.Random(11)
    ids = [f"{pick.getrandbits(64):016x}" for _ in range(200)]
    disks = [i for i in ids for _ in range(2)]
    sheets = {
        "vCPU": {"VM": ids, "CPUs": [pick.choice([1, 2, 4]) for _ in ids]},
        "vInfo": {"VM": ids, "State": ["on"] * 200, "NICs": [pick.choice([1, 2]) for _ in ids], "Notes": [""] * 200},
        "vDisk": {"VM": disks, "Disk": [f"Hard disk {i % 2 + 1}" for i in range(400)]},
    }
    found = schema.analyse(con, given(sheets))
    assert references(found) == {("vCPU", "VM", "vInfo", "VM"), ("vDisk", "VM", "vInfo", "VM")}


def test_a_special_kind_of_thing_refers_to_the_thing_by_its_own_key(con, given):
    pick = random.Random(12)
    ids = [f"{pick.getrandbits(128):032x}" for _ in range(400)]
    items = {"sys_id": ids, "name": [f"item {i}" for i in range(400)]}
    servers = {"sys_id": ids[::3], "cpu_count": [pick.choice([2, 4, 8]) for _ in ids[::3]]}
    found = schema.analyse(con, given({"cmdb_ci": items, "cmdb_ci_server": servers}))
    assert references(found) == {("cmdb_ci_server", "sys_id", "cmdb_ci", "sys_id")}


def test_four_columns_that_refer_together_are_one_composite_reference(con, given):
    pick = random.Random(6)
    every = itertools.product(
        ["AT01", "DE02", "CH03"], [2021, 2022], range(1, 13), [4000, 4010, 4200, 5000, 5100, 6000]
    )
    balances = [row for row in every if pick.random() < 0.6]
    postings = [pick.choice(balances) for _ in range(700)]
    parts = ("company", "fiscal_year", "period", "account")
    tables = {
        "balance": dict(zip(parts, zip(*balances, strict=True), strict=True)),
        "posting": {"posting_id": range(700), **dict(zip(parts, zip(*postings, strict=True), strict=True))},
    }
    together = ",".join(parts)
    assert ("posting", together, "balance", together) in references(schema.analyse(con, given(tables)))


def test_a_special_kind_of_a_special_kind_refers_to_the_nearest(con, given):
    pick = random.Random(13)
    parties = range(1, 401)
    people = sorted(pick.sample(parties, 220))
    employees = sorted(pick.sample(people, 90))
    managers = sorted(pick.sample(employees, 25))
    others = sorted(pick.sample(parties, 60))
    kinds = {"party": parties, "person": people, "employee": employees, "manager": managers, "company": others}
    tables = {
        name: {"party_id": ids, "remark": [f"{name} {pick.random()}" for _ in ids]} for name, ids in kinds.items()
    }
    assert references(schema.analyse(con, given(tables))) == {
        ("person", "party_id", "party", "party_id"),
        ("company", "party_id", "party", "party_id"),
        ("employee", "party_id", "person", "party_id"),
        ("manager", "party_id", "employee", "party_id"),
    }


def test_a_kind_of_things_is_referred_to_by_what_keeps_to_it(con, given):
    pick = random.Random(14)
    parties = range(1000, 1400)
    tables = {
        "party": {"party_id": parties, "since": [f"{pick.random()}" for _ in parties]},
        "organisation": {"party_id": parties[250:], "remark": [f"{pick.random()}" for _ in parties[250:]]},
        "policy": {
            "policy_id": range(1, 351),
            "holder_party_id": [pick.choice(parties) for _ in range(350)],
            "broker_id": [pick.choice(parties[250:]) for _ in range(350)],
        },
    }
    found = references(schema.analyse(con, given(tables)))
    assert ("policy", "broker_id", "organisation", "party_id") in found
    assert ("policy", "holder_party_id", "party", "party_id") in found


def test_the_heads_of_a_table_may_be_its_first_rows(con, given):
    pick = random.Random(15)
    heads = [None] + [pick.randint(1, min(i, 12)) for i in range(1, 200)]
    tables = {
        "country": {"country_id": range(1, 13), "iso": [f"C{i:02d}" for i in range(12)]},
        "employee": {"employee_id": range(1, 201), "name": [f"n{i}" for i in range(200)], "manager": heads},
    }
    assert references(schema.analyse(con, given(tables))) == {("employee", "manager", "employee", "employee_id")}


def test_the_previous_of_another_thing_is_no_row_of_this_table(con, given):
    pick = random.Random(16)
    tables = {
        "genre": {"id": range(1, 13), "label": [f"g{i}" for i in range(12)]},
        "visit": {"id": range(1, 301), "previous_genre_id": [pick.randint(1, 12) for _ in range(300)]},
    }
    assert references(schema.analyse(con, given(tables))) == {("visit", "previous_genre_id", "genre", "id")}


def test_a_name_beside_an_id_is_no_second_reference(con, given):
    pick = random.Random(17)
    ids = [f"{pick.getrandbits(128):032x}" for _ in range(160)]
    names = [f"machine {i} of hall {i % 7}" for i in range(160)]
    assets = {"asset_guid": ids, "display_name": names}
    kept = {"asset_guid": ids[:120], "display_name": names[:120]}
    found = schema.analyse(con, given({"asset": assets, "asset_backup": kept}))
    assert references(found) == {("asset_backup", "asset_guid", "asset", "asset_guid")}


def test_a_name_of_something_else_than_the_id_beside_it_is_a_reference(con, given):
    pick = random.Random(18)
    ids = [f"{pick.getrandbits(128):032x}" for _ in range(160)]
    codes = [f"PORT-{pick.getrandbits(32):08x}" for _ in range(160)]
    voyages = {
        "voyage": range(400),
        "port_guid": [pick.choice(ids) for _ in range(400)],
        "port_code": [pick.choice(codes) for _ in range(400)],
    }
    found = schema.analyse(con, given({"port": {"port_guid": ids, "port_code": codes}, "voyage": voyages}))
    assert ("voyage", "port_code", "port", "port_code") in references(found)


def test_a_column_beside_a_reference_completes_it_whatever_it_is_called(con, given):
    pick = random.Random(19)
    orders = [f"{n:010d}" for n in range(60001, 60301)]
    lines = [(order, f"{n * 10:06d}") for order in orders for n in range(1, pick.randint(2, 6))]
    shipped = pick.sample(lines, 400)
    tables = {
        "VBAK": {"VBELN": orders, "NETWR": [f"{pick.random() * 900:.2f}" for _ in orders]},
        "VBAP": {"VBELN": [o for o, _ in lines], "POSNR": [n for _, n in lines]},
        "LIPS": {
            "LFNR": [f"{n:010d}" for n in range(80001, 80401)],
            "VGBEL": [o for o, _ in shipped],
            "VGPOS": [n for _, n in shipped],
        },
    }
    assert ("LIPS", "VGBEL,VGPOS", "VBAP", "VBELN,POSNR") in references(schema.analyse(con, given(tables)))


def test_things_with_two_references_are_no_bridge(con, given):
    pick = random.Random(20)
    tables = {
        "region": {"region_id": range(1, 9), "label": [f"r{i}" for i in range(8)]},
        "agent": {"agent_id": range(1, 31), "label": [f"a{i}" for i in range(30)]},
        "client": {
            "client_id": range(1, 301),
            "name": [f"c{i}" for i in range(300)],
            "region_id": [pick.randint(1, 8) for _ in range(300)],
            "agent_id": [pick.randint(1, 30) for _ in range(300)],
        },
    }
    found = schema.analyse(con, given(tables))
    assert ("client", "agent_id", "agent", "agent_id") in references(found)
    assert found.many_to_many == ()


def test_a_tree_is_known_by_its_rows_pointing_to_earlier_ones(con, given):
    pick = random.Random(21)
    rows = range(1, 201)
    tables = {
        "dzial": {
            "id_dzial": rows,
            "nadrzedny": [None] + [pick.randint(1, i) for i in range(1, 200)],
            "pietro": [None if pick.random() < 0.1 else pick.randint(1, 9) for _ in rows],
        }
    }
    assert references(schema.analyse(con, given(tables))) == {("dzial", "nadrzedny", "dzial", "id_dzial")}


def test_pairs_that_chance_would_repeat_and_that_never_are_make_a_bridge(con, given):
    pick = random.Random(22)
    every = list(itertools.product(range(1, 21), range(1, 13)))
    lessons = pick.sample(every, 180)
    tables = {
        "class": {"class_id": range(1, 21), "label": [f"c{i}" for i in range(20)]},
        "subject": {"subject_id": range(1, 13), "label": [f"s{i}" for i in range(12)]},
        "lesson": {
            "lesson_id": range(1, 181),
            "class_id": [c for c, _ in lessons],
            "subject_id": [s for _, s in lessons],
        },
        "absence": {"absence_id": range(1, 401), "lesson_id": [pick.randint(1, 180) for _ in range(400)]},
    }
    (bridge,) = schema.analyse(con, given(tables)).many_to_many
    assert (bridge.bridge, bridge.left_table, bridge.right_table) == ("lesson", "class", "subject")
