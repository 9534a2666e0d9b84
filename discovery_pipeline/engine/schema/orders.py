"""Orders: pairs of dates that come one after the other, and of numbers that stay below each other.

An order is told where it holds far more often than it would for rows paired at random.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import duckdb

from discovery_pipeline.engine.schema import names, sampling
from discovery_pipeline.engine.schema.claims import Claim, Counted, counted
from discovery_pipeline.engine.schema.facts import Database, Facts, Kind, TableFacts
from discovery_pipeline.engine.schema.model import BusinessRule, TemporalOrder

SAMPLED = 2_000
MOST_COLUMNS = 16  # dates, or numbers, of a table
MOST_TOLD = 20
LEAST_ROWS = 10
LEAST_DATES = 0.9  # confidence: dates are entered by hand
LEAST_NUMBERS = 0.98
TRIVIAL = 0.95  # share of rows in order if paired at random, from which the order says nothing


def temporal(con: duckdb.DuckDBPyConnection, database: Database) -> tuple[TemporalOrder, ...]:
    """Dates of one table that come in order."""
    return tuple(
        TemporalOrder(
            table=table.name,
            before=order.claim.columns[0].column.name,
            after=order.claim.columns[1].column.name,
            support=order.support,
            confidence=order.confidence,
            exceptions=order.violations,
            examples=order.examples,
        )
        for table in database.tables
        for order in _orders(con, table, ("date",), LEAST_DATES)
    )


def comparisons(con: duckdb.DuckDBPyConnection, table: TableFacts, left_out: frozenset[int]) -> list[BusinessRule]:
    """Numbers of the table that stay below each other; keys and references are `left_out`."""
    return [
        order.rule(table, "comparison") for order in _orders(con, table, ("integer", "float"), LEAST_NUMBERS, left_out)
    ]


def _orders(
    con: duckdb.DuckDBPyConnection,
    table: TableFacts,
    kinds: tuple[Kind, ...],
    least: float,
    left_out: frozenset[int] = frozenset(),
) -> list[Counted]:
    columns = [c for c in table.columns if c.kind in kinds and not c.constant and c.id not in left_out]
    columns = columns[:MOST_COLUMNS]
    if len(columns) < 2 or table.rows < LEAST_ROWS:
        return []
    claims = [claim for _, claim in sorted(_likely(con, table, columns, least), key=lambda found: -found[0])]
    return counted(con, table, claims[:MOST_TOLD], least_support=LEAST_ROWS, least_confidence=least)


def _likely(
    con: duckdb.DuckDBPyConnection, table: TableFacts, columns: list[Facts], least: float
) -> Iterator[tuple[float, Claim]]:
    """The orders that the sample shows, with how much they say."""
    values = sampling.numbers(con, table, columns, SAMPLED)
    for i, j in combinations(range(len(columns)), 2):
        for low, high in ((i, j), (j, i)):
            share, apart = sampling.in_order(values, low, high)
            gain = (share - apart) / max(0.02, 1 - apart)
            left, right = columns[low], columns[high]
            if share >= least - 0.02 and apart < TRIVIAL and gain >= 0.5 and _comparable(left, right, apart):
                a, b = left.column.name, right.column.name
                claim = Claim(
                    (left, right),
                    f"{a} ≤ {b}",
                    f"{left.typed} is not null and {right.typed} is not null",
                    f"{left.typed} <= {right.typed}",
                )
                yield gain * (1 - apart), claim


def _comparable(left: Facts, right: Facts, apart: float) -> bool:
    """Whether comparing makes sense: dates always; numbers that share a word, or that chance keeps apart in vain."""
    if left.kind == "date":
        return True
    shared = set(names.words(left.column.name)) & set(names.words(right.column.name))
    return bool(shared) or apart < 0.8
