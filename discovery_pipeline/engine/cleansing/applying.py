"""Cleansing: the plan carried out, every change in the log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.decisions import Decisions, apply, decided
from discovery_pipeline.engine.cleansing.draft import Draft, drafted
from discovery_pipeline.engine.cleansing.model import PATCH_COLUMNS, Cleansed, CleansingPlan, PatchLog
from discovery_pipeline.engine.cleansing.review import suggested
from discovery_pipeline.engine.tables import LINE, Column, Table, Tables

LOG = "patches.parquet"
UNDECIDED = Decisions()


def cleanse(  # noqa: PLR0913 - what was planned, and what people made of it
    con: duckdb.DuckDBPyConnection,
    tables: Tables,
    plan: CleansingPlan,
    into: Path,
    tier: Literal["auto", "suggest"] = "auto",
    *,
    decisions: Decisions = UNDECIDED,
) -> Cleansed:
    """Carry out a plan: the same tables, rows and columns, with cells patched, and the log of all patches.

    Parameters
    ----------
    into
        Folder for the cleansed tables and `patches.parquet`.
    tier
        "auto" takes deterministic rules only; "suggest" takes statistical ones, too.
    decisions
        What people decided on rules, values and cells.
    """
    plan = decided(plan, decisions)
    taken = ("auto",) if tier == "auto" else ("auto", "suggest")
    cleansed, parts, stale = [], [], []
    for number, table in enumerate(tables):
        rules = [r for r in plan.rules if r.table == table.name and r.tier in taken]
        with drafted(con, table) as draft:
            draft.apply(rules)
            stale += apply(draft, decisions)
            part = into / f".patches_{number}.parquet"
            duck.write(con, _log(con, draft), part)
            parts.append(part)
            cleansed.append(write(con, draft, into / f"{number:03d}.parquet"))
    every = ", ".join(duck.text(str(p)) for p in parts)
    columns = ", ".join(map(duck.name, PATCH_COLUMNS))
    query = f"SELECT {columns} FROM read_parquet([{every}])" if parts else _EMPTY
    count = duck.write(con, query, into / LOG)
    for part in parts:
        part.unlink()
    by_rule = con.execute(
        f"SELECT rule, count(*) FROM {duck.parquet(into / LOG)} GROUP BY rule ORDER BY rule"
    ).fetchall()
    waiting = tuple(suggested(rule) for rule in plan.rules if rule.tier not in taken)
    return Cleansed(
        tables=tuple(cleansed),
        patches=PatchLog(path=into / LOG, count=count, by_rule=dict(by_rule)),
        findings=(*plan.findings, *waiting, *stale),
    )


TOGETHER = 12
"""Patched columns that are joined at once: DuckDB takes 10 MB and more for each join, however few its rows are."""

_EMPTY = (
    'SELECT NULL::VARCHAR AS "table", NULL::BIGINT AS row, NULL::VARCHAR AS "column", NULL::VARCHAR AS before, '
    "NULL::VARCHAR AS after, NULL::VARCHAR AS rule, NULL::VARCHAR AS tier, NULL::DOUBLE AS confidence, "
    "NULL::VARCHAR AS reason LIMIT 0"
)


def _log(con: duckdb.DuckDBPyConnection, draft: Draft) -> str:
    """A query of the draft's patches with what their rules say, in order of row, column and step."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE __rules AS SELECT unnest($1::INTEGER[]) AS rule, unnest($2::VARCHAR[]) AS id, "
        "unnest($3::VARCHAR[]) AS tier, unnest($4::DOUBLE[]) AS confidence, unnest($5::VARCHAR[]) AS reason",
        [
            list(range(len(draft.rules))),
            [r.rule for r in draft.rules],
            [r.tier for r in draft.rules],
            [r.confidence for r in draft.rules],
            [r.reason for r in draft.rules],
        ],
    )
    names = " ".join(f"WHEN {c.position} THEN {duck.text(c.name)}" for c in draft.table.columns)
    return (
        f'SELECT {duck.text(draft.table.name)} AS "table", row, CASE position {names} END AS "column", before, after, '
        f"r.id AS rule, tier, confidence, reason FROM {draft.log} p JOIN __rules r ON p.rule = r.rule "
        "ORDER BY row, position, step"
    )


def write(con: duckdb.DuckDBPyConnection, draft: Draft, path: Path) -> Table:
    """The draft as a table of its own: the same rows in the same order, patched."""
    columns = draft.table.columns
    touched = [column for column in columns if column.key in draft.touched]
    if len(touched) <= TOGETHER:
        _patch(con, draft, columns, path, also=(f"s.{LINE}",))
        return draft.table.model_copy(update={"path": path})
    parts: dict[str, Path] = {}
    of: dict[str, str] = {}  # of a patched column's key: the part that it stands in
    for at in range(0, len(touched), TOGETHER):
        some, name = touched[at : at + TOGETHER], f"p{at}"
        parts[name] = path.with_name(f"{path.name}.{name}")
        _patch(con, draft, some, parts[name])
        of |= {column.key: name for column in some}
    chosen = [f"{of.get(column.key, 's')}.{duck.col(column)}" for column in columns]
    beside = "".join(f" POSITIONAL JOIN {duck.parquet(part)} {name}" for name, part in parts.items())
    duck.write(con, f"SELECT {', '.join(chosen)}, s.{LINE} FROM {duck.scan(draft.table)} s{beside}", path)
    for part in parts.values():
        part.unlink()
    return draft.table.model_copy(update={"path": path})


def _patch(
    con: duckdb.DuckDBPyConnection, draft: Draft, columns: Sequence[Column], path: Path, also: Sequence[str] = ()
) -> None:
    """Write these columns as they stand now, in the order of the rows."""
    chosen, joins = [], []
    for column in columns:
        key = duck.col(column)
        if column.key not in draft.touched:
            chosen.append(f"s.{key}")
            continue
        name = f"__last_{column.position}"
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM {draft.last(column)}")
        chosen.append(f"CASE WHEN {name}.__row IS NULL THEN s.{key} ELSE {name}.__value END AS {key}")
        joins.append((name, f" LEFT JOIN {name} ON {name}.__row = s.file_row_number"))
    query = f"SELECT {', '.join((*chosen, *also))} FROM {duck.scan(draft.table)} s{''.join(j for _, j in joins)}"
    # A join on several threads loses the order of its rows.
    query += " ORDER BY s.file_row_number" if joins else ""
    duck.write(con, query, path)
    for name, _ in joins:
        con.execute(f"DROP TABLE {name}")
