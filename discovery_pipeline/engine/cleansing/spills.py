"""Spills: the end of a cell that belongs in the next column, which is empty in that row."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.catalogue import planned

if TYPE_CHECKING:
    from discovery_pipeline.engine.cleansing.draft import Draft
    from discovery_pipeline.engine.cleansing.model import PlannedRule
    from discovery_pipeline.engine.tables import Column

RULE = "cell.spilled"

SPILLED = 0.3
"""Share of the empty cells that the neighbour must explain."""


def plan(draft: Draft, changed: set[str]) -> list[PlannedRule]:
    """Pairs of columns where the end of one fills the other, which is empty just there."""
    pairs = [(whole, end) for whole, end in pairwise(draft.table.columns) if {whole.name, end.name} & changed]
    rules = []
    for (whole, end), empty in zip(pairs, _empty(draft, [end for _, end in pairs]), strict=True):
        least = max(2, SPILLED * empty)
        if empty >= least and draft.number(changes(draft, whole, end, "end")) >= least:
            rules.append(planned(RULE, draft.table.name, whole.name, (end.name,)))
    return rules


def _empty(draft: Draft, columns: list[Column]) -> tuple[int, ...]:
    """How many cells of each of these columns are empty."""
    found: list[int] = []
    for some in draft.batches(columns):
        counts = ", ".join(f"count(*) - count({duck.col(c)})" for c in some)
        found += draft.con.execute(f"SELECT {counts} FROM {draft.rows(some)}").fetchall()[0]
    return tuple(found)


def changes(draft: Draft, whole: Column, end: Column, part: Literal["start", "end"]) -> str:
    """Rows whose `whole` ends in a word that stands often in `end`, while theirs is empty: `__row`, `before`, `after`.

    `part` says which of the two columns: what stays in `whole` is its start, what `end` gets is its end.
    """
    left, right = duck.col(whole), duck.col(end)
    before, after = (left, "__start") if part == "start" else (right, "__end")
    return f"""
        SELECT __row, {before} AS before, {after} AS after FROM (
            SELECT __row, {left}, {right}, regexp_extract({left}, '^(.*\\S)[\\s,;/|]+(\\S+)$', 1) AS __start,
                regexp_extract({left}, '^(.*\\S)[\\s,;/|]+(\\S+)$', 2) AS __end
            FROM {draft.rows([whole, end])} WHERE {right} IS NULL AND {left} IS NOT NULL
        ) WHERE __start <> '' AND __end IN (
            SELECT {right} FROM {draft.now(end)} WHERE {right} IS NOT NULL AND regexp_matches({right}, '\\pL')
            GROUP BY {right} HAVING count(*) >= 2
        )"""
