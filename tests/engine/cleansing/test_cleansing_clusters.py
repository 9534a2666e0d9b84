"""Clusters: values that may be spellings of one are shown together, whatever a rule by itself would believe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from discovery_pipeline.engine.cleansing.clusters import Cluster, clusters, counts
from discovery_pipeline.engine.tables import Table

Make = Callable[..., Any]
VALUES = ("Data Center", "data center", "data-center", "Datacenter", "Datacentre", "Düsseldorf", "Dusseldorf", "web01",
          "web02", "Data Center", None, "10", "Berlin")  # fmt: skip


@pytest.fixture
def table(table_of: Make) -> Table:
    return table_of("sites", ["site"], *[(value,) for value in VALUES])


def shown(found: tuple[Cluster, ...]) -> list[list[tuple[str, int]]]:
    return [[(member.value, member.cells) for member in cluster.members] for cluster in found]


def test_spellings_of_one_word_are_a_cluster_the_most_frequent_first(con: duckdb.DuckDBPyConnection, table: Table):
    assert shown(clusters(con, table, "site")) == [
        [("Data Center", 2), ("data center", 1), ("data-center", 1)],
        [("Dusseldorf", 1), ("Düsseldorf", 1)],
    ]


def test_near_letters_are_a_cluster_but_never_another_number(con: duckdb.DuckDBPyConnection, table: Table):
    found = [{value for value, _ in group} for group in shown(clusters(con, table, "site", "nearest"))]
    assert {"Datacenter", "Datacentre", "data center", "data-center", "Data Center"} in found
    assert not any({"web01", "web02"} & group for group in found)


def test_cells_are_counted_as_the_source_writes_them(con: duckdb.DuckDBPyConnection, table: Table):
    assert counts(con, table, "site", ["Data Center", "data center", "nowhere"]) == {"Data Center": 2, "data center": 1}


def test_a_column_of_distinct_words_has_no_clusters(con: duckdb.DuckDBPyConnection, table_of: Make):
    assert clusters(con, table_of("t", ["a"], ("red",), ("blue",), (None,)), "a") == ()
    assert clusters(con, table_of("t2", ["a"]), "a", "nearest") == ()
