"""Enumerations: every value of a column is counted, and has a word where anything speaks for one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from discovery_pipeline.engine import mapping, profiling, targets
from discovery_pipeline.engine.mapping import enumerations
from discovery_pipeline.engine.mapping.enumerations import Counted
from discovery_pipeline.engine.mapping.known import Known


def test_white_space_and_case_make_no_other_value_and_what_stands_for_none_is_left_out(
    con, table_of: Callable[..., Any]
):
    rows = [("Prod",)] * 5 + [("prod ",), ("PROD",), ("QA",), ("QA",), ("N/A",), ("n/a",), ("",), (None,)]
    table = table_of("june", ["env"], *rows)
    looks = profiling.profile(con, (table,), today=date(2026, 1, 1)).table("june").column("env")
    found = enumerations.tally(con, table, looks)
    assert found.values == (Counted("Prod", 7, ("Prod", "PROD", "prod")), Counted("QA", 2, ("QA",)))
    assert (found.others, found.other_rows) == (0, 0)


def test_what_is_beyond_the_most_frequent_is_counted(con, table_of: Callable[..., Any]):
    rows = [(f"v{i}",) for i in range(6) for _ in range(6 - i)]
    found = enumerations.tally(con, table_of("june", ["env"], *rows), "env", most=2)
    assert ([one.value for one in found.values], found.others, found.other_rows) == (["v0", "v1"], 4, 10)


def test_a_suggestion_has_words_for_values_beyond_the_ten_most_frequent(con, table_of: Callable[..., Any]):
    common = ["Production", "Test", "QA", "UAT", "Staging", "Development", "Training", "Demonstration", "prod", "tst"]
    rows = [(f"web{i:03}", common[i % 10]) for i in range(200)] + [("web998", "Prodution"), ("web999", "Dev-north")]
    table = table_of("june", ["hostname", "environment"], *rows)
    known = Known(profile=profiling.profile(con, (table,), today=date(2026, 1, 1)))
    found = mapping.suggest(con, (table,), targets.load("servicenow"), known).assignment
    stage = next(field for field in found if field.source_field == "environment")
    assert stage.transformation == 'lookup({"Dev-north": "Development", "Prodution": "Production"})'
