"""Samples: the few changed cells and rejected rows that a page shows, picked by query from the full logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import PatchLog
from discovery_pipeline.engine.risk.outcomes import Outcome, repeated, unmapped
from discovery_pipeline.engine.targets.schema import KNOWS_NONE, NOT_LISTED

_EACH = 3
_REASONS = 25
QUOTED = '"(?:[^"]|"")*"'
"""A value as reasons quote it: see `validation.values.quoted`."""
# What the target lists is told as it is; only values, and the lines of other rows, differ by row. Other numbers are
# part of a name ("Disk 1") or of what is asked.
_LISTED = f"""regexp_extract(reason, '^(?:[^"]|{QUOTED})*?((?:{KNOWS_NONE}|{NOT_LISTED}) .*)$', 1)"""
_VARYING = f"reason[:length(reason) - length({_LISTED})]"
_PLAIN = f"regexp_replace({_VARYING}, '{QUOTED}', '…', 'g')"
_KIND = f"regexp_replace({_PLAIN}, '\\bline [0-9]+', 'line …', 'g') || {_LISTED}"


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change: the same value to the same value, so many times."""

    before: str | None
    after: str | None
    count: int
    places: tuple[tuple[str, str], ...]  # table and column


@dataclass(frozen=True, slots=True)
class RuleSample:
    """What one cleansing rule changed."""

    rule: str
    tier: str
    reason: str
    count: int
    columns: tuple[str, ...]
    changes: tuple[Change, ...]


def place(file: str, table: str) -> str:
    """A file; with the table, where the file has several or another one has its name."""
    return file if PurePath(file).stem == table else f"{file}, {table}"


@dataclass(frozen=True, slots=True)
class RejectedExample:
    """One rejected row: where it stands and what was said of it."""

    file: str
    table: str
    line: int
    reason: str

    @property
    def place(self) -> str:
        """File and table, as people know them."""
        return place(self.file, self.table)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Rows that share a reason, whatever the value in it."""

    reason: str
    count: int
    targets: tuple[str, ...]
    examples: tuple[RejectedExample, ...]


def rules(con: duckdb.DuckDBPyConnection, log: PatchLog) -> tuple[RuleSample, ...]:
    """Every rule of the log, the most frequent first, each with its most frequent changes."""
    if not log.count:
        return ()
    # Different values come first: three times the same correction in another column teaches nothing. The places of a
    # change are looked up for the few that are shown; collecting them for all took most of the time.
    rank = "row(-n, before, after)"
    rows = con.execute(
        f"""
        WITH log AS (SELECT * FROM {duck.parquet(log.path)}),
        rules AS (
            SELECT rule, min(tier) AS tier, min(reason) AS reason, count(*) AS n,
                   list_sort(list(DISTINCT "column")) AS columns
            FROM log GROUP BY rule
        ),
        kinds AS (SELECT rule, before, after, count(*) AS n FROM log GROUP BY rule, before, after),
        best AS (
            SELECT rule, unnest(arg_min({{'before': before, 'after': after, 'n': n}}, {rank}, {_EACH})) AS c
            FROM kinds GROUP BY rule
        ),
        placed AS (
            SELECT best.rule AS rule, c.before AS before, c.after AS after, c.n AS n,
                   list(DISTINCT ["table", "column"]) AS places
            FROM best JOIN log ON log.rule = best.rule AND log.before IS NOT DISTINCT FROM c.before
                              AND log.after IS NOT DISTINCT FROM c.after
            GROUP BY ALL
        )
        SELECT rule, any_value(tier), any_value(reason), any_value(rules.n) AS cells, any_value(columns),
               list({{'before': before, 'after': after, 'count': placed.n, 'places': places}}
                    ORDER BY placed.n DESC, before, after)
        FROM rules JOIN placed USING (rule) GROUP BY rule ORDER BY cells DESC, rule
        """
    ).fetchall()
    return tuple(
        RuleSample(rule, tier, reason or "", count, tuple(columns), tuple(map(_change, changes)))
        for rule, tier, reason, count, columns, changes in rows
    )


def _change(found: dict[str, Any]) -> Change:
    return Change(found["before"], found["after"], found["count"], tuple((t, c) for t, c in found["places"]))


def rejections(con: duckdb.DuckDBPyConnection, ends: Sequence[Outcome]) -> tuple[Rejection, ...]:
    """Why rows were rejected, the most frequent reason first. A row counts once in each of its reasons."""
    logs = _logs(ends)
    if not logs:
        return ()
    # A row that two targets reject for the same reason is one row; one target needs no pass over rows for that.
    several = len({end.verdict.target for end in ends}) > 1
    rows = con.execute(
        f"""
        WITH told AS (
            SELECT target, "table", "row", file, line, unnest(string_split(reasons, '; ')) AS reason FROM ({logs})
        ), alike AS (
            SELECT *, {_KIND} AS kind FROM told
        )
        SELECT kind, {'count(DISTINCT hash("table", "row"))' if several else "count(*)"} AS n, list(DISTINCT target),
               arg_min({{'file': file, 'table': "table", 'line': line, 'reason': reason}}, line,
                       {_EACH * max(len(ends), 1)})
        FROM alike GROUP BY kind ORDER BY n DESC, kind LIMIT {_REASONS}
        """
    ).fetchall()
    return tuple(
        Rejection(
            kind,
            count,
            tuple(sorted(targets)),
            tuple(dict.fromkeys(RejectedExample(**example) for example in examples))[:_EACH],
        )
        for kind, count, targets, examples in rows
    )


def general(con: duckdb.DuckDBPyConnection, reason: str) -> str:
    """A reason as it is said of all rows that share it; what is said so already stays."""
    [(worded,)] = con.execute(f"SELECT {_KIND} FROM (SELECT ? AS reason)", [reason]).fetchall()
    return worded


def sharing(con: duckdb.DuckDBPyConnection, ends: Sequence[Outcome], reason: str) -> dict[str, list[int]]:
    """The rows that are rejected for that reason in its general wording: by table, in their order."""
    logs = _logs(ends)
    if not logs:
        return {}
    told = f"""SELECT "table", "row", unnest(string_split(reasons, '; ')) AS reason FROM ({logs})"""
    rows = con.execute(
        f'SELECT "table", list(DISTINCT "row" ORDER BY "row") FROM ({told}) WHERE {_KIND} = ? GROUP BY 1 ORDER BY 1',
        [reason],
    ).fetchall()
    return dict(rows)


def rows_to_correct(con: duckdb.DuckDBPyConnection, ends: Sequence[Outcome]) -> int:
    """Source rows that at least one target rejects for what is in them; a row that two reject counts once."""
    logs = _logs(ends)
    if not logs:
        return 0
    query = f'SELECT DISTINCT "table", "row" FROM ({logs}) WHERE NOT {repeated("reasons")}'
    counted = con.execute(f"SELECT count(*) FROM ({query})").fetchone()
    return counted[0] if counted else 0


def _logs(ends: Sequence[Outcome]) -> str:
    """All rejected rows that were meant for their target."""
    return " UNION ALL ".join(
        f'SELECT target, "table", "row", file, line, reasons FROM {duck.parquet(end.verdict.rejected)}'
        + (f" WHERE NOT {unmapped('reasons')}" if end.elsewhere else "")
        for end in ends
        if end.verdict.rows_rejected
    )
