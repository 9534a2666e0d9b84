"""Reverting: cells given back what they held before, from the log alone."""

from __future__ import annotations

from pathlib import Path

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing import log
from discovery_pipeline.engine.cleansing.applying import write
from discovery_pipeline.engine.cleansing.draft import drafted
from discovery_pipeline.engine.cleansing.model import PATCH_COLUMNS
from discovery_pipeline.engine.tables import Column, Table, Tables


def revert(  # noqa: PLR0913 - what to undo may be narrowed in three ways
    con: duckdb.DuckDBPyConnection,
    tables: Tables,
    patches: Path,
    into: Path,
    *,
    rule: str | None = None,
    cell: tuple[int, str] | None = None,
    table: str | None = None,
) -> Tables:
    """Undo a whole log, or the patches of one rule, one cell (row, column) or one table.

    Everything after an undone patch stays: where a later rule patched the cell again, its value is that rule's. A
    cell that holds a value the log doesn't know was edited since, and stays, too.
    """
    written = []
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE __reverted AS
        SELECT "table", "column", row, step, before, after, {_chosen(rule, cell)} AS undone
        FROM {log.relation(patches)}"""
    )
    for number, one in enumerate(tables):
        with drafted(con, one) as draft:
            if table is None or one.name == table:
                for column in _patched(con, one):
                    con.execute(f"INSERT INTO {draft.log} BY NAME ({_given_back(one, column)})")
                    draft.moved(column)
            written.append(write(con, draft, into / f"{number:03d}.parquet"))
    con.execute("DROP TABLE __reverted")
    return tuple(written)


def left(  # noqa: PLR0913 - what was undone may be narrowed in three ways
    con: duckdb.DuckDBPyConnection,
    patches: Path,
    into: Path,
    *,
    rule: str | None = None,
    cell: tuple[int, str] | None = None,
    table: str | None = None,
) -> Path:
    """The log after `revert` with the same choice: what is still in force, each patch on what is now before it.

    Whoever undoes step by step goes on with this log; the old one can't know what was undone already. A patch stays
    in it even where it changes nothing any more: it would, were the one before it undone.
    """
    columns = ", ".join(map(duck.name, PATCH_COLUMNS))
    mine = _chosen(rule, cell) + ("" if table is None else f' AND "table" = {duck.text(table)}')
    # Null is a value here and travels wrapped.
    path = into / "left.parquet"
    duck.write(
        con,
        f"""
        SELECT {columns} FROM (
            SELECT * REPLACE (
                coalesce(
                    lag({{'v': after}}) OVER (PARTITION BY "table", "column", row ORDER BY step), {{'v': source}}
                ).v AS before
            )
            FROM (
                SELECT *, first_value(before) OVER (PARTITION BY "table", "column", row ORDER BY step) AS source
                FROM {log.relation(patches)}
            ) WHERE NOT ({mine})
        ) ORDER BY step""",
        path,
    )
    return path


def _chosen(rule: str | None, cell: tuple[int, str] | None) -> str:
    tests = ["true"]
    if rule is not None:
        tests.append(f"rule = {duck.text(rule)}")
    if cell is not None:
        tests.append(f'row = {int(cell[0])} AND "column" = {duck.text(cell[1])}')
    return f"({' AND '.join(tests)})"


def _patched(con: duckdb.DuckDBPyConnection, table: Table) -> list[Column]:
    mine = f'SELECT "column", undone FROM __reverted WHERE "table" = {duck.text(table.name)}'
    found = con.execute(f'SELECT "column" FROM ({mine}) GROUP BY "column" HAVING bool_or(undone)').fetchall()
    names = {name for (name,) in found}
    return [c for c in table.columns if c.name in names]


def _given_back(table: Table, column: Column) -> str:
    """A query of the column's cells that change, as a draft logs them.

    The value a cell holds says which of its patches are in force: those up to the last one that wrote it. Taken out
    of these, what was chosen leaves the last other patch's value, or the source's.
    """
    key = duck.col(column)
    return f"""
        SELECT row, {column.position} AS position, 0 AS step, 0 AS rule, NULL AS before,
            CASE WHEN kept IS NULL THEN source.v ELSE kept.v END AS after
        FROM (
            SELECT row, arg_min({{'v': before}}, step) AS source, bool_or(undone) AS undone,
                arg_max({{'v': after}}, step) FILTER (NOT undone) AS kept
            FROM (
                SELECT p.*, max(step) FILTER (after IS NOT DISTINCT FROM s.{key}) OVER (PARTITION BY row) AS newest
                FROM (
                    FROM __reverted WHERE "table" = {duck.text(table.name)} AND "column" = {duck.text(column.name)}
                ) p JOIN {duck.scan(table)} s ON s.file_row_number = p.row
            ) WHERE step <= newest GROUP BY row
        ) WHERE undone"""
