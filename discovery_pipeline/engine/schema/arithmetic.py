"""Arithmetic: numbers of a row that are the product, the sum or a fixed multiple of others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import duckdb

from discovery_pipeline.engine.schema import sampling
from discovery_pipeline.engine.schema.claims import Claim, counted
from discovery_pipeline.engine.schema.facts import Facts, TableFacts
from discovery_pipeline.engine.schema.model import BusinessRule

if TYPE_CHECKING:
    import numpy as np

SAMPLED = 800
MOST_COLUMNS = 16
MOST_TOLD = 12
LEAST_TELLING = 20  # sampled rows in which neither part is 0 or 1, which prove nothing
LEAST_CONFIDENCE = 0.95
RELATIVE, ABSOLUTE = 0.002, 0.0101  # rounding: to cents, and of long factors


def found(con: duckdb.DuckDBPyConnection, table: TableFacts, left_out: frozenset[int]) -> list[BusinessRule]:
    """What one table's numbers add and multiply to; keys and references are `left_out`."""
    columns = [c for c in table.columns if c.kind in ("integer", "float") and c.distinct > 2 and c.id not in left_out][
        :MOST_COLUMNS
    ]
    if len(columns) < 2 or table.rows < LEAST_TELLING:
        return []
    values = sampling.numbers(con, table, columns, SAMPLED)
    claims = [*_multiples(values, columns), *_products_and_sums(values, columns)][:MOST_TOLD]
    kept = counted(con, table, claims, least_support=LEAST_TELLING, least_confidence=LEAST_CONFIDENCE)
    return [k.rule(table, "arithmetic") for k in kept]


def _products_and_sums(values: np.ndarray, columns: Sequence[Facts]) -> Iterator[Claim]:
    """`a = b × c` and `a = b + c`, where the sample bears it out."""
    import numpy as np

    for b, c in combinations(range(len(columns)), 2):
        left, right = values[:, b], values[:, c]
        telling = (np.abs(left) > 1) & (np.abs(right) > 1) & (left != right)
        for sign, result in (("×", left * right), ("+", left + right)):
            used = telling if sign == "×" else (left != 0) & (right != 0)
            for a in (i for i in range(len(columns)) if i not in (b, c)):
                if _agrees(values[:, a], result, used):
                    yield _claim(columns[a], columns[b], columns[c], sign)


def _multiples(values: np.ndarray, columns: Sequence[Facts]) -> Iterator[Claim]:
    """`a = b × 1024` and its like: one factor in all rows."""
    import numpy as np

    for a, b in combinations(range(len(columns)), 2):
        both = ~(np.isnan(values[:, a]) | np.isnan(values[:, b])) & (values[:, b] != 0) & (values[:, a] != 0)
        if both.sum() < LEAST_TELLING or len(np.unique(values[both, b])) < 4:
            continue
        large, small = (a, b) if np.median(np.abs(values[both, a] / values[both, b])) >= 1 else (b, a)
        factor = float(np.median(values[both, large] / values[both, small]))
        rounded = round(factor, 6)
        if rounded != 1 and abs(factor - rounded) < 1e-6 * factor:
            result = values[:, small] * rounded
            if _agrees(values[:, large], result, both):
                yield _scaled(columns[large], columns[small], rounded)


def _agrees(values: np.ndarray, result: np.ndarray, used: np.ndarray) -> bool:
    import numpy as np

    there = used & ~np.isnan(values) & ~np.isnan(result)
    if there.sum() < LEAST_TELLING:
        return False
    near = np.abs(values - result) <= np.maximum(ABSOLUTE, RELATIVE * np.abs(result))
    return bool(near[there].mean() >= LEAST_CONFIDENCE - 0.03)


def _claim(a: Facts, b: Facts, c: Facts, sign: str) -> Claim:
    operator = "*" if sign == "×" else "+"
    result = f"(({b.typed})::double {operator} ({c.typed})::double)"
    words = f"{a.column.name} = {b.column.name} {sign} {c.column.name}"
    return Claim((a, b, c), words, _all_there(a, b, c), _near(a, result))


def _scaled(a: Facts, b: Facts, factor: float) -> Claim:
    words = f"{a.column.name} = {b.column.name} × {factor:g}"
    return Claim((a, b), words, _all_there(a, b), _near(a, f"(({b.typed})::double * {factor!r})"))


def _all_there(*columns: Facts) -> str:
    return " and ".join(f"{c.typed} is not null" for c in columns)


def _near(a: Facts, result: str) -> str:
    return f"abs(({a.typed})::double - {result}) <= greatest({ABSOLUTE}, {RELATIVE} * abs({result}))"
