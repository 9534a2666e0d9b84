"""Reports: rows in which several sources tell of the same thing, and don't agree.

Where a column names who reported a row, each source tells of a thing once, and most of them tell the same, the thing
has one truth, and sources are right more or less often. Both are estimated in turns, as Dong, Berti-Équille and
Srivastava do (Integrating Conflicting Data: The Role of Source Dependence, PVLDB 2009, the model without copying): a
source counts by how often it agrees with what all of them say together.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.catalogue import planned

if TYPE_CHECKING:
    from discovery_pipeline.engine.cleansing.draft import Draft
    from discovery_pipeline.engine.cleansing.model import PlannedRule
    from discovery_pipeline.engine.tables import Column

RULE = "reports.majority"

SOURCE = re.compile(
    r"(?i)(^|[\W_])(src|source|sources|provider|reporter|reported[\W_]?by|feed|scanner|tool|crawler|publisher|"
    r"discovery[\W_]?source|data[\W_]?source|website)([\W_]|name|$)"
)
"""Headers of columns that may name who reported a row."""

LEAST = 3
"""Sources that must tell of a thing before it is looked at; as many there must be, on average."""
ONCE = 0.95
"""Share of rows that are the only one of their thing and source."""
AGREED = 0.5
"""Share of a thing's reports from which the most frequent one is what they say."""
DETERMINED = 0.75
"""Share of the things of which the reports must say something."""
BEYOND_CHANCE = 0.3
"""How much more often reports on a thing agree than reports on any two things."""
SURE = 0.9
"""Probability of a value from which others are mended by it."""
TOUCHED = 0.5
"""Share of a column's cells from which so many are mended that there is no saying who is right."""
ROUNDS = 5
FALSE_VALUES = 10
"""Ways to be wrong that are thought possible: two sources seldom make the same mistake."""


def plan(draft: Draft) -> list[PlannedRule]:
    """A rule for each column on which sources tell of the same things, with thing and source as what is given.

    Once a table: when the sources agree, what they tell of a thing names it as well as its own name does.
    """
    if any(rule.rule == RULE for rule in draft.rules):
        return []
    for source in (c for c in draft.table.columns if SOURCE.search(c.name)):
        for thing in _things(draft, source):
            if told := _agreed_on(draft, thing, source):
                names = [thing.name, source.name, *(c.name for c in told)]
                return [
                    planned(RULE, draft.table.name, column.name, tuple(n for n in names if n != column.name))
                    for column in told
                ]
    return []


def changes(draft: Draft, column: Column, given: list[Column]) -> str:
    """The cells that differ from what the sources say together: a query of `__row`, `before`, `after`."""
    thing, source, *others = given
    _estimate(draft, thing, source, [column, *others])
    return f"""
        SELECT c.__row, c.v AS before, t.v AS after
        FROM __claims c JOIN __truths t ON c.c = t.c AND c.e = t.e
        WHERE c.c = {column.position} AND c.v IS DISTINCT FROM t.v AND t.sure >= {SURE} AND t.told >= 2
            AND t.sources >= {LEAST}"""


def _things(draft: Draft, source: Column) -> list[Column]:
    """Columns that name what a source tells of, at most once each; the ones with the largest groups first."""
    others = [c for c in draft.table.columns if c is not source]
    s, rows = duck.col(source), draft.table.row_count
    sized = []
    for some in draft.batches(others):
        counts = ", ".join(
            f"count(DISTINCT {duck.col(c)}), count(DISTINCT ({duck.col(c)}, {s})) FILTER ({duck.col(c)} IS NOT NULL), "
            f"count({duck.col(c)})"
            for c in some
        )
        found = draft.con.execute(
            f"SELECT count(DISTINCT {s}), {counts} FROM {draft.rows([source, *some])} WHERE {s} IS NOT NULL"
        ).fetchall()[0]
        if not LEAST <= found[0] <= rows / LEAST:
            return []
        for n, column in enumerate(some):
            things, pairs, cells = found[1 + 3 * n : 4 + 3 * n]
            if cells >= ONCE * rows and pairs >= ONCE * cells and 2 <= things <= cells / LEAST:
                sized.append((things, column.position, column))
    return [column for *_, column in sorted(sized)]


