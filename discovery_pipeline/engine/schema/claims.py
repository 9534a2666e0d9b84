"""Claims: statements about rows, "where this holds, that holds", counted over a whole table at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.schema.facts import Facts, TableFacts, one
from discovery_pipeline.engine.schema.model import BusinessRule, RuleKind

SHOWN = 3
"""Counter-examples of a claim."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement about rows that a sample makes likely."""

    columns: tuple[Facts, ...]
    words: str
    when: str  # SQL over the table: the rows it speaks of
    then: str  # SQL over the table: what it says of them; null counts as false


@dataclass(frozen=True, slots=True)
class Counted:
    """A claim, and how far it is true."""

    claim: Claim
    support: int  # rows it speaks of
    violations: int  # of these, the ones where it is false
    examples: tuple[str, ...]  # "row 12: a = 3, b = 2", rows from 0

    @property
    def confidence(self) -> float:
        """Share of the rows it speaks of where it is true, 0..1."""
        return 1 - self.violations / self.support if self.support else 0.0

    def rule(self, table: TableFacts, kind: RuleKind) -> BusinessRule:
        """The claim as a rule of that table, with its counter-examples."""
        return BusinessRule(
            table=table.name,
            kind=kind,
            columns=tuple(c.column.name for c in self.claim.columns),
            rule=self.claim.words,
            support=self.support,
            confidence=self.confidence,
            violations=self.violations,
            examples=self.examples,
        )


def counted(
    con: duckdb.DuckDBPyConnection,
    table: TableFacts,
    claims: Sequence[Claim],
    *,
    least_support: int,
    least_confidence: float,
) -> list[Counted]:
    """The claims that all rows bear out, in their order; one scan for all, one for counter-examples."""
    if not claims:
        return []
    counts = ", ".join(
        f"[count(*) filter ({c.when}), count(*) filter (({c.when}) and not coalesce({c.then}, false))]" for c in claims
    )
    kept = [
        (claim, support, wrong)
        for claim, (support, wrong) in zip(
            claims, one(con, f"select {counts} from {duck.scan(table.table)}"), strict=True
        )
        if support >= least_support and support - wrong >= least_confidence * support
    ]
    examples = _examples(con, table, [claim for claim, _, wrong in kept if wrong])
    return [Counted(claim, support, wrong, examples.get(claim, ())) for claim, support, wrong in kept]


def _examples(
    con: duckdb.DuckDBPyConnection, table: TableFacts, claims: Sequence[Claim]
) -> dict[Claim, tuple[str, ...]]:
    if not claims:
        return {}
    shown = ", ".join(
        f"min({_row_text(c)}, {SHOWN}) filter (({c.when}) and not coalesce({c.then}, false))" for c in claims
    )
    found = one(con, f"select {shown} from {duck.scan(table.table)}")
    return {claim: tuple(text for _, text in rows or ()) for claim, rows in zip(claims, found, strict=True)}


def _row_text(claim: Claim) -> str:
    """SQL for [row, its text], so that the first rows are the least."""
    values = " || ', ' || ".join(
        f"{duck.text(c.column.name + ' = ')} || coalesce({duck.col(c.column)}, 'empty')" for c in claim.columns
    )
    return f"row(file_row_number, 'row ' || file_row_number || ': ' || {values})"
