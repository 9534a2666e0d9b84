"""Doubts: values that no rule may decide on, as a finding of their column."""

from __future__ import annotations

from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.findings import Dimension, Finding, Severity
from discovery_pipeline.engine.phrases import counted

LISTED = 100
"""Values of one column that a person may decide on, the most frequent first."""


def doubt(  # noqa: PLR0913 - what a finding is made of
    values: Values,
    position: int,
    condition: str,
    rule: str,
    *,
    values_are: tuple[str, str],
    evidence: str,
    action: str,
    dimension: Dimension = Dimension.ACCURACY,
) -> Finding | None:
    """The finding on a column's values of which the condition (with `$v` for the value) holds; None without any.

    `values_are` and `evidence` make the sentence: "1 value is", "12 values are", and what they are.
    """
    [(count, examples)] = values.ask(
        f"SELECT coalesce(sum(cells), 0)::BIGINT, max_by(value, (cells, value), {LISTED}) FROM {{values}} "
        f"WHERE position = {position} AND value IS NOT NULL AND ({condition.replace('$v', 'value')})"
    )
    if not count:
        return None
    return Finding(
        table=values.table.name,
        column=values.column(position).name,
        rule=rule,
        severity=Severity.WARNING,
        dimension=dimension,
        count=count,
        examples=tuple(examples),
        evidence=f"{counted(count, *values_are)} {evidence}",
        action=action,
    )
