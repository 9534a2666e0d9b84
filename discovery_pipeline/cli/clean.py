"""`discovery clean`: a file mended by rules, every change in a log that can take it back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from discovery_pipeline.cli import json_file
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.errors import InputRefused

if TYPE_CHECKING:
    import duckdb

    from discovery_pipeline.engine.cleansing.model import Cleansed, CleansingPlan
    from discovery_pipeline.engine.intake import Intake
    from discovery_pipeline.engine.tables import Tables


WORKBOOKS = (".xlsx", ".xls", ".ods")
"""Endings of names that would promise what isn't written."""


class Depth(StrEnum):
    """How far cleansing goes without asking."""

    AUTO = "auto"
    SUGGEST = "suggest"


def clean(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to cleanse, or one cleansed before.")],
    out: Annotated[Path, typer.Option(help="Where the cleansed table goes; a folder if FILE holds several.")],
    patches: Annotated[
        Path | None,
        typer.Option(help="Where the log of changes goes: .csv or .parquet. With --revert: of those that stay."),
    ] = None,
    tier: Annotated[Depth, typer.Option(help="auto: sure rules only. suggest: likely ones, too.")] = Depth.AUTO,
    revert: Annotated[Path | None, typer.Option(help="Undo what this log says.", metavar="PATCHES")] = None,
    rule: Annotated[str | None, typer.Option(help="With --revert: undo this rule only.", metavar="ID")] = None,
    cell: Annotated[
        str | None, typer.Option(help="With --revert: undo this cell only; rows count from 0.", metavar="ROW:COLUMN")
    ] = None,
    answer: Annotated[
        Path | None,
        typer.Option("--json", help="Write the findings to this file; - is standard output.", metavar="FILE"),
    ] = None,
) -> None:
    """Cleanse a file by rules: the same rows and columns come out, and each change can be undone.

    What rules may not decide is listed. With --revert, changes are undone; everything else stays.

    Example: `discovery clean servers.csv --out cleansed.csv --patches patches.csv`, and to undo one rule,
    `discovery clean cleansed.csv --revert patches.csv --rule mac.canonical --out without-macs.csv`
    """
    from discovery_pipeline.cli.computing import workbench
    from discovery_pipeline.engine import intake

    if not revert and not patches:
        raise typer.BadParameter("say where the log of changes goes", param_hint="--patches")
    if patches and patches.resolve() in (out.resolve(), file.resolve()):
        raise typer.BadParameter("the log needs a file of its own", param_hint="--patches")
    if out.resolve() == file.resolve():
        raise typer.BadParameter("the source stays as it is; name another file", param_hint="--out")
    if out.suffix.lower() in WORKBOOKS:
        raise typer.BadParameter("a mended table is written as CSV; give it such a name", param_hint="--out")
    with workbench() as (con, folder):
        found = intake.read(con, [file], folder / "tables", intake.Options(keep_rowless=True))
        refused = [read for read in found.files if read.status == "refused"]
        if refused or not found.tables:
            reason = refused[0].reason if refused else "there is no table in it."
            raise InputRefused(str(file), reason or "it can't be read; see what discovery inspect says about it.")
        desk = _Desk(con, found, folder / "out", out)
        if revert:
            desk.undo(revert, rule, _place(cell, found.tables) if cell else None, patches)
            return
        desk.mend(patches or folder / "patches.parquet", tier, answer)


