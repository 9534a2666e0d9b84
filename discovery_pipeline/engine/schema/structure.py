"""Structure: what the references make of the tables, hierarchies and bridges."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.schema.facts import TEMPORARY, Database, TableFacts, one
from discovery_pipeline.engine.schema.keys import Key
from discovery_pipeline.engine.schema.model import Hierarchy, ManyToMany
from discovery_pipeline.engine.schema.references import Reference

SURE = 0.5
"""Confidence from which a reference shapes the schema."""

DEEPEST = 200  # levels that are followed; real hierarchies have under thirty
MOST_CYCLIC = 100_000  # rows on cycles that are told apart
MOST_OTHERS = 2  # columns of a bridge that are neither its key nor a reference
LEAST_PAIRS = 0.95  # distinct pairs a row of a bridge: it says once that two things go together
LEAST_CHANCE = 3.0  # repeated pairs by chance from which their absence tells something
BY_CHANCE = 0.25  # of the repeated pairs that chance would make; fewer are no accident

_TREE = f"{TEMPORARY}tree"


def hierarchies(
    con: duckdb.DuckDBPyConnection, database: Database, references: Sequence[Reference]
) -> tuple[Hierarchy, ...]:
    """The tables that refer to themselves, and how their rows hang together."""
    own = [r for r in references if r.confidence >= SURE and len(r.columns) == 1 and r.columns[0].table == r.key.table]
    return tuple(_hierarchy(con, database, r) for r in own)


def _hierarchy(con: duckdb.DuckDBPyConnection, database: Database, reference: Reference) -> Hierarchy:
    """Level by level from the roots; what is never reached hangs on a cycle.

    A row that is its own parent is a root: that is how many systems write "none".
    """
    table = database.tables[reference.key.table]
    key, parent = reference.key.columns[0].value, reference.columns[0].value
    con.execute(
        f"create or replace temp table {_TREE} as with rows as (select hash({key}) as id,"
        f" case when {parent} is not null and {parent} <> {key} then hash({parent}) end as up"
        f" from {duck.scan(table.table)} where {key} is not null)"
        f" select id, up, case when up is null or up not in (select id from rows) then 1 end as level from rows"
    )
    roots = one(con, f"select count(*) from {_TREE} where up is null")[0]
    level, grown = 1, one(con, f"select count(*) from {_TREE} where level = 1")[0]
    while grown and level < DEEPEST:
        (grown,) = one(
            con,
            f"update {_TREE} set level = {level + 1} where level is null"
            f" and up in (select id from {_TREE} where level = {level})",
        )
        level += bool(grown)
    cycles = _cycles(con)
    return Hierarchy(
        table=table.name,
        child_column=reference.key.columns[0].column.name,
        parent_column=reference.columns[0].column.name,
        depth=level,
        roots=roots,
        cycles=cycles,
        orphans=reference.orphans,
    )


def _cycles(con: duckdb.DuckDBPyConnection) -> int:
    """How many separate cycles there are: what is left after cutting off, again and again, what nothing hangs on."""
    pairs = con.execute(f"select id, up from {_TREE} where level is null limit {MOST_CYCLIC}").fetchall()
    parent = dict(pairs)
    seen: dict[int, int] = {}
    cycles = 0
    for walk, start in enumerate(parent):
        at = start
        while at in parent and at not in seen:
            seen[at] = walk
            at = parent[at]
        cycles += seen.get(at) == walk
    return cycles


def bridges(
    con: duckdb.DuckDBPyConnection, database: Database, keys: Sequence[Key], references: Sequence[Reference]
) -> tuple[ManyToMany, ...]:
    """The tables that hold little more than two references, and so join two others many-to-many."""
    found = []
    referred = {r.key.table for r in references if r.confidence >= SURE and r.columns[0].table != r.key.table}
    for table in database.tables:
        own = sorted(
            (r for r in references if r.confidence >= SURE and r.columns[0].table == table.index),
            key=lambda r: r.columns[0].column.position,
        )
        own = [r for r in own if r.key.table != table.index]
        key = next((k for k in keys if k.table == table.index and k.rank == 1), None)
        if len(own) < 2 or key is None:
            continue
        referring = {i for r in own for i in r.ids}
        parts = {c.id for c in key.columns}
        joined = [r for r in own if set(r.ids) & parts]
        others = [c for c in table.columns if c.id not in referring | parts and not c.constant]
        if len(parts) > 1 and len(joined) >= 2:
            left, right = joined[:2]
        elif parts & referring or len(others) > MOST_OTHERS:
            continue
        elif _once(con, table, own[:2], known=table.index not in referred):
            left, right = own[:2]
        else:
            continue
        found.append(
            ManyToMany(
                bridge=table.name,
                left_table=database.tables[left.key.table].name,
                left_columns=tuple(c.column.name for c in left.columns),
                right_table=database.tables[right.key.table].name,
                right_columns=tuple(c.column.name for c in right.columns),
            )
        )
    return tuple(found)


def _once(con: duckdb.DuckDBPyConnection, table: TableFacts, pair: Sequence[Reference], *, known: bool) -> bool:
    """Whether nearly every row holds a pair of references, and hardly ever the same one twice.

    Where chance would repeat none either, `known` says what to think: others refer to things, seldom to pairs.
    """
    columns = [c for r in pair for c in r.columns]
    filled = " and ".join(f"{c.value} is not null" for c in columns)
    distinct = f"count(distinct hash({', '.join(c.value for c in columns)}))"
    rows, pairs = one(con, f"select count(*), {distinct} from {duck.scan(table.table)} where {filled}")
    if pairs < LEAST_PAIRS * table.rows:
        return False
    chance = rows * rows / (2 * max(1, pair[0].distinct) * max(1, pair[1].distinct))
    return rows - pairs <= BY_CHANCE * chance if chance >= LEAST_CHANCE else known
