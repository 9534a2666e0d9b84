"""Keys: the minimal combinations of columns that tell a table's rows apart, and which of them is THE key.

Nearly unique columns are keys, too: real exports repeat a row here and there. What a key's values are
referred to by is the subject of `inclusions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import exp, log1p

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.schema import names
from discovery_pipeline.engine.schema.facts import TEMPORARY, Database, Facts, TableFacts, one
from discovery_pipeline.engine.schema.naming import Names

KEYS = f"{TEMPORARY}keys"
"""Temporary table of the hashed values of all single keys: key (a column's id), h, n (rows that hold it)."""

ALMOST = 0.97  # share of distinct values from which a column may be a key with a few repeated rows
MOST_SINGLES = 8  # keys a table whose values are kept
MOST_KEY_ROWS = 12_000_000  # hashed values kept a table; 24 bytes each
MOST_PARTS = 4
PART_CANDIDATES = 12
REPEATED = 0.5  # what a combination loses that a few rows repeat
CONVINCING = 3.0  # score from which a single key needs no composite beside it


@dataclass(frozen=True, slots=True)
class Key:
    """A minimal key of a table."""

    table: int
    columns: tuple[Facts, ...]
    distinct: int  # exact
    filled: int  # rows that have a value in each column
    score: float  # how much it looks like THE key; any real number
    rank: int = 1

    @property
    def uniqueness(self) -> float:
        """Distinct over filled, 0..1."""
        return self.distinct / self.filled if self.filled else 0.0

    @property
    def confidence(self) -> float:
        """0..1; below 0.9 where values repeat."""
        sure = 1 / (1 + exp(-0.6 * self.score))
        return round(sure if self.distinct == self.filled else min(0.9, sure) * self.uniqueness, 3)

    @property
    def single(self) -> bool:
        """Whether it is one column."""
        return len(self.columns) == 1


def found(con: duckdb.DuckDBPyConnection, database: Database, naming: Names) -> tuple[Key, ...]:
    """The keys of all tables, THE key of each first. Fills the table `KEYS`."""
    alone = singles(con, database)
    out: list[Key] = []
    for table in database.tables:
        own = [k for k in alone if k.table == table.index]
        if max((k.score for k in own), default=0.0) < CONVINCING:
            own += _composites(con, table, own)
        own += _bridge(table, own, naming)
        out += _ranked(own)
    return tuple(out)


def _ranked(keys: Iterable[Key]) -> list[Key]:
    ordered = sorted(keys, key=lambda k: (-k.score, [c.column.position for c in k.columns]))
    return [replace(key, rank=rank) for rank, key in enumerate(ordered, 1)]


def singles(con: duckdb.DuckDBPyConnection, database: Database) -> list[Key]:
    """The keys of one column, unranked. Fills the table `KEYS`."""
    con.execute(f"create or replace temp table {KEYS} (key integer, h ubigint, n bigint)")
    for table in database.tables:
        likely = [c for c in table.columns if c.uniqueness >= 0.85 and c.filled >= 0.5 * c.rows and _may_be_key(c)]
        likely.sort(key=lambda c: -_score(table, c, 1.0))
        for column in likely[: max(1, min(MOST_SINGLES, MOST_KEY_ROWS // max(1, table.rows)))]:
            con.execute(
                f"insert into {KEYS} select {column.id}, hash({column.value}) as h, count(*)"
                f" from {duck.scan(table.table)} where {column.value} is not null group by all"
            )
    counted = con.execute(f"select key, count(*), sum(n)::bigint from {KEYS} group by key").fetchall()
    keys = []
    for key, distinct, filled in sorted(counted):
        column = database.columns[key]
        table = database.table_of(column)
        share = distinct / filled
        if share == 1 or (share >= ALMOST and _named_as_key(table, column)):
            keys.append(Key(column.table, (column,), distinct, filled, _score(table, column, share)))
    return keys


def _named_as_key(table: TableFacts, column: Facts) -> bool:
    """Whether the name says that values were meant to differ: an id, a number, what people call a thing."""
    parts = names.words(column.column.name)
    return names.says_key(parts) > 0 or names.says_title(parts, names.subject(table.name))


def _may_be_key(column: Facts) -> bool:
    return (
        column.rows > 1 and column.filled > 0 and column.kind in ("integer", "text", "date") and column.longest <= 200
    )


def _score(table: TableFacts, column: Facts, uniqueness: float) -> float:
    """How much a unique column looks like the one that the table's makers chose."""
    parts = names.words(column.column.name)
    noun = names.stem(parts)
    leads = column is table.leading
    score = 2.0 * names.says_key(parts)
    if names.says_key(parts):
        own = names.table_affinity(noun, names.subject(table.name)) if noun else float(leads)
        score += 2.0 * own
    score += 1.5 if leads else -0.4 - 0.1 * min(column.column.position, 10)
    score += {"integer": 1.0, "text": 0.8, "date": -2.0}.get(column.kind, -3.0)
    if column.kind == "integer" and column.density > 0.9 and column.low in (0, 1):
        score += 0.7
    if column.kind == "text" and column.shortest == column.longest:
        score += 0.5
    if column.longest > 40:
        score -= 2.0
    score -= 6.0 * (1 - column.filled / max(1, column.rows))
    return score - 20.0 * (1 - uniqueness)


def _composites(con: duckdb.DuckDBPyConnection, table: TableFacts, singles: Sequence[Key]) -> list[Key]:
    """Minimal combinations of two to four columns, smallest first; none where no small one is unique."""
    unique = {k.columns[0].id for k in singles if k.uniqueness == 1}
    parts = [
        c
        for c in table.columns
        if not c.constant and c.id not in unique and c.kind != "float" and c.longest <= 64 and c.filled >= 0.98 * c.rows
    ]
    parts = sorted(parts, key=lambda c: -_part_score(c))[:PART_CANDIDATES]
    for size in range(2, MOST_PARTS + 1):
        keys = _unique_combinations(con, table, list(combinations(parts, size)))
        if keys:
            return keys
    return []


def _bridge(table: TableFacts, singles: Sequence[Key], naming: Names) -> list[Key]:
    """The pair of references of a table that is called after two others, though one of them happens to be unique.

    Every film may have one category today: film_category is made for films that have two.
    """
    pair = naming.joined(table)
    alone = next((k for k in singles if pair and k.single and k.columns[0] in pair), None)
    if pair is None or alone is None or any(k.score > alone.score for k in singles):
        return []
    return [Key(table.index, pair, alone.distinct, alone.filled, alone.score + 0.5)]


def _part_score(column: Facts) -> float:
    parts = names.words(column.column.name)
    kind = {"integer": 0.5, "text": 0.3, "date": 0.1}.get(column.kind, -1.0)
    return 1.5 * names.says_key(parts) + kind - 0.15 * column.column.position - 1.5 * names.says_measure(parts)


def _unique_combinations(
    con: duckdb.DuckDBPyConnection, table: TableFacts, combos: Sequence[tuple[Facts, ...]]
) -> list[Key]:
    possible = [c for c in combos if _product(c) >= 0.95 * table.rows]
    possible = sorted(possible, key=lambda c: -sum(map(_part_score, c)) / len(c))[:80]
    if not possible:
        return []
    scan = duck.scan(table.table)
    estimates = one(con, f"select {', '.join(f'approx_count_distinct({_hash(c)})' for c in possible)} from {scan}")
    likely = [c for c, n in zip(possible, estimates, strict=True) if n >= 0.9 * table.rows][:5]
    keys = []
    for combo in likely:
        filled = " and ".join(f"{c.value} is not null" for c in combo)
        rows, distinct = one(con, f"select count(*), count(distinct {_hash(combo)}) from {scan} where {filled}")
        if rows and distinct >= (1.0 if rows < 100 else 0.995) * rows:
            score = 2.0 + sum(map(_part_score, combo)) / len(combo) - 20 * (1 - distinct / rows) - 0.5 * len(combo)
            score += _meant(combo, rows) - REPEATED * (distinct < rows)
            ordered = tuple(sorted(combo, key=lambda c: c.column.position))
            keys.append(Key(table.index, ordered, distinct, rows, score))
    return keys


def _meant(combo: Sequence[Facts], rows: int) -> float:
    """How little a combination owes its uniqueness to chance, 0..1.5, by how many rows would meet in a shuffled table.

    Two columns of thousands of values each hardly ever repeat a pair; an order's lines are numbered so that none does.
    """
    return 0.15 * min(10.0, log1p(rows * rows / (2 * _product(combo))))


def _product(combo: Sequence[Facts]) -> float:
    product = 1.0
    for column in combo:
        product *= max(1, column.distinct)
    return product * 1.1  # counts are estimates


def _hash(combo: Sequence[Facts]) -> str:
    return f"hash({', '.join(c.value for c in combo)})"
