"""Findings: what cleansing noticed and leaves to a person."""

from __future__ import annotations

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing import domains, formats, spreadsheets
from discovery_pipeline.engine.cleansing.catalogue import RULES
from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.model import PlannedRule
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.findings import Dimension, Finding, Severity
from discovery_pipeline.engine.phrases import counted


def reviewed(values: Values, evidence: Evidence) -> list[Finding]:
    """What no rule may decide in this table: values that can't be or may be two, damaged codes, duplicate rows."""
    found = [*formats.doubtful(values, evidence), *domains.impossible(values, evidence)]
    return [*found, *spreadsheets.doubtful(values, evidence), *_duplicates(values)]


def _duplicates(values: Values) -> list[Finding]:
    """Rows that repeat another in every column: found by their hashes, then compared."""
    table = values.table
    every = ", ".join(duck.col(c) for c in table.columns)
    hashed = f"SELECT hash({every}) AS h, file_row_number AS r FROM {duck.scan(table)}"
    rows = values.ask(
        f"""
        WITH twins AS (
            SELECT h FROM ({hashed}) GROUP BY h HAVING count(*) > 1
        )
        SELECT count(*) OVER (), sum(n - 1) OVER (), places FROM (
            SELECT count(*) AS n, list(file_row_number ORDER BY file_row_number)[:3] AS places FROM {duck.scan(table)}
            WHERE hash({every}) IN (FROM twins) GROUP BY {every} HAVING count(*) > 1
        ) ORDER BY places LIMIT 5"""
    )
    if not rows:
        return []
    groups, count, _ = rows[0]
    repeating = counted(count, "row repeats", "rows repeat")
    return [
        Finding(
            table=table.name,
            rule="duplicate.rows",
            severity=Severity.WARNING,
            dimension=Dimension.UNIQUENESS,
            count=count,
            examples=tuple("rows " + ", ".join(map(str, places)) for _, _, places in rows),
            evidence=f"{repeating} another row in every column, in {counted(groups, 'group')}",
            action="Keep the first of each group; delivery rejects the others as duplicates.",
        )
    ]


def suggested(rule: PlannedRule) -> Finding:
    """A rule that would change cells, and waits for a yes."""
    return Finding(
        table=rule.table,
        column=rule.column,
        rule=rule.rule,
        severity=Severity.INFO,
        count=rule.cells,
        examples=rule.examples,
        evidence=f"{rule.reason} (confidence {rule.confidence:.2f})",
        action=f"Look at the examples; cleanse with tier suggest to take it. It may cost {RULES[rule.rule].risk}.",
    )
