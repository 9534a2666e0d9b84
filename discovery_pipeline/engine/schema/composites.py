"""Composite references: columns that together refer to a composite key.

(product, supplier) of an order line that is a (product, supplier) of the price list refers to the price list: that
implies the references to product and to supplier, and replaces them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product
from math import log10

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.schema import names
from discovery_pipeline.engine.schema.facts import Database, Facts, TableFacts, one
from discovery_pipeline.engine.schema.keys import Key
from discovery_pipeline.engine.schema.naming import Names
from discovery_pipeline.engine.schema.references import Reference

LEAST_COVERAGE = 0.97
SAME_NAME = 0.85
MOST_TRIED = 6  # combinations of columns a table and key
CERTAIN = 6.0  # decimal digits of improbability from which chance is ruled out


def found(
    con: duckdb.DuckDBPyConnection,
    database: Database,
    keys: Sequence[Key],
    naming: Names,
    singles: Sequence[Reference],
) -> list[Reference]:
    """The best composite reference of each set of columns."""
    targets = {r.columns[0].id: r.key.columns[0].id for r in singles if r.confidence >= 0.3}
    best: dict[tuple[int, ...], Reference] = {}
    for key in keys:
        if key.single or key.rank > 2:
            continue
        for table in database.tables:
            if table.index == key.table:
                continue
            for columns in islice(_combinations(table, key, naming, targets), MOST_TRIED):
                reference = _counted(con, database, columns, key)
                if reference and reference.confidence > getattr(best.get(reference.ids), "confidence", 0.0):
                    best[reference.ids] = reference
    return _one_way(list(best.values()))


def replacing(singles: Sequence[Reference], composites: Sequence[Reference]) -> list[Reference]:
    """The references of both kinds, where a column that stands in a composite has no reference of its own."""
    covered = {i for c in composites if c.confidence >= 0.5 for i in c.ids}
    return [*composites, *(s for s in singles if s.ids[0] not in covered)]


def _combinations(table: TableFacts, key: Key, naming: Names, targets: dict[int, int]) -> Iterator[tuple[Facts, ...]]:
    """Columns that may stand for the key's: each by its name, or because both refer to the same thing.

    Where all parts but one are found so, a column beside one of them may stand for the last.
    """
    offers: list[list[Facts]] = []
    for part in key.columns:
        same = [c for c in table.columns if _stands_for(c, part, naming, targets)]
        same.sort(key=lambda c: -naming.column_affinity(c, part))
        offers.append(same[:3])
    if sum(not offer for offer in offers) == 1:
        last = key.columns[next(i for i, offer in enumerate(offers) if not offer)]
        beside = {c.column.position + step for offer in offers for c in offer for step in (1, -1)}
        offers = [
            offer or [c for c in table.columns if c.column.position in beside and _fits(c, last, naming)]
            for offer in offers
        ]
    return (chosen for chosen in product(*offers) if len({c.id for c in chosen}) == len(chosen))


def _stands_for(column: Facts, part: Facts, naming: Names, targets: dict[int, int]) -> bool:
    if column.kind != part.kind or column.constant:
        return False
    if column.id in targets and targets[column.id] == targets.get(part.id):
        return True
    return naming.column_affinity(column, part) >= SAME_NAME


def _fits(column: Facts, part: Facts, naming: Names) -> bool:
    """Whether a column may hold a key's part though its name doesn't say so."""
    return (
        column.kind == part.kind
        and not column.constant
        and column.distinct <= part.distinct
        and part.low <= column.low <= column.high <= part.high
        and not names.says_measure(naming.words(column))
    )


def _counted(
    con: duckdb.DuckDBPyConnection, database: Database, columns: tuple[Facts, ...], key: Key
) -> Reference | None:
    table, referred = database.tables[columns[0].table], database.tables[key.table]
    filled = " and ".join(f"{c.value} is not null" for c in columns)
    rows, distinct, matched, shared = one(
        con,
        f"with held as (select hash({', '.join(c.value for c in columns)}) as h, count(*) as n"
        f" from {duck.scan(table.table)} where {filled} group by h),"
        f" keys as (select distinct hash({', '.join(c.value for c in key.columns)}) as h"
        f" from {duck.scan(referred.table)})"
        f" select coalesce(sum(n), 0)::bigint, count(*), coalesce(sum(n) filter (keys.h is not null), 0)::bigint,"
        f" count(keys.h) from held left join keys on held.h = keys.h",
    )
    if not rows or matched < LEAST_COVERAGE * rows:
        return None
    possible = 1.0
    for part in key.columns:
        possible *= max(1, part.distinct)
    improbable = -shared * log10(min(1.0, key.distinct / possible))
    if improbable <= 0:
        return None
    confidence = 0.95 * min(1.0, improbable / CERTAIN) - 5 * (1 - matched / rows)
    if names.names_copy(names.words(referred.name)) and not names.names_copy(names.words(table.name)):
        confidence *= 0.4
    why = f"together {shared:,} of {key.distinct:,} combinations; {len(columns)} columns that name or mean the same"
    return Reference(columns, key, matched / rows, rows - matched, distinct, max(0.0, confidence), why)


def _one_way(references: Sequence[Reference]) -> list[Reference]:
    """Of two references in opposite directions, the surer; of two as sure, the one that holds fewer combinations."""
    directions = {(r.ids, tuple(c.id for c in r.key.columns)): r for r in references}

    def outdone(reference: Reference) -> bool:
        ids = tuple(c.id for c in reference.key.columns)
        back = directions.get((ids, reference.ids))
        return back is not None and (back.confidence, -back.distinct) > (reference.confidence, -reference.distinct)

    return [r for r in references if not outdone(r)]
