"""Doubts: values that no rule may decide on, as a finding of their column."""

from __future__ import annotations

from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.findings import Dimension, Finding, Severity

LISTED = 100
"""Values of one column that a person may decide on, the most frequent first."""


def doubt(  # noqa: PLR0913 - what a finding is made of
    values: Values,
    position: int,
    condition: str,
    rule: str,
    *,
    evidence: str,
    action: str,
    dimension: Dimension = Dimension.ACCURACY,
) -> Finding | None:
    """The finding on a column's values of which the condition (with `$v` for the value) holds; None without any.

    In `evidence`, {} stands for the number of their cells.
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
        evidence=evidence.format(count),
        action=action,
    )
