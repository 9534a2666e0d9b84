"""Patch logs: Parquet for machines, CSV for people.

A spreadsheet runs a cell that starts like a formula. In CSV such a value gets an apostrophe in front, and one that
already looks so gets one more: reading takes exactly one away, and the log is what it was.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import PATCH_COLUMNS
from discovery_pipeline.errors import InputRefused

# Plain numbers and lone marks are no formulas: "-5" and "-" stay readable.
_FORMULA = r"^'*([=@\t\r]|[+-])"
_HARMLESS = r"^'*([+-]?[\d.,]+([eE][+-]?\d+)?%?|[+-]+)$"
_TEXTS = ("table", "column", "before", "after", "reason")


def inert(expression: str) -> str:
    """A DuckDB expression of the text that a spreadsheet won't run."""
    return f"CASE WHEN {_dangerous(expression)} THEN '''' || {expression} ELSE {expression} END"


def restored(expression: str) -> str:
    """A DuckDB expression of the text as it was before `inert`."""
    return (
        f"CASE WHEN starts_with({expression}, '''') AND {_dangerous(expression)} "
        f"THEN {expression}[2:] ELSE {expression} END"
    )


def _dangerous(expression: str) -> str:
    formula, harmless = map(duck.text, (_FORMULA, _HARMLESS))
    return f"(regexp_matches({expression}, {formula}) AND NOT regexp_matches({expression}, {harmless}))"


def relation(patches: Path) -> str:
    """A FROM item over a patch log, CSV or Parquet, with PATCH_COLUMNS and `step`: the place in the log."""
    if patches.suffix.lower() != ".csv":
        return f"(SELECT *, file_row_number AS step FROM {duck.numbered(patches)})"
    types = {name: "VARCHAR" for name in PATCH_COLUMNS} | {"row": "BIGINT", "confidence": "DOUBLE"}
    columns = ", ".join(f"{duck.text(n)}: {duck.text(t)}" for n, t in types.items())
    chosen = ", ".join(
        f"{restored(duck.name(n))} AS {duck.name(n)}" if n in _TEXTS else duck.name(n) for n in PATCH_COLUMNS
    )
    return (
        f"(SELECT {chosen}, row_number() OVER () - 1 AS step FROM read_csv({duck.text(str(patches))}, header=true, "
        f"delim=',', quote='\"', escape='\"', auto_detect=false, nullstr='', max_line_size=100000000, "
        f"columns={{{columns}}}))"
    )


@dataclass(frozen=True, slots=True)
class Line:
    """What one rule changed, over all columns."""

    rule: str
    tier: str
    cells: int
    columns: tuple[str, ...]
    example: str


def summary(con: duckdb.DuckDBPyConnection, patches: Path) -> list[Line]:
    """A line a rule, the most active first."""
    found = con.execute(
        f"""
        SELECT rule, tier, count(*), list(DISTINCT "column" ORDER BY "column"),
            arg_min(coalesce(before, '∅') || ' → ' || coalesce(after, '∅'), step)
        FROM {relation(patches)} GROUP BY rule, tier ORDER BY 3 DESC, rule"""
    ).fetchall()
    return [Line(rule, tier, cells, tuple(columns), example) for rule, tier, cells, columns, example in found]


def tables_of(con: duckdb.DuckDBPyConnection, patches: Path) -> list[str]:
    """The tables that a log speaks of. Raises InputRefused where the file is no log."""
    if set(PATCH_COLUMNS) - set(_columns(con, patches)):
        raise InputRefused(str(patches), "it is no log of changes.", "Give the file that --patches wrote.")
    return [name for (name,) in con.execute(f'SELECT DISTINCT "table" FROM {relation(patches)} ORDER BY 1').fetchall()]


def _columns(con: duckdb.DuckDBPyConnection, patches: Path) -> list[str]:
    """The columns of a file that may be a log; none where it can't be read."""
    if patches.suffix.lower() == ".csv":
        with patches.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            return next(csv.reader([stream.readline(1000)]), [])
    try:
        return [name for name, *_ in con.execute(f"DESCRIBE FROM {duck.parquet(patches)}").fetchall()]
    except duckdb.Error:
        return []


def export(con: duckdb.DuckDBPyConnection, patches: Path, out: Path) -> int:
    """Write a Parquet log for people as CSV, or as it is, by the ending of `out`; the number of patches."""
    columns = ", ".join(map(duck.name, PATCH_COLUMNS))
    source = duck.parquet(patches)
    if out.suffix.lower() != ".csv":
        return duck.write(con, f"SELECT {columns} FROM {source}", out)
    chosen = ", ".join(
        f"{inert(duck.name(n))} AS {duck.name(n)}" if n in _TEXTS else duck.name(n) for n in PATCH_COLUMNS
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(out.name + ".part")
    done = con.execute(
        f"COPY (SELECT {chosen} FROM {source}) TO {duck.text(str(draft))} (FORMAT csv, HEADER)"
    ).fetchone()
    draft.replace(out)
    return int(done[0]) if done else 0
