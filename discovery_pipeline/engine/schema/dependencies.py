"""Functional dependencies: columns that decide others in nearly all rows.

A sample is sorted by each determinant: where neighbours with the same determinant agree far more often than any two
rows do, a dependency is proposed. The best proposals are counted over all rows. Keys decide everything and
constants are decided by everything; neither is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.schema import sampling
from discovery_pipeline.engine.schema.facts import Database, Facts, TableFacts, one
from discovery_pipeline.engine.schema.model import FunctionalDependency

if TYPE_CHECKING:
    import numpy as np

SAMPLED = 4_000
MOST_PAIRED = 8  # determinants of which pairs are tried
MOST_TOLD = 25  # dependencies a table
COUNTED_ROWS = 4_000_000  # rows counted a table, all proposals together
LEAST_NEIGHBOURS = 20
LEAST_STRENGTH = 0.8  # of the disagreement expected by chance, the share that must be gone
LEAST_CONFIDENCE = 0.9


@dataclass(frozen=True, slots=True)
class _Proposal:
    determinant: tuple[Facts, ...]
    dependent: Facts
    strength: float  # 1: neighbours never disagree; 0: as often as any two rows


def found(con: duckdb.DuckDBPyConnection, database: Database) -> tuple[FunctionalDependency, ...]:
    """The dependencies of all tables, the strongest of each table first."""
    return tuple(d for table in database.tables for d in _of(con, table, database.breadth))


def _of(con: duckdb.DuckDBPyConnection, table: TableFacts, breadth: int) -> list[FunctionalDependency]:
    columns = [c for c in table.columns if not c.constant and c.longest <= 200][:breadth]
    if table.rows < 2 * LEAST_NEIGHBOURS or len(columns) < 2:
        return []
    proposals = sorted(_proposed(con, table, columns), key=lambda p: -p.strength)
    counted = []
    for proposal in proposals[: max(5, min(MOST_TOLD, COUNTED_ROWS // table.rows))]:
        dependency = _counted(con, table, proposal)
        if dependency.support >= LEAST_NEIGHBOURS and dependency.confidence >= LEAST_CONFIDENCE:
            counted.append(dependency)
    return sorted(counted, key=lambda d: (-d.confidence, -d.support, d.determinant, d.dependent))


def _proposed(con: duckdb.DuckDBPyConnection, table: TableFacts, columns: Sequence[Facts]) -> Iterator[_Proposal]:
    codes = sampling.codes(con, table, columns, SAMPLED)
    chance = _chance_agreement(codes)
    deciding = [i for i, c in enumerate(columns) if c.uniqueness < 0.8 and c.kind != "float"]
    decided = {i for i, c in enumerate(columns) if c.uniqueness < 0.95 and chance[i] < 0.95}
    done: dict[int, set[int]] = {}
    for left in deciding:
        strengths = _strengths(codes[:, left], codes, chance)
        done[left] = {i for i in decided - {left} if strengths[i] >= LEAST_STRENGTH}
        for right in sorted(done[left]):
            yield _Proposal((columns[left],), columns[right], float(strengths[right]))
    for left, right in combinations(sorted(deciding, key=lambda i: columns[i].distinct)[:MOST_PAIRED], 2):
        together = codes[:, left] * 1_000_003 + codes[:, right]
        strengths = _strengths(together, codes, chance)
        for i in sorted(decided - {left, right} - done[left] - done[right]):
            if strengths[i] >= 0.97:
                yield _Proposal((columns[left], columns[right]), columns[i], 0.9 * float(strengths[i]))


def _chance_agreement(codes: np.ndarray) -> list[float]:
    """How probable it is that two rows agree, one number a column."""
    import numpy as np

    shares = (np.unique(codes[:, i], return_counts=True)[1] / len(codes) for i in range(codes.shape[1]))
    return [float((share**2).sum()) for share in shares]


def _strengths(determinant: np.ndarray, codes: np.ndarray, chance: Sequence[float]) -> np.ndarray:
    """For each column, how much of the disagreement of any two rows is gone between rows that share the determinant."""
    import numpy as np

    order = np.argsort(determinant, kind="stable")
    ordered = determinant[order]
    neighbours = (ordered[1:] == ordered[:-1]) & (ordered[1:] != 0)
    if neighbours.sum() < LEAST_NEIGHBOURS:
        return np.zeros(codes.shape[1])
    rows = codes[order]
    agreement = (rows[1:] == rows[:-1])[neighbours].mean(axis=0)
    return 1 - (1 - agreement) / np.maximum(1e-9, 1 - np.asarray(chance))


def _counted(con: duckdb.DuckDBPyConnection, table: TableFacts, proposal: _Proposal) -> FunctionalDependency:
    """Violations: the rows whose dependent is not the most frequent one of their determinant.

    Of equally frequent ones the greater is taken, so that the same table gives the same examples.
    """
    keys = ", ".join(f"{c.value} as a{i}" for i, c in enumerate(proposal.determinant))
    held = " and ".join(f"a{i} is not null" for i in range(len(proposal.determinant)))
    names = ", ".join(f"a{i}" for i in range(len(proposal.determinant)))
    groups = (
        f"select {names}, sum(n) as n, max(n) as most, max_by(b, row(n, b)) as usual, min_by(b, row(n, b)) as other"
        f" from (select {names}, b, count(*) as n from (select {keys}, {proposal.dependent.value} as b"
        f" from {duck.scan(table.table)}) where {held} and b is not null group by all)"
        f" group by {names} having sum(n) > 1"
    )
    support, most, examples = one(
        con,
        f"select coalesce(sum(n), 0)::bigint, coalesce(sum(most), 0)::bigint,"
        f" max_by(example, row(n - most, example), 3) filter (most < n) from (select *,"
        f" concat_ws(', ', {names}) || ': ' || usual || ', but also ' || other as example from ({groups}))",
    )
    return FunctionalDependency(
        table=table.name,
        determinant=tuple(c.column.name for c in proposal.determinant),
        dependent=proposal.dependent.column.name,
        support=support,
        confidence=most / support if support else 0.0,
        violations=support - most,
        examples=tuple(examples or ()),
    )
