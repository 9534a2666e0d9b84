"""Samples: the few changed cells and rejected rows that a page shows, picked by query from the full logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import PatchLog
from discovery_pipeline.engine.risk.outcomes import Outcome, repeated, unmapped

_EACH = 3
_REASONS = 25


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


@dataclass(frozen=True, slots=True)
class RejectedExample:
    """One rejected row: where it stands and what was said of it."""

    file: str
    line: int
    reason: str


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
    # Different values come first: three times the same correction in another column teaches nothing.
    rows = con.execute(
        f"""
        WITH kinds AS (
            SELECT rule, before, after, count(*) AS n, min(tier) AS tier, min(reason) AS reason,
                   list(DISTINCT ["table", "column"]) AS places
            FROM {_parquet(log.path)} GROUP BY rule, before, after
        ), ranked AS (
            SELECT *, row_number() OVER (PARTITION BY rule ORDER BY n DESC, before, after) AS place FROM kinds
        )
        SELECT rule, min(tier), arg_min(reason, place), sum(n)::BIGINT AS n,
               list_sort(list_distinct(flatten(list(list_transform(places, lambda p: p[2]))))),
               list({{'before': before, 'after': after, 'count': n, 'places': places}} ORDER BY place)
                    FILTER (place <= {_EACH})
        FROM ranked GROUP BY rule ORDER BY n DESC, rule
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
    rows = con.execute(
        f"""
        WITH told AS (
            SELECT target, "table", "row", file, line, unnest(string_split(reasons, '; ')) AS reason FROM ({logs})
        ), alike AS (
            SELECT *, regexp_replace(reason, '"[^"]*"|\\b[0-9][0-9.,]*\\b', '…', 'g') AS kind FROM told
        ), once AS (
            SELECT kind, file, line, min(reason) AS reason, list(DISTINCT target) AS targets
            FROM alike GROUP BY kind, "table", "row", file, line
        )
        SELECT kind, count(*) AS n, list_sort(list_distinct(flatten(list(targets)))),
               arg_min({{'file': file, 'line': line, 'reason': reason}}, line, {_EACH})
        FROM once GROUP BY kind ORDER BY n DESC, kind LIMIT {_REASONS}
        """
    ).fetchall()
    return tuple(
        Rejection(kind, count, tuple(targets), tuple(RejectedExample(**example) for example in examples))
        for kind, count, targets, examples in rows
    )


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
        f'SELECT target, "table", "row", file, line, reasons FROM {_parquet(end.verdict.rejected)}'
        + (f" WHERE NOT {unmapped('reasons')}" if end.elsewhere else "")
        for end in ends
        if end.verdict.rows_rejected
    )


def _parquet(path: Path) -> str:
    return f"read_parquet({duck.text(str(path))})"
