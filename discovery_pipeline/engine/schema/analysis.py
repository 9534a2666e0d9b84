"""The analysis: keys, references and what follows from them, over all tables of an intake."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.schema import (
    composites,
    dependencies,
    evidence,
    facts,
    inclusions,
    keys,
    orders,
    precedence,
    references,
    repeats,
    rules,
    structure,
)
from discovery_pipeline.engine.schema.facts import Database
from discovery_pipeline.engine.schema.model import ForeignKey, PrimaryKey, SchemaAnalysis
from discovery_pipeline.engine.schema.naming import Names
from discovery_pipeline.engine.schema.references import Reference
from discovery_pipeline.engine.tables import Tables

LEAST = 0.1
"""Confidence of the least likely reference that is told."""

EXAMPLES = 3  # values without a match, a reference


def analyse(con: duckdb.DuckDBPyConnection, tables: Tables, profile: Profile | None = None) -> SchemaAnalysis:
    """What relates to what, from the data and its names.

    Parameters
    ----------
    profile
        Tells how dates are written; without it the usual formats are tried.
    """
    with facts.gathered(con, tables, profile) as database:
        naming = Names(database)
        found = keys.found(con, database, naming)
        held = precedence.weighed(
            con, database, inclusions.found(con, database, found, partial(evidence.promise, naming))
        )
        singles = repeats.without(con, database, references.judged(database, found, naming, held))
        chosen = composites.replacing(singles, composites.found(con, database, found, naming, singles))
        dependent = dependencies.found(con, database)
        return SchemaAnalysis(
            primary_keys=tuple(_primary_key(database, k) for k in found),
            foreign_keys=_foreign_keys(con, database, chosen),
            hierarchies=structure.hierarchies(con, database, chosen),
            many_to_many=structure.bridges(con, database, found, chosen),
            temporal=orders.temporal(con, database),
            functional_dependencies=dependent,
            business_rules=rules.found(con, database, found, chosen, dependent),
        )


def _primary_key(database: Database, key: keys.Key) -> PrimaryKey:
    return PrimaryKey(
        table=database.tables[key.table].name,
        columns=tuple(c.column.name for c in key.columns),
        confidence=key.confidence,
        rank=key.rank,
        evidence=f"{key.distinct:,} values in {key.filled:,} filled rows",
    )


def _foreign_keys(
    con: duckdb.DuckDBPyConnection, database: Database, references: Sequence[Reference]
) -> tuple[ForeignKey, ...]:
    told = sorted((r for r in references if r.confidence >= LEAST), key=lambda r: -r.confidence)
    return tuple(_foreign_key(database, r, _unmatched(con, database, r)) for r in told)


def _foreign_key(database: Database, reference: Reference, examples: tuple[str, ...]) -> ForeignKey:
    one_each = reference.distinct == min(c.filled for c in reference.columns)
    return ForeignKey(
        table=database.table_of(reference.columns[0]).name,
        columns=tuple(c.column.name for c in reference.columns),
        ref_table=database.tables[reference.key.table].name,
        ref_columns=tuple(c.column.name for c in reference.key.columns),
        cardinality="1:1" if one_each else "n:1",
        coverage=reference.coverage,
        orphans=reference.orphans,
        confidence=round(reference.confidence, 3),
        evidence=reference.evidence,
        examples=examples,
    )


def _unmatched(con: duckdb.DuckDBPyConnection, database: Database, reference: Reference) -> tuple[str, ...]:
    """The most frequent values without a match, of references that a person will look at."""
    if not reference.orphans or reference.confidence < structure.SURE:
        return ()
    held = duck.scan(database.table_of(reference.columns[0]).table)
    keys_there = duck.scan(database.tables[reference.key.table].table)
    value = f"hash({', '.join(c.value for c in reference.columns)})"
    key = f"hash({', '.join(c.value for c in reference.key.columns)})"
    filled = " and ".join(f"nullif({c.value}, {duck.text(reference.void)}) is not null" for c in reference.columns)
    shown = f"concat_ws(', ', {', '.join(duck.col(c.column) for c in reference.columns)})"
    rows = con.execute(
        f"select {shown} as shown from {held} where {filled} and {value} not in (select {key} from {keys_there})"
        f" group by all order by count(*) desc, 1 limit {EXAMPLES}"
    ).fetchall()
    return tuple(text for (text,) in rows)
