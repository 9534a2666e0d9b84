"""Samples: the few changed cells and rejected rows that a page shows, picked by query from the full logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import PatchLog
from discovery_pipeline.engine.validation.model import Verdict

_EACH = 3
_REASONS = 25


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change: the same value to the same value, so many times."""

    table: str
    column: str
    before: str | None
    after: str | None
    count: int


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
    """Rows of one target that share a reason, whatever the value in it."""

    target: str
    reason: str
    count: int
    examples: tuple[RejectedExample, ...]


def rules(con: duckdb.DuckDBPyConnection, log: PatchLog) -> tuple[RuleSample, ...]:
    """Every rule of the log, the most frequent first, each with its most frequent changes."""
    if not log.count:
        return ()
    # Different values come first: three times the same correction in another column teaches nothing.
    rows = con.execute(
        f"""
        WITH kinds AS (
            SELECT rule, "table", "column", before, after, count(*) AS n,
                   min(tier) AS tier, min(reason) AS reason
            FROM {_parquet(log.path)} GROUP BY ALL
        ), ranked AS (
            SELECT *, row_number() OVER (PARTITION BY rule ORDER BY n DESC, "table", "column", before, after) AS place
            FROM kinds
        )
        SELECT rule, min(tier), arg_min(reason, place), sum(n)::BIGINT AS n, list_sort(list(DISTINCT "column")),
               list({{'table': "table", 'column': "column", 'before': before, 'after': after, 'count': n}}
                    ORDER BY place) FILTER (place <= {_EACH})
        FROM ranked GROUP BY rule ORDER BY n DESC, rule
        """
    ).fetchall()
    return tuple(
        RuleSample(rule, tier, reason or "", count, tuple(columns), tuple(Change(**change) for change in changes))
        for rule, tier, reason, count, columns, changes in rows
    )


def rejections(con: duckdb.DuckDBPyConnection, verdicts: Sequence[Verdict]) -> tuple[Rejection, ...]:
    """Why rows were rejected, by target, the most frequent reason first. A row with two reasons counts in both."""
    told = []
    for verdict in verdicts:
        if not verdict.rows_rejected:
            continue
        rows = con.execute(
            f"""
            WITH told AS (
                SELECT file, line, unnest(string_split(reasons, '; ')) AS reason FROM {_parquet(verdict.rejected)}
            ), alike AS (
                SELECT *, regexp_replace(reason, '''[^'']*''|"[^"]*"|\\b[0-9][0-9.,]*\\b', '…', 'g') AS kind FROM told
            )
            SELECT arg_min(reason, line), kind, count(*) AS n,
                   arg_min({{'file': file, 'line': line, 'reason': reason}}, line, {_EACH})
            FROM alike GROUP BY kind ORDER BY n DESC, kind LIMIT {_REASONS}
            """
        ).fetchall()
        told += [
            Rejection(
                verdict.target, reason if count == 1 else kind, count, tuple(RejectedExample(**e) for e in examples)
            )
            for reason, kind, count, examples in rows
        ]
    return tuple(told)


def rejected_rows(con: duckdb.DuckDBPyConnection, verdicts: Sequence[Verdict]) -> int:
    """Source rows that at least one target rejects; a row that two reject is one row to correct."""
    logs = [f'SELECT "table", "row" FROM {_parquet(v.rejected)}' for v in verdicts if v.rows_rejected]
    if not logs:
        return 0
    return (con.execute(f"SELECT count(*) FROM ({' UNION '.join(logs)})").fetchone() or (0,))[0]


def _parquet(path: Path) -> str:
    return f"read_parquet({duck.text(str(path))})"
