"""Repeats: columns that say again what the row they belong to says of itself, as a name beside an id does.

Such a column refers to nothing: the id does, and the name comes with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.schema.facts import Database, one
from discovery_pipeline.engine.schema.references import SURE, Reference

LEAST_AGREEING = 0.95  # share of rows in which column and referred row say the same


def without(con: duckdb.DuckDBPyConnection, database: Database, references: Sequence[Reference]) -> list[Reference]:
    """The references but those that repeat, row by row, what another one of their table leads to."""
    sure = [r for r in references if r.confidence >= SURE and r.key.rank == 1]

    def repeats(reference: Reference) -> bool:
        return reference.key.rank > 1 and any(
            r.columns[0].table == reference.columns[0].table
            and r.key.table == reference.key.table
            and _agree(con, database, r, reference)
            for r in sure
        )

    return [r for r in references if not repeats(r)]


def _agree(con: duckdb.DuckDBPyConnection, database: Database, by: Reference, reference: Reference) -> bool:
    """Whether the row that `by` leads to is the one that the reference would lead to, nearly always."""
    held = duck.scan(database.table_of(by.columns[0]).table)
    there = duck.scan(database.tables[by.key.table].table)
    both, same = one(
        con,
        f"with held as (select {by.columns[0].value} as id, {reference.columns[0].value} as said from {held}),"
        f" there as (select {by.key.columns[0].value} as id, {reference.key.columns[0].value} as said from {there})"
        f" select count(*), count(*) filter (held.said = there.said) from held join there using (id)"
        f" where held.said is not null",
    )
    return both > 0 and same >= LEAST_AGREEING * both
