"""`discovery relationships`: keys, references and rules of files whose schema nobody wrote down."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from discovery_pipeline.cli import json_file
from discovery_pipeline.engine.phrases import counted

if TYPE_CHECKING:
    from rich.console import Console

    from discovery_pipeline.engine.intake import Intake
    from discovery_pipeline.engine.schema import SchemaAnalysis
    from discovery_pipeline.engine.schema.model import ForeignKey

_SHOWN = 15
"""Lines of a list before the rest is counted."""


def relationships(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, folders or ZIP archives.")],
    answer: Annotated[
        Path | None,
        typer.Option("--json", help="Write the analysis to this file; - is standard output.", metavar="OUT"),
    ] = None,
    least: Annotated[
        float, typer.Option("--least", min=0, max=1, help="Confidence of the least likely reference shown.")
    ] = 0.5,
) -> None:
    """Find keys, foreign keys, hierarchies, dependencies and business rules in the data itself.

    Tables given together are looked at together: references go from any file to any other. The JSON holds every
    reference that is at all likely, each with its confidence. Exit code 2: a file could not be read.
    """
    from rich.console import Console

    from discovery_pipeline.cli.computing import workbench
    from discovery_pipeline.engine import intake, schema
    from discovery_pipeline.errors import InputRefused

    with workbench() as (con, folder):
        found = intake.read(con, paths, folder / "tables")
        if not found.tables:
            refused = next((f for f in found.files if f.reason), None)
            name, reason = (refused.file, refused.reason) if refused else (str(paths[0]), None)
            raise InputRefused(name, reason or "there is no table in it.")
        with Console(stderr=True).status("Comparing columns"):
            analysis = schema.analyse(con, found.tables)
    json_file.write(answer, analysis.model_dump_json(indent=2))
    _show(Console(emoji=False, highlight=False), found, analysis, least)
    raise typer.Exit(2 if any(f.status == "refused" for f in found.files) else 0)


def _show(console: Console, found: Intake, analysis: SchemaAnalysis, least: float) -> None:
    from rich.markup import escape

    for file in found.files:
        if file.status == "refused":
            console.print(f"[red]refused[/] {escape(file.file)}: {escape(file.reason or '')}")
    references = [f for f in analysis.foreign_keys if f.confidence >= least]
    _drawing(console, [t.name for t in found.tables], analysis, references)
    _orphans(console, references)
    for hierarchy in analysis.hierarchies:
        cycles = f", [red]{hierarchy.cycles} cycles[/]" if hierarchy.cycles else ""
        console.print(
            f"[bold]Hierarchy[/] {escape(hierarchy.table)}.{escape(hierarchy.parent_column)}: "
            f"{hierarchy.depth} levels, {hierarchy.roots:,} roots{cycles}"
        )
    for bridge in analysis.many_to_many:
        sides = f"{bridge.left_table} and {bridge.right_table}"
        console.print(f"[bold]Bridge[/] {escape(bridge.bridge)} joins {escape(sides)}")
    orders = [(t.table, f"{t.before} ≤ {t.after}", t.support, t.exceptions, t.examples) for t in analysis.temporal]
    _statements(console, "Dates in order", orders)
    dependencies = [
        (d.table, f"{', '.join(d.determinant)} → {d.dependent}", d.support, d.violations, d.examples)
        for d in analysis.functional_dependencies
    ]
    _statements(console, "Dependencies", dependencies)
    rules = [(r.table, r.rule, r.support, r.violations, r.examples) for r in analysis.business_rules]
    _statements(console, "Business rules", rules)


def _drawing(
    console: Console, tables: Sequence[str], analysis: SchemaAnalysis, references: Sequence[ForeignKey]
) -> None:
    """A branch a table: its key, and what its columns refer to."""
    from rich.markup import escape
    from rich.tree import Tree

    tree = Tree(f"[bold]{counted(len(tables), 'table')}, {counted(len(references), 'reference')}[/]")
    for name in tables:
        key = analysis.primary_key(name)
        told = f"  [dim]key[/] {escape(', '.join(key.columns))} [dim]{key.confidence:.2f}[/]" if key else ""
        branch = tree.add(f"[cyan]{escape(name)}[/]{told}")
        for reference in (r for r in references if r.table == name):
            columns, refers = ", ".join(reference.columns), ", ".join(reference.ref_columns)
            missing = f" [yellow]{reference.orphans:,} unmatched[/]" if reference.orphans else ""
            branch.add(
                f"{escape(columns)} → [cyan]{escape(reference.ref_table)}[/].{escape(refers)} "
                f"[dim]{reference.cardinality} {reference.confidence:.2f}[/]{missing}"
            )
    console.print(tree)


def _orphans(console: Console, references: Sequence[ForeignKey]) -> None:
    from rich.markup import escape
    from rich.table import Table

    dirty = [r for r in references if r.orphans]
    if not dirty:
        return
    grid = Table("Column", "refers to", title="Rows without a match", title_justify="left", box=None)
    grid.add_column("rows", justify="right")
    grid.add_column("matched", justify="right")
    grid.add_column("such as", overflow="fold")
    for reference in dirty:
        grid.add_row(
            escape(f"{reference.table}.{', '.join(reference.columns)}"),
            escape(reference.ref_table),
            f"{reference.orphans:,}",
            f"{reference.coverage:.1%}",
            escape(" · ".join(reference.examples)),
        )
    console.print(grid)


def _statements(console: Console, title: str, statements: Sequence[tuple[str, str, int, int, tuple[str, ...]]]) -> None:
    """Table, statement, rows it speaks of, exceptions and examples."""
    from rich.markup import escape
    from rich.table import Table

    if not statements:
        return
    grid = Table("Table", title, box=None, title_justify="left")
    grid.add_column("rows", justify="right")
    grid.add_column("exceptions", justify="right")
    grid.add_column("such as", overflow="fold")
    for table, words, support, exceptions, examples in statements[:_SHOWN]:
        wrong = f"[yellow]{exceptions:,}[/]" if exceptions else "[green]0[/]"
        grid.add_row(escape(table), escape(words), f"{support:,}", wrong, escape(examples[0] if examples else ""))
    console.print(grid)
    if len(statements) > _SHOWN:
        console.print(f"[dim]… and {len(statements) - _SHOWN} more: --json OUT has them all[/]")