def _agreed_on(draft: Draft, thing: Column, source: Column) -> list[Column]:
    """Columns on which most sources agree, thing by thing, and much more than by chance."""
    others = [c for c in draft.table.columns if c not in (thing, source)]
    return [c for some in draft.batches(others) for c in _told(draft, thing, some)]


def _told(draft: Draft, thing: Column, others: list[Column]) -> list[Column]:
    named = ", ".join(f"{duck.col(c)} AS c{c.position}" for c in others)
    found = draft.con.execute(f"""
        WITH cells AS (
            FROM (SELECT {duck.col(thing)} AS e, {named} FROM {draft.rows([thing, *others])})
            UNPIVOT (v FOR c IN ({", ".join(f"c{c.position}" for c in others)}))
        ),
        counts AS (SELECT c, e, v, count(*) AS n FROM cells WHERE e IS NOT NULL GROUP BY ALL),
        things AS (SELECT c, e, sum(n) AS size, max(n) AS most FROM counts GROUP BY c, e HAVING sum(n) >= {LEAST}),
        chance AS (
            SELECT c, sum(n * n) / (sum(n) * sum(n)) AS p FROM (SELECT c, v, sum(n) AS n FROM counts GROUP BY c, v)
            GROUP BY c
        )
        SELECT c FROM things JOIN chance USING (c) GROUP BY c
        HAVING count(*) >= {LEAST} AND count(*) FILTER (most >= {AGREED} * size) >= {DETERMINED} * count(*)
            AND sum(most) / sum(size) - any_value(p) >= {BEYOND_CHANCE}""").fetchall()
    names = {name for (name,) in found}
    return [c for c in others if f"c{c.position}" in names]


def _estimate(draft: Draft, thing: Column, source: Column, columns: list[Column]) -> None:
    """Leave `__claims` (row, column, thing, source, value) and `__truths` (value, how sure, how often told)."""
    draft.con.execute(
        "CREATE OR REPLACE TEMP TABLE __claims (__row BIGINT, e VARCHAR, s VARCHAR, c INTEGER, v VARCHAR)"
    )
    for some in draft.batches(columns):
        named = ", ".join(f"{duck.col(c)} AS c{c.position}" for c in some)
        draft.con.execute(f"""
            INSERT INTO __claims SELECT __row, e, s, substr(c, 2)::INTEGER AS c, v
            FROM (
                SELECT __row, {duck.col(thing)} AS e, {duck.col(source)} AS s, {named}
                FROM {draft.rows([thing, source, *some])}
            ) UNPIVOT INCLUDE NULLS (v FOR c IN ({", ".join(f"c{c.position}" for c in some)}))
            WHERE e IS NOT NULL AND s IS NOT NULL""")
    draft.con.execute("CREATE OR REPLACE TEMP TABLE __weights AS SELECT DISTINCT s, 1.0::DOUBLE AS w FROM __claims")
    for _ in range(ROUNDS):
        draft.con.execute("""
            CREATE OR REPLACE TEMP TABLE __truths AS
            WITH votes AS (
                SELECT c, e, v, sum(w::DECIMAL(18, 9)) AS score, count(*) AS n
                FROM __claims JOIN __weights USING (s) WHERE v IS NOT NULL GROUP BY c, e, v
            ),
            best AS (
                SELECT *, max(score) OVER one AS top, sum(n) OVER one AS sources FROM votes
                WINDOW one AS (PARTITION BY c, e)
            )
            SELECT c, e, arg_max(v, (score, v)) AS v, 1 / sum(exp(score - top)::DECIMAL(18, 9)) AS sure,
                arg_max(n, (score, v)) AS told,
                any_value(sources) AS sources
            FROM best GROUP BY c, e""")
        draft.con.execute(f"""
            CREATE OR REPLACE TEMP TABLE __weights AS
            SELECT s, greatest(0.05, ln(right_ * {FALSE_VALUES} / (1 - right_))) AS w
            FROM (
                SELECT s, (count(*) FILTER (c.v = t.v) + 1) / (count(*) + 2) AS right_
                FROM __claims c JOIN __truths t ON c.c = t.c AND c.e = t.e AND t.sources >= {LEAST}
                WHERE c.v IS NOT NULL GROUP BY s
            )""")
