"""Flags: a yes-or-no column beside an amount of the same thing says yes where there is an amount."""

from __future__ import annotations

import re
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
    columns = draft.table.columns
    pairs = [
        (flag, amount)
        for flag in columns
        for amount in columns
        if flag is not amount and {flag.name, amount.name} & changed and _words(flag.name) & _words(amount.name)
    ]
    return [
        planned(RULE, draft.table.name, flag.name, (amount.name,))
        for flag, amount in pairs
        if _flags(draft, flag, amount)
    ]


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
