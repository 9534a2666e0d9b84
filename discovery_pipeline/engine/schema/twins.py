"""Twins: keys of several tables that hold the very same values, as the sheets of one export do.

Whatever refers to one refers to all of them. One table stands for all, so that references tell one story.
"""

from __future__ import annotations

from collections.abc import Sequence

from discovery_pipeline.engine.schema import evidence, names
from discovery_pipeline.engine.schema.facts import Database
from discovery_pipeline.engine.schema.inclusions import Inclusion
from discovery_pipeline.engine.schema.naming import Names

TELLING = 0.5  # information from which the same values in two keys are no coincidence


def without(database: Database, naming: Names, inclusions: Sequence[Inclusion]) -> list[Inclusion]:
    """The inclusions in keys that have no twin, or that stand for theirs."""
    stands = _standing(database, naming, inclusions)
    return [i for i in inclusions if i.key.columns[0].id == stands.get(i.key.columns[0].id, i.key.columns[0].id)]


def _standing(database: Database, naming: Names, inclusions: Sequence[Inclusion]) -> dict[int, int]:
    """Which key stands for each that has a twin, by ids."""
    together: dict[int, set[int]] = {}
    for inclusion in inclusions:
        if _same(inclusion):
            ids = {i for c in (inclusion.column, inclusion.key.columns[0]) for i in together.get(c.id, {c.id})}
            together |= dict.fromkeys(ids, ids)

    def claim(key: int) -> tuple[bool, bool, int, int]:
        column = database.columns[key]
        table = database.tables[column.table]
        copy = names.names_copy(names.words(table.name))
        return (not copy, naming.identity(column), len(table.columns), -table.index)

    return {key: max(ids, key=claim) for key, ids in together.items()}


def _same(inclusion: Inclusion) -> bool:
    """Whether the column is a key of another table, with the same values, that don't coincide by chance."""
    column, key = inclusion.column, inclusion.key
    everything = inclusion.filled == inclusion.matched == inclusion.distinct == inclusion.shared == key.distinct
    return everything and column.table != key.table and evidence.information(inclusion) >= TELLING
