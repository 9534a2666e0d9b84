"""Dependencies: a cell is mended to what other columns of its row decide.

A dependency votes only where it is one: its groups agree almost everywhere, far beyond chance, and what disagrees
is little. An ungated majority overwrites good data wholesale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.catalogue import planned
from discovery_pipeline.engine.cleansing.model import PlannedRule
from discovery_pipeline.engine.tables import Column

if TYPE_CHECKING:
    from discovery_pipeline.engine.cleansing.draft import Draft

RULE = "dependency.majority"

ROWS = 50
"""Rows below which agreement says nothing."""

AGREED = 0.8
"""Share of a group from which its most frequent value is what the group says."""

DETERMINED = 0.9
"""Share of the groups that must say something before the dependency is one."""

LIFT = 0.8
"""How much of the chance of being wrong the dependency must remove (Goodman and Kruskal's lambda)."""

TOUCHED = 0.1
"""Share of the grouped rows that may disagree; more is not dirt but another rule."""

SURPRISE = 12.0
"""Nats by which all groups together must beat chance."""

SUPPORT = 0.2
"""Share of a group's other rows that must hold a value to speak for it."""

KEYLIKE = 0.7
"""Distinct values over rows from which a column decides everything and says nothing."""

MOST_VOTERS = 8
"""Columns that vote on one cell: more say the same."""

COMMON_ROWS, COMMON, COMMON_LIFT = 5, 0.5, 4.0
"""Rows that must share a value, their share of the rows a rule changes, and how many times rarer it is in the table."""

SAMPLE = 20_000
"""Rows, in whole groups, on which a dependency is tried before all of them are read."""

ALONE = 3
"""Voters that must agree before a value is overwritten that can't be explained as a slip or a mix-up."""

MANY, NEAR = 300, 50
"""Columns of a table from which only pairs are tried that stand so near each other: all pairs would take hours."""

HOMES = 5
"""Values a column must have for one of them to be at home elsewhere: of two or three, each is."""

Strengths = dict[tuple[str, str], float | None]
"""For each pair of columns tried how much of the chance of being wrong it removes; None where it decides nothing."""


def plan(draft: Draft, tried: Strengths) -> list[PlannedRule]:
    """The columns that others decide, each with those that may vote.

    Parameters
    ----------
    tried
        What is known of pairs of columns already; filled with what is found out.
    """
    table = draft.table
    if table.row_count < ROWS:
        return []
    distinct = _distinct(draft)
    for left in table.columns:
        if not 2 <= distinct[left.name] <= KEYLIKE * table.row_count:
            continue
        most = 1.5 * distinct[left.name] + 20 + 0.05 * table.row_count
        rights = [
            right
            for right in _near(left, table.columns)
            if 2 <= distinct[right.name] <= most and (left.name, right.name) not in tried
        ]
        tried |= dict.fromkeys(((left.name, r.name) for r in rights), None)
        for some in draft.batches(rights):
            tried |= _decides(draft, left, some)
    return [
        planned(RULE, table.name, right.name, voters)
        for right in table.columns
        if (voters := _voters(right.name, tried))
    ]


def _near(left: Column, columns: tuple[Column, ...]) -> list[Column]:
    """The columns that `left` may decide."""
    around = columns if len(columns) <= MANY else columns[max(0, left.position - NEAR) : left.position + NEAR + 1]
    return [column for column in around if column is not left]


def _voters(right: str, tried: Strengths) -> tuple[str, ...]:
    strengths = sorted(
        (-lift, left) for (left, decided), lift in tried.items() if decided == right and lift is not None
    )
    return tuple(left for _, left in strengths[:MOST_VOTERS])


def _distinct(draft: Draft) -> dict[str, int]:
    """Distinct values by column, null among them."""
    found: dict[str, int] = {}
    for cells in draft.cells(draft.table.columns):
        counted = draft.con.execute(
            f"SELECT position, count(DISTINCT value) + bool_or(value IS NULL)::INT FROM {cells} GROUP BY position"
        ).fetchall()
        found |= {draft.table.columns[position].name: n for position, n in counted}
    return found


def _decides(draft: Draft, left: Column, rights: list[Column]) -> Strengths:
    """The columns that `left` decides: in nearly all of its groups nearly all rows agree, and not by chance."""
    key = duck.col(left)
    every = 1 + draft.table.row_count // SAMPLE
    others = ", ".join(f"{duck.col(r)} AS c{r.position}" for r in rights)
    found = draft.con.execute(
        f"""
        WITH cells AS (
            FROM (
                SELECT {key} AS a, {others} FROM {draft.rows([left, *rights])}
                WHERE {key} IS NOT NULL AND hash({key}) % {every} = 0
            ) UNPIVOT INCLUDE NULLS (b FOR c IN ({", ".join(f"c{r.position}" for r in rights)}))
        ),
        counts AS (SELECT c, a, b, count(*) AS n FROM cells GROUP BY ALL),
        groups AS (
            SELECT c, a, sum(n) AS size, max(n) AS most, arg_max({{'b': b}}, n).b AS said FROM counts GROUP BY c, a
        ),
        chance AS (SELECT c, b, sum(n) / sum(sum(n)) OVER (PARTITION BY c) AS p FROM counts GROUP BY c, b),
        told AS (
            SELECT g.c, size, most, most >= {AGREED} * size AS agreed, p, most / size AS share
            FROM groups g JOIN chance h ON g.c = h.c AND g.said IS NOT DISTINCT FROM h.b WHERE size >= 3
        )
        -- Decimals, whose sums are the same in any order: else chance would choose among columns that decide alike.
        SELECT c, sum((most - size * p)::DECIMAL(38, 9)) FILTER (agreed)
            / sum((size - size * p)::DECIMAL(38, 9)) FILTER (agreed) AS lift
        FROM told GROUP BY c
        HAVING count(*) >= 2 AND count(*) FILTER (agreed) >= {DETERMINED} * count(*)
            AND lift >= {LIFT}
            AND sum(size - most) FILTER (agreed) <= {TOUCHED} * sum(size) FILTER (agreed)
            AND sum(
                most * ln(share / p) + CASE WHEN share < 1 THEN (size - most) * ln((1 - share) / (1 - p)) ELSE 0 END
            ) FILTER (agreed AND share > p) >= {SURPRISE}"""
    ).fetchall()
    names = {f"c{r.position}": r.name for r in rights}
    return {(left.name, names[c]): lift for c, lift in found}


def changes(draft: Draft, column: Column, voters: list[Column]) -> str:
    """Cells that no other row supports, with the value on which the voting columns agree: `__row`, `before`, `after`.

    A cell doesn't vote for itself. Where one column alone speaks, the value must look like an error as well: empty,
    misspelt, or at home in another group. A value of its own that only differs is left: it may be a true exception.
    So are two values of which each says that the other is wrong.
    """
    key = duck.col(column)
    rows = draft.rows([column, *voters])
    votes = " UNION ALL ".join(
        f"""
        SELECT __row, said, most, n, decided AND differs AS against,
            decided AND differs AND n < other AND blames AS mutual,
            n > 1 AND n - 1 >= {SUPPORT} * (size - 1) AND NOT (decided AND differs) AS content
        FROM (
            SELECT r.__row, g.said, g.most, g.n, g.size, g.other, g.said IS DISTINCT FROM g.b AS differs,
                g.most >= 2 AND g.most >= {AGREED} * (g.size - 1) AND g.size >= 3 AS decided,
                g.other >= 2 AND g.other >= {AGREED} * (g.others - 1) AND g.others >= 3 AS blames
            FROM __cells r JOIN (
                SELECT a, b, n, sum(n) OVER (PARTITION BY a) AS size, max(n) OVER (PARTITION BY a) AS most,
                    sum(n) OVER (PARTITION BY b) AS others, max(n) OVER (PARTITION BY b) AS other,
                    first_value(b) OVER (PARTITION BY a ORDER BY n DESC, b NULLS LAST) AS said
                FROM (SELECT {duck.col(v)} AS a, {key} AS b, count(*) AS n FROM __cells GROUP BY ALL)
                WHERE a IS NOT NULL
            ) g ON r.{duck.col(v)} = g.a AND r.{key} IS NOT DISTINCT FROM g.b
        )"""
        for v in voters
    )
    return f"""
        WITH __cells AS MATERIALIZED (SELECT * FROM {rows}),
        votes AS (
            SELECT __row, arg_max(said, most) FILTER (against) AS after, count(*) FILTER (against) AS voters,
                max(n) AS inside, bool_or(mutual) AS mutual
            FROM ({votes}) GROUP BY __row
            HAVING bool_or(against) AND NOT bool_or(content)
                AND count(DISTINCT said) FILTER (against) = 1
                AND bool_and(said IS NOT NULL) FILTER (against)
        ),
        everywhere AS (SELECT {key} AS value, count(*) AS cells FROM __cells GROUP BY {key})
        SELECT v.__row, r.{key} AS before, v.after FROM votes v
        JOIN __cells r ON r.__row = v.__row LEFT JOIN everywhere e ON e.value = r.{key}
        WHERE v.voters >= {ALONE} OR r.{key} IS NULL
            OR (e.cells > v.inside
                AND (v.voters > 1 OR (NOT v.mutual AND (SELECT count(*) FROM everywhere) >= {HOMES})))
            OR (e.cells <= v.inside AND {_misspelt(f"r.{key}", "v.after")})"""


def _misspelt(value: str, other: str) -> str:
    """Whether a value looks like another with characters wrong; two numbers never do."""
    return (
        f"(damerau_levenshtein({value}, {other}) <= greatest(1, 0.4 * length({other})) "
        f"AND NOT (try_cast({value} AS DOUBLE) IS NOT NULL AND try_cast({other} AS DOUBLE) IS NOT NULL))"
    )


def systematic(draft: Draft, column: Column) -> bool:
    """Whether the rows of the last rule have something in common that other rows don't.

    Errors fall anywhere. Exceptions that share a value elsewhere in their rows follow a rule of their own, which a
    majority knows nothing of.
    """
    others = [c for c in draft.table.columns if c is not column]
    return any(_shared(draft, column, some) for some in draft.batches(others))


def _shared(draft: Draft, column: Column, others: list[Column]) -> bool:
    named = ", ".join(f"{duck.col(c)} AS c{c.position}" for c in others)
    found = draft.con.execute(
        f"""
        WITH hit AS (SELECT row FROM {draft.log} WHERE step = {len(draft.rules) - 1} AND position = {column.position}),
        cells AS (
            FROM (SELECT __row, {named} FROM {draft.rows(others)})
            UNPIVOT (value FOR name IN ({", ".join(f"c{c.position}" for c in others)}))
        ),
        shared AS (
            SELECT name, value, count(*) AS cells, count(*) FILTER (__row IN (FROM hit)) AS hits FROM cells GROUP BY ALL
        )
        SELECT 1 FROM shared, (SELECT count(*) AS all_hits FROM hit)
        WHERE hits >= {COMMON_ROWS} AND hits >= {COMMON} * all_hits
            AND hits / all_hits >= {COMMON_LIFT} * cells / {draft.table.row_count} LIMIT 1"""
    ).fetchall()
    return bool(found)