@dataclass(frozen=True, slots=True)
class _Desk:
    """One run of the command: what was read, and where the result goes."""

    con: duckdb.DuckDBPyConnection
    found: Intake
    work: Path
    out: Path

    def mend(self, patches: Path, tier: Depth, answer: Path | None) -> None:
        from discovery_pipeline.engine import cleansing, schema
        from discovery_pipeline.engine.profiling.model import Profile
        from discovery_pipeline.engine.schema.model import SchemaAnalysis

        tables, profile = self.found.tables, Profile(tables=())
        several = len(tables) > 1 and tier is Depth.SUGGEST
        analysis = schema.analyse(self.con, tables, profile) if several else SchemaAnalysis()
        plan = cleansing.plan(self.con, tables, profile, analysis, tier=tier.value)
        done = cleansing.cleanse(self.con, tables, plan, self.work, tier.value)
        self._write(done.tables)
        cleansing.export(self.con, done.patches.path, patches)
        json_file.write(answer, _as_json(plan, done, tier))
        _show(self.con, done, self.out, patches)

    def undo(self, log: Path, rule: str | None, cell: tuple[int, str] | None, patches: Path | None) -> None:
        from rich.console import Console

        from discovery_pipeline.engine import cleansing

        if not log.is_file():
            raise InputRefused(str(log), "there is no such log.", "Give the file that --patches wrote.")
        tables = self.found.tables
        names = cleansing.tables_of(self.con, log)
        if len(tables) == 1 and len(names) == 1:
            # A mended file may have another name than its source.
            tables = (tables[0].model_copy(update={"name": names[0]}),)
        done = cleansing.revert(self.con, tables, log, self.work, rule=rule, cell=cell)
        self._write(done)
        if patches:
            remaining = cleansing.left(self.con, log, self.work, rule=rule, cell=cell)
            cleansing.export(self.con, remaining, patches)
        Console().print(f"Reverted to {self.out}" + (f"; what stays in force: {patches}" if patches else ""))

    def _write(self, tables: Tables) -> None:
        from discovery_pipeline.engine import duck

        reads = [read for file in self.found.files for read in file.tables]
        for table, read in zip(tables, reads, strict=True):
            path = self.out if len(tables) == 1 else self.out / f"{table.name}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            chosen = ", ".join(f"{duck.col(c)} AS {duck.name(c.name)}" for c in table.columns)
            part = path.with_name(path.name + ".part")
            self.con.execute(
                f"COPY (SELECT {chosen} FROM {duck.scan(table)}) TO {duck.text(str(part))} "
                f"(FORMAT csv, HEADER, DELIMITER {duck.text(read.delimiter or ',')})"
            )
            part.replace(path)


def _place(cell: str, tables: Tables) -> tuple[int, str]:
    row, _, column = cell.partition(":")
    if not row.isdigit() or not any(c.name == column for t in tables for c in t.columns):
        raise typer.BadParameter(f"{cell!r} is no row number and column, such as 12:name", param_hint="--cell")
    return int(row), column


def _as_json(plan: CleansingPlan, done: Cleansed, tier: Depth) -> dict[str, Any]:
    """The findings: what was mended, then what waits for a person."""
    taken = ("auto", "suggest") if tier is Depth.SUGGEST else ("auto",)
    mended = [
        {
            "table": r.table,
            "column": r.column,
            "rule": r.rule,
            "severity": "info",
            "count": r.cells,
            "examples": list(r.examples),
            "evidence": r.reason,
            "action": "mended; undo with --revert",
        }
        for r in plan.rules
        if r.tier in taken
    ]
    waiting = [finding.model_dump(mode="json") for finding in done.findings]
    return {
        "findings": mended + waiting,
        "patches": {"count": done.patches.count, "by_rule": done.patches.by_rule},
    }


def _show(con: duckdb.DuckDBPyConnection, done: Cleansed, out: Path, patches: Path) -> None:
    """A line a rule with an example, then what waits."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table as Grid

    from discovery_pipeline.engine import cleansing

    console = Console(emoji=False)
    grid = Grid(box=None, pad_edge=False)
    for title in ("rule", "tier", "cells", "columns", "before → after"):
        grid.add_column(title, justify="right" if title == "cells" else "left", overflow="fold")
    for line in cleansing.summary(con, done.patches.path):
        grid.add_row(line.rule, line.tier, f"{line.cells:,}", escape(", ".join(line.columns)), escape(line.example))
    if grid.row_count:
        console.print(grid)
    rows = sum(table.row_count for table in done.tables)
    console.print(
        f"{counted(rows, 'row')}, {counted(done.patches.count, 'cell')} changed. Table: {out}. Log: {patches}."
    )
    for finding in done.findings:
        where = f"{finding.table}.{finding.column}" if finding.column else finding.table
        examples = f" ({'; '.join(finding.examples[:2])})" if finding.examples else ""
        console.print(f"[cyan]for you[/] {escape(f'{where}: {finding.evidence}{examples}. {finding.action}')}")
