"""Contracts in Dagster: what breaks them is counted, and values stay out of metadata."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest
from pandera.errors import SchemaErrors

from discovery_pipeline.assets import contract
from discovery_pipeline.engine.cleansing.contract import Patches, PlannedRules
from discovery_pipeline.engine.cleansing.contract import frame as planned
from discovery_pipeline.engine.cleansing.model import CleansingPlan
from discovery_pipeline.engine.intake.contract import SourceTables
from discovery_pipeline.engine.mapping.contract import MappedFields
from discovery_pipeline.engine.profiling.contract import ColumnProfiles
from discovery_pipeline.engine.risk import Risk, RiskAssessment
from discovery_pipeline.engine.risk.contract import Risks
from discovery_pipeline.engine.risk.contract import frame as risks
from discovery_pipeline.engine.schema.contract import References
from discovery_pipeline.engine.validation.contract import QualityScores, RejectedRows
from discovery_pipeline.engine.validation.contract import frame as scores
from discovery_pipeline.engine.validation.model import QualityReport

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


@pytest.mark.parametrize("odd", [{}, {"rows": [1.5, 2.0]}, {"file": [1, 2]}, {"file": ["a", None]}, {"other": 1}])
@pytest.mark.parametrize("values", [{}, {"rows": [0, -7]}, {"table": ["a", "a"]}, {"columns": [0, 3], "rejected": -1}])
def test_what_fails_is_told_as_pandera_tells_it(odd: dict[str, Any], values: dict[str, Any]):
    """With other types than the contract's, with values it refuses, with both."""
    frame = GOOD.assign(**values).assign(**odd)
    told: Any = contract.held(SourceTables, [frame]).metadata.get("failures")
    failures = [(r.data["column"], r.data["rule"], r.data["cases"]) for r in told.records] if told else []
    assert sorted(failures) == sorted((column, rule, n) for (column, rule), n in cases(SourceTables, frame).items())


def cases(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> Counter[tuple[str, str]]:
    """Failure cases by column and rule."""
    try:
        model.validate(frame, lazy=True)
    except SchemaErrors as broken:
        found = broken.failure_cases
        return Counter(zip(found["column"].map(str), found["check"].map(str), strict=True))
    return Counter()


def test_the_column_schema_tells_what_the_contract_says():
    schema = contract.column_schema(SourceTables)
    rows = next(column for column in schema.columns if column.name == "rows")
    assert rows.description == "rows read"
    assert rows.type == "int64"
    assert not rows.constraints.nullable
    assert rows.constraints.other == ["≥ 1"]


@pytest.mark.parametrize(
    "model", [SourceTables, ColumnProfiles, References, MappedFields, PlannedRules, Patches, RejectedRows,
              QualityScores, Risks]
)  # fmt: skip
def test_every_column_of_a_contract_says_what_it_is_in_words(model: type[pa.DataFrameModel]):
    for column in contract.column_schema(model).columns:
        assert column.description
        assert "[" not in column.type
        assert not any("(" in rule for rule in column.constraints.other)


def test_what_stages_make_keeps_its_contract_also_where_there_is_nothing():
    assert contract.held(PlannedRules, [planned(CleansingPlan(rules=()))]).passed
    assert contract.held(QualityScores, [scores(QualityReport(before=1, after=1, dimensions=()))]).passed
    assert contract.held(Risks, [risks(RiskAssessment(risks=()))]).passed


def test_a_risk_without_evidence_breaks_the_contract():
    bare = Risk(category="continuity", title="t", likelihood="low", impact="high", evidence=(), mitigation="m")
    assert not contract.held(Risks, [risks(RiskAssessment(risks=(bare,)))]).passed
