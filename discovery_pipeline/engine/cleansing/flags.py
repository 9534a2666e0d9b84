"""Flags: a yes-or-no column beside an amount of the same thing says yes where there is an amount."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.catalogue import planned

if TYPE_CHECKING:
    from discovery_pipeline.engine.cleansing.draft import Draft
    from discovery_pipeline.engine.cleansing.model import PlannedRule
    from discovery_pipeline.engine.tables import Column

RULE = "dependency.flag"

ROWS = 50
"""Rows with an amount below which their flags say nothing."""

FLAGGED = 0.95
"""Share of rows with an amount whose flag must say so."""


def plan(draft: Draft, changed: set[str]) -> list[PlannedRule]:
    """Yes-or-no columns next to an amount of the same thing: where there is an amount, the flag says so."""
    table = draft.table
    namesakes = _namesakes(table.columns)
    kin = {position for several in namesakes.values() for position in several}
    amounts = _amounts(draft, [column for column in table.columns if column.position in kin])
    pairs = [
        (flag, table.columns[amount])
        for flag in table.columns
        for amount in sorted(namesakes.get(flag.position, set()) & amounts)
        if {flag.name, table.columns[amount].name} & changed
    ]
    return [
        planned(RULE, table.name, flag.name, (amount.name,)) for flag, amount in pairs if _flags(draft, flag, amount)
    ]


def _namesakes(columns: Sequence[Column]) -> dict[int, set[int]]:
    """For each column the others that share a word of its header, all by position."""
    words = {column.position: _words(column.name) for column in columns}
    of: defaultdict[str, set[int]] = defaultdict(set)
    for position, some in words.items():
        for word in some:
            of[word].add(position)
    found = {position: set().union(*(of[word] for word in some)) - {position} for position, some in words.items()}
    return {position: others for position, others in found.items() if others}


def _amounts(draft: Draft, columns: Sequence[Column]) -> set[int]:
    """The positions of those columns that hold enough amounts and zeros for a flag to tell them apart."""
    found: set[int] = set()
    for cells in draft.cells(columns):
        rows = draft.con.execute(f"""
            SELECT position FROM {cells} GROUP BY position
            HAVING count(*) FILTER (sign(try_cast(value AS DOUBLE)) > 0) >= {ROWS}
                AND count(*) FILTER (sign(try_cast(value AS DOUBLE)) = 0) > 0""").fetchall()
        found |= {position for (position,) in rows}
    return found


def _words(header: str) -> set[str]:
    return {w.lower() for w in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", header) if len(w) > 2}


def _flags(draft: Draft, flag: Column, amount: Column) -> bool:
    found = draft.con.execute(
        f"""
        SELECT count(DISTINCT f), max(n) FILTER (x > 0),
            arg_max(f, (n, f)) FILTER (x > 0) <> arg_max(f, (n, f)) FILTER (x = 0),
            bool_or(x IS NULL OR x < 0), sum(n) FILTER (x > 0)
        FROM (
            SELECT {duck.col(flag)} AS f, sign(try_cast({duck.col(amount)} AS DOUBLE)) AS x, count(*) AS n
            FROM {draft.rows([flag, amount])} WHERE {duck.col(flag)} IS NOT NULL AND {duck.col(amount)} IS NOT NULL
            GROUP BY ALL
        )"""
    ).fetchall()[0]
    words, said, apart, other, amounts = found
    return bool(words == 2 and not other and apart and amounts >= ROWS and said >= FLAGGED * amounts)


def changes(draft: Draft, flag: Column, amount: Column) -> str:
    """Flags of rows with an amount, with what nearly all of these rows say: `__row`, `before`, `after`."""
    f, x = f"r.{duck.col(flag)}", f"try_cast(r.{duck.col(amount)} AS DOUBLE)"
    rows = draft.rows([flag, amount])
    return f"""
        SELECT r.__row, {f} AS before, g.said AS after
        FROM {rows} r, (SELECT mode({f}) AS said FROM {rows} r WHERE {x} > 0) g
        WHERE {x} > 0 AND {f} IS NOT NULL"""
