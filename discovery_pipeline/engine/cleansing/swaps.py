"""Swapped cells: rows in which each of two columns holds what belongs in the other.

A cell that is strange in its column proves nothing. Two that are strange in their own columns and at home in each
other's leave one reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.catalogue import planned

if TYPE_CHECKING:
    from discovery_pipeline.engine.cleansing.draft import Draft
    from discovery_pipeline.engine.cleansing.model import PlannedRule
    from discovery_pipeline.engine.tables import Column

RULE = "cells.swapped"

ROWS = 50
"""Rows below which a column has no vocabulary."""

WORDS = 200
"""Distinct values up to which a column can be a vocabulary; a few stray ones come on top."""

HOME = 5
"""Cells from which a value is at home in a column."""

STRANGE = 0.05
"""How many cells a value may have where it is strange, over those where it is at home."""


def plan(draft: Draft, changed: set[str]) -> list[PlannedRule]:
    """Pairs of columns with swapped cells, at least two rows of them."""
    table = draft.table
    if table.row_count < ROWS:
        return []
    pairs = [(a, b) for a, b in _strange_to_each_other(draft) if {a.name, b.name} & changed]
    return [planned(RULE, table.name, a.name, (b.name,)) for a, b in pairs if draft.number(changes(draft, a, b)) >= 2]


def _strange_to_each_other(draft: Draft) -> list[tuple[Column, Column]]:
    """Pairs of columns of few values, each with a value that is strange there and at home in the other."""
    columns = draft.table.columns
    draft.con.execute("CREATE OR REPLACE TEMP TABLE __words (position INTEGER, value VARCHAR, cells BIGINT)")
    for cells in draft.cells(columns):
        draft.con.execute(f"""
            INSERT INTO __words
            FROM (SELECT position, value, count(*) AS cells FROM {cells} WHERE value IS NOT NULL GROUP BY ALL)
            QUALIFY count(*) OVER (PARTITION BY position) BETWEEN 2 AND {WORDS}""")
    found = draft.con.execute(f"""
        WITH strange AS (
            SELECT DISTINCT s.position AS here, h.position AS there FROM __words s JOIN __words h ON s.value = h.value
            WHERE h.cells >= {HOME} AND s.cells <= {STRANGE} * h.cells
        )
        SELECT a.here, a.there FROM strange a JOIN strange b ON a.here = b.there AND a.there = b.here
        WHERE a.here < a.there ORDER BY ALL""").fetchall()
    draft.con.execute("DROP TABLE __words")
    return [(columns[here], columns[there]) for here, there in found]


def changes(draft: Draft, column: Column, other: Column) -> str:
    """The cells of `column` that stand in `other` by mistake, and the other way round: `__row`, `before`, `after`."""
    key, across = duck.col(column), duck.col(other)
    return f"""
        WITH __pairs AS MATERIALIZED (SELECT * FROM {draft.rows([column, other])}),
        counted AS (
            SELECT value, count(*) FILTER (here) AS here, count(*) FILTER (NOT here) AS there
            FROM (
                SELECT {key} AS value, true AS here FROM __pairs UNION ALL SELECT {across}, false FROM __pairs
            ) WHERE value IS NOT NULL GROUP BY value
        )
        SELECT p.__row, p.{key} AS before, p.{across} AS after FROM __pairs p
        JOIN counted a ON a.value = p.{key} JOIN counted b ON b.value = p.{across}
        WHERE a.there >= {HOME} AND a.here <= {STRANGE} * a.there
            AND b.here >= {HOME} AND b.there <= {STRANGE} * b.here"""
