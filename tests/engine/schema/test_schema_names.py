from __future__ import annotations

import pytest

from discovery_pipeline.engine.schema import names


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SupportRepId", ("support", "rep", "id")),
        ("support_rep_id", ("support", "rep", "id")),
        ("ARTIKELNR", ("artikel", "nr")),
        ("Straße", ("strasse",)),
        ("IPAddress2", ("ip", "address", "2")),
        ("", ()),
    ],
)
def test_a_name_is_taken_apart_into_words(name: str, words: tuple[str, ...]):
    assert names.words(name) == words


@pytest.mark.parametrize(
    ("column", "table"),
    [
        ("customer_id", "customers"),
        ("OwnerUserId", "users"),
        ("fk_category", "tbl_categories"),
        ("server", "cmdb_ci_server"),
        ("KundenNr", "Kunde"),
        ("original_language_id", "language"),
    ],
)
def test_a_column_names_the_table_it_refers_to(column: str, table: str):
    assert names.table_affinity(names.stem(names.words(column)), names.subject(table)) >= 0.8


@pytest.mark.parametrize(
    ("column", "table"), [("customer_type_id", "customers"), ("quantity", "queues"), ("id", "users")]
)
def test_a_column_does_not_name_another_table(column: str, table: str):
    assert names.table_affinity(names.stem(names.words(column)), names.subject(table)) < 0.5


def test_abbreviations_are_likely_but_not_certain():
    assert 0.5 < names.likeness("dept", "department") < 1
    assert 0.5 < names.likeness("cust", "customers") < 1
    assert names.likeness("cat", "dog") == 0


def test_a_role_names_the_people_who_play_it():
    assert names.role_affinity(names.words("assigned_to"), names.subject("sys_user"))
    assert not names.role_affinity(names.words("assigned_to"), names.subject("country"))


def test_a_prefix_that_all_columns_share_says_nothing():
    columns = [names.words(n) for n in ("l_orderkey", "l_partkey", "l_quantity")]
    assert names.without_prefix(columns)[1] == ("part", "key")


def test_a_number_names_no_table():
    assert names.table_affinity(("2",), ("t", "2")) == 0
    assert names.table_affinity(("c", "2"), ("t", "2")) == 0
