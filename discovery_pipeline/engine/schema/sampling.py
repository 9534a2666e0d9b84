"""Samples as arrays: a table's sample in numbers, for searches that try thousands of combinations.

A sample only proposes. What it proposes is counted over all rows by whoever asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from discovery_pipeline.engine.schema.facts import Facts, TableFacts, one

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Coded:
    """The texts of a sample, each told once."""

    labels: Sequence[str]
    codes: np.ndarray  # index into labels, one a sampled row; -1 for null

    def most_frequent(self, rows: np.ndarray) -> tuple[int, int, int]:
        """Of these rows: the code they hold most often, how often, and how many hold any."""
        import numpy as np

        held = self.codes[rows]
        counts = np.bincount(held[held >= 0], minlength=len(self.labels) or 1)
        best = int(counts.argmax())
        return best, int(counts[best]), int(counts.sum())


def coded(
    con: duckdb.DuckDBPyConnection, table: TableFacts, expressions: Sequence[str], limit: int
) -> tuple[Coded, ...]:
    """The sampled values of text expressions."""
    import numpy as np

    if not expressions:
        return ()
    listed = ", ".join(f"list({e} order by file_row_number)" for e in expressions)
    found = one(con, f"select {listed} from (from {table.sample} limit {limit})")
    out = []
    for values in found:
        labels = sorted({v for v in values or () if v is not None})
        place = {label: i for i, label in enumerate(labels)}
        out.append(Coded(labels, np.array([place.get(v, -1) for v in values or ()], dtype=np.int64)))
    return tuple(out)


def codes(con: duckdb.DuckDBPyConnection, table: TableFacts, columns: Sequence[Facts], limit: int) -> np.ndarray:
    """One row a sampled row, one number a column, equal where the values are equal; 0 for null."""
    hashed = [f"case when {c.value} is null then 0::ubigint else hash({c.value}) end" for c in columns]
    return _fetched(con, table, hashed, limit)


def numbers(con: duckdb.DuckDBPyConnection, table: TableFacts, columns: Sequence[Facts], limit: int) -> np.ndarray:
    """One row a sampled row, one value a column as a float; seconds for dates; NaN for what is none."""
    typed = [f"epoch({c.typed})" if c.kind == "date" else f"({c.typed})::double" for c in columns]
    return _fetched(con, table, [f"coalesce({t}, 'nan'::double)" for t in typed], limit)


def in_order(values: np.ndarray, left: int, right: int) -> tuple[float, float]:
    """Share of sampled rows where left ≤ right, and the share if rows were paired at random; NaN without rows."""
    import numpy as np

    a, b = values[:, left], values[:, right]
    both = ~(np.isnan(a) | np.isnan(b))
    a, b = a[both], b[both]
    if not len(a):
        return float("nan"), float("nan")
    apart = float(np.mean([np.mean(a <= np.roll(b, shift)) for shift in (1, 7, 29)]))
    return float(np.mean(a <= b)), apart


def _fetched(con: duckdb.DuckDBPyConnection, table: TableFacts, expressions: Sequence[str], limit: int) -> np.ndarray:
    import numpy as np

    if not expressions:
        return np.empty((0, 0))
    named = ", ".join(f"{e} as c{i}" for i, e in enumerate(expressions))
    arrays = con.execute(f"select {named} from (from {table.sample} limit {limit})").fetchnumpy()
    return np.column_stack([np.asarray(array) for array in arrays.values()])
