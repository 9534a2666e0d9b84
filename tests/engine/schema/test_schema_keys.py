from __future__ import annotations

import random

from discovery_pipeline.engine import schema


def test_the_key_is_the_column_that_is_named_and_placed_as_one(con, given):
    tables = given({"server": {"server_id": range(50), "serial": [f"S{i * 7}" for i in range(50)], "os": ["x"] * 50}})
    key = schema.analyse(con, tables).primary_key("server")
    assert key is not None and key.columns == ("server_id",) and key.confidence > 0.9


def test_a_repeated_row_does_not_hide_the_key_but_lowers_its_confidence(con, given):
    ids = [*range(200), 7]
    clean = schema.analyse(con, given({"t": {"id": range(200), "a": [i % 3 for i in range(200)]}})).primary_key("t")
    dirty = schema.analyse(con, given({"t": {"id": ids, "a": [i % 3 for i in ids]}})).primary_key("t")
    assert clean and dirty and dirty.columns == ("id",) and dirty.confidence < min(1, clean.confidence)


def test_a_bridge_has_a_composite_key_in_the_order_of_its_columns(con, given):
    pairs = [(a, b) for a in range(20) for b in range(30)]
    tables = given({"actor_film": {"actor_id": [a for a, _ in pairs], "film_id": [b for _, b in pairs]}})
    key = schema.analyse(con, tables).primary_key("actor_film")
    assert key is not None and key.columns == ("actor_id", "film_id")


def test_measures_and_dates_are_no_keys_because_they_happen_to_be_unique(con, given):
    tables = given(
        {"bill": {"amount": [i + 0.25 for i in range(40)], "note": ["n"] * 40, "bill_no": [f"B{i}" for i in range(40)]}}
    )
    key = schema.analyse(con, tables).primary_key("bill")
    assert key is not None and key.columns == ("bill_no",)


def test_a_column_may_be_called_as_our_queries_call_theirs(con, given):
    others = {name: [n % 3 for n in range(50)] for name in ("h", "key", "n", "col", "shown", "size")}
    key = schema.analyse(con, given({"files": {"file_id": range(50), **others}})).primary_key("files")
    assert key is not None and key.columns == ("file_id",)


def test_tables_without_rows_columns_or_values_have_no_key(con, given):
    tables = given({"none": {"a": [], "b": []}, "empty": {"a": [None] * 5}, "one": {"a": ["x"]}})
    assert schema.analyse(con, tables).primary_keys == ()


def test_no_tables_no_findings(con):
    assert schema.analyse(con, ()) == schema.SchemaAnalysis()


def test_a_combination_that_is_unique_by_design_goes_before_one_that_is_by_chance(con, given):
    lines = [(order, line) for order in range(400) for line in range(1, 4)]
    articles = [f"A{(n * 7919) % 1009:04d}" for n in range(len(lines))]
    tables = given(
        {"order_lines": {"order_no": [o for o, _ in lines], "article": articles, "line": [n for _, n in lines]}}
    )
    key = schema.analyse(con, tables).primary_key("order_lines")
    assert key is not None and key.columns == ("order_no", "line")


def test_a_key_leads_its_table_behind_what_is_the_same_in_all_rows(con, given):
    pick = random.Random(8)
    sold = {
        "MANDT": ["800"] * 500,
        "VBELN": [f"{n:010d}" for n in range(60001, 60501)],
        "ERDAT": [f"2024{pick.randint(1, 12):02d}{pick.randint(1, 28):02d}" for _ in range(500)],
        "KUNNR": [f"{pick.randint(1000, 1200):010d}" for _ in range(500)],
    }
    key = schema.analyse(con, given({"VBAK": sold})).primary_key("VBAK")
    assert key is not None and key.columns == ("VBELN",)
