"""Contracts in Dagster: what breaks them is counted, and values stay out of metadata."""

from __future__ import annotations

import pandas as pd

from discovery_pipeline.assets import contract
from discovery_pipeline.engine.intake.contract import SourceTables

GOOD = pd.DataFrame({"table": ["a", "b"], "file": ["a.csv", "b.csv"], "rows": [1, 2], "columns": [3, 3], "rejected": 0})


def test_a_table_that_keeps_its_contract_passes():
    result = contract.held(SourceTables, [GOOD])
    assert result.passed
    assert result.metadata["rows"].value == 2


def test_every_broken_rule_is_counted_over_all_batches_without_values():
    bad = GOOD.assign(rows=[0, -7], file=["secret.csv", "b.csv"])
    result = contract.held(SourceTables, [bad, GOOD, bad])
    assert not result.passed
    failures = result.metadata["failures"].records
    assert [(r.data["column"], r.data["cases"]) for r in failures] == [("rows", 4)]
    assert "-7" not in str(failures)


def test_the_column_schema_tells_what_the_contract_says():
    schema = contract.column_schema(SourceTables)
    rows = next(column for column in schema.columns if column.name == "rows")
    assert rows.description == "rows read"
    assert not rows.constraints.nullable
    assert "greater_than_or_equal_to(1)" in rows.constraints.other
