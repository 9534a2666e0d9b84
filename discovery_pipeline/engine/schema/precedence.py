"""Precedence: how surely a column points to earlier rows of its own table, as a part of a tree does.

Names need not say so: a number that is unrelated to the row's own is hardly ever the smaller one in every row.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from math import log10

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.schema.facts import Database
from discovery_pipeline.engine.schema.inclusions import Inclusion

ROWS = 1_000  # of the sample, which are plenty: a hundred rows of a tree leave no doubt
EXCEPTION = 2.0  # decimal digits of improbability that a row which points to a later one takes back


def weighed(con: duckdb.DuckDBPyConnection, database: Database, inclusions: Sequence[Inclusion]) -> list[Inclusion]:
    """The inclusions, with `earlier` where a column may point to rows of its own table."""
    return [replace(i, earlier=_earlier(con, database, i)) if _has_roots(i) else i for i in inclusions]


def _has_roots(inclusion: Inclusion) -> bool:
    """Whether the key is the column's own table's, and some rows point to none: no tree is without."""
    column, key = inclusion.column, inclusion.key
    alike = column.kind == key.columns[0].kind
    return key.table == column.table and key.rank == 1 and alike and inclusion.filled < column.rows


def _earlier(con: duckdb.DuckDBPyConnection, database: Database, inclusion: Inclusion) -> float:
    """How improbable it is that values from anywhere in the column are less than the key of their rows, 0..1."""
    own, column = inclusion.key.columns[0], inclusion.column
    filled = f"{own.value} is not null and nullif({column.value}, {duck.text(inclusion.void)}) is not null"
    rows = con.execute(
        f"select {own.typed}, {column.typed} from {database.table_of(column).sample} where {filled} limit {ROWS}"
    ).fetchall()
    known = sorted(up for _, up in rows)
    ranks = [(bisect_left(known, key), up < key) for key, up in rows]
    surprise = sum(-log10(rank / len(rows)) if less else -EXCEPTION for rank, less in ranks)
    return min(1.0, max(0.0, surprise / 6))
