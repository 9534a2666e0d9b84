"""Clusters: values of a column that may be spellings of one, for a person to look at and to make one of.

By key collision, or by nearness, as in OpenRefine. A rule that runs by itself believes far less: see vocabulary, typos.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.vocabulary import VARIANT
from discovery_pipeline.engine.tables import Table

if TYPE_CHECKING:
    import numpy as np

Method = Literal["fingerprint", "nearest"]
V = TypeVar("V", str, str | None)

MOST = 200
"""Clusters of one column that are shown, those with most cells first."""
COMPARED = 2_000
"""Values that are held against each other by nearness, the most frequent first."""
NEAR = 85.0
"""Likeness from which two values are near, 0..100."""
SHORTEST = 4
"""Characters from which nearness says anything."""


@dataclass(frozen=True, slots=True)
class Member:
    """A value, and how many cells hold it."""

    value: str
    cells: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """Values that may be one; the most frequent first, which is the likely winner."""

    members: tuple[Member, ...]

    @property
    def cells(self) -> int:
        """Cells of all of them."""
        return sum(member.cells for member in self.members)


def clusters(
    con: duckdb.DuckDBPyConnection, table: Table, column: str, method: Method = "fingerprint"
) -> tuple[Cluster, ...]:
    """The clusters of a column, those with most cells first; empty where every value stands for itself."""
    found = _by_key(con, table, column) if method == "fingerprint" else _by_nearness(con, table, column)
    made = (Cluster(tuple(sorted(group, key=lambda m: (-m.cells, m.value)))) for group in found)
    return tuple(sorted(made, key=lambda cluster: (-cluster.cells, cluster.members[0].value))[:MOST])


def counts(con: duckdb.DuckDBPyConnection, table: Table, column: str, values: Sequence[V]) -> dict[V, int]:
    """How many cells hold each of these values, as the source writes them; None is an empty cell."""
    cell = duck.col(table.column(column))
    held = f"coalesce(list_contains(?::VARCHAR[], {cell}), ?)"
    asked = f"SELECT {cell}, count(*) FROM {duck.scan(table)} WHERE {held} GROUP BY 1"
    return dict(con.execute(asked, [list(values), None in values]).fetchall())


def _by_key(con: duckdb.DuckDBPyConnection, table: Table, column: str) -> Iterable[list[Member]]:
    key = VARIANT.replace("$v", "value")
    rows = con.execute(f"""
        WITH keyed AS (SELECT value, cells, {key} AS key FROM ({_values(table, column)})),
        several AS (SELECT key FROM keyed WHERE length(key) > 1 GROUP BY key HAVING count(*) > 1)
        SELECT key, value, cells FROM keyed SEMI JOIN several USING (key)
    """).fetchall()
    groups: dict[str, list[Member]] = defaultdict(list)
    for found, value, cells in rows:
        groups[found].append(Member(value, cells))
    return groups.values()


def _by_nearness(con: duckdb.DuckDBPyConnection, table: Table, column: str) -> Iterable[list[Member]]:
    """Values whose letters are near and whose digits are the same: web01 and web02 are two things."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    asked = f"{_values(table, column)} ORDER BY cells DESC, value LIMIT {COMPARED}"
    members = [Member(value, cells) for value, cells in con.execute(asked).fetchall()]
    long = [member for member in members if len(member.value) >= SHORTEST]
    alike: dict[tuple[str, ...], list[Member]] = defaultdict(list)
    for member in long:
        alike[tuple(re.findall(r"\d+", member.value))].append(member)
    for group in alike.values():
        words = [member.value.casefold() for member in group]
        scores = cdist(words, words, scorer=OSA.normalized_similarity, score_cutoff=NEAR / 100)
        yield from ([group[i] for i in place] for place in _joined(scores) if len(place) > 1)


def _joined(scores: np.ndarray) -> list[list[int]]:
    """Places that are near to each other, from one to the next; each goes to the first group that has one near it."""
    groups: list[list[int]] = []
    for place in range(len(scores)):
        home = next((group for group in groups if any(scores[place][other] for other in group)), None)
        if home is None:
            groups.append([place])
        else:
            home.append(place)
    return groups


def _values(table: Table, column: str) -> str:
    cell = duck.col(table.column(column))
    return (
        f"SELECT {cell} AS value, count(*) AS cells FROM {duck.scan(table)} "
        f"WHERE regexp_matches({cell}, '\\pL') GROUP BY 1"
    )
