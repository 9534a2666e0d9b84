"""References: values that point at nothing, next to one key that exists."""

from __future__ import annotations

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.typos import one_slip
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.tables import Tables

SURE = 0.5
"""Confidence from which a foreign key is believed."""

KEYS = 20_000
"""Keys that a reference is compared with; larger tables are left alone."""

ORPHANS = 0.2
"""Share of distinct references that may point at nothing: with more, it is no reference."""


def plan(values: Values, tables: Tables, analysis: SchemaAnalysis) -> None:
    """Plan references that are one slip of the hand away from one key."""
    table = values.table
    for key in analysis.foreign_keys:
        if key.table != table.name or len(key.columns) != 1 or key.confidence < SURE or not key.orphans:
            continue
        parent = next(t for t in tables if t.name == key.ref_table)
        column = table.column(key.columns[0])
        target = duck.col(parent.column(key.ref_columns[0]))
        keys = {
            v
            for (v,) in values.ask(
                f"SELECT DISTINCT {target} FROM {duck.scan(parent)} WHERE {target} IS NOT NULL LIMIT {KEYS + 1}"
            )
        }
        held = [
            v
            for (v,) in values.ask(
                f"SELECT DISTINCT value FROM {{values}} WHERE position = {column.position} AND value IS NOT NULL "
                f"ORDER BY value LIMIT {KEYS + 1}"
            )
        ]
        orphans = [v for v in held if v not in keys]
        if max(len(keys), len(held)) > KEYS or len(orphans) > ORPHANS * len(held):
            continue
        values.offer_list("reference.typo", column.position, one_slip(orphans, sorted(keys)))
