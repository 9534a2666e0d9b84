"""`discovery target`: the contracts of target systems, to look at and to write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from discovery_pipeline.engine.targets import Target

app = typer.Typer(no_args_is_help=True, help="List and show the contracts of target systems; draft your own.")


@app.command("list")
def list_() -> None:
    """List the built-in targets."""
    from rich.console import Console
    from rich.table import Table

    from discovery_pipeline.engine import targets

    grid = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("target", "what it is", "files", "fields"):
        grid.add_column(heading, justify="right" if heading == "fields" else "left", overflow="fold")
    for name in targets.names():
        target = targets.load(name)
        files = ", ".join(t.file for t in target.tables)
        grid.add_row(name, target.title, files, str(sum(len(t.fields) for t in target.tables)))
    Console().print(grid)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A target's name, or a contract file.")],
    yaml: Annotated[bool, typer.Option("--yaml", help="Print the contract itself, to start your own from.")] = False,
) -> None:
    """Show what a target takes: its files, fields and rules."""
    from discovery_pipeline.engine import targets

    target = targets.load(name)
    if yaml:
        typer.echo(targets.written(target), nl=False)
        return
    _show(target)


@app.command()
def init(
    sample: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A sample (CSV, XLSX, JSON, Parquet, …), a DDL (.sql), or a JSON Schema or OpenAPI document.",
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="Where the contract goes; default: NAME.yaml here.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the target; default: the file's.")] = None,
) -> None:
    """Draft the contract of your own target from a sample, a DDL or a JSON Schema. Then correct it, and use it."""
    from discovery_pipeline.engine import targets
    from discovery_pipeline.errors import TargetError

    target = targets.draft(sample, name) if targets.describes(sample) else _of_sample(sample, name)
    path = out or Path(f"{target.name}.yaml")
    if path.exists():
        raise TargetError(f"{path} is there already, and is left as it is. Choose another --out.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(targets.written(target), encoding="utf-8")
    fields = sum(len(t.fields) for t in target.tables)
    tables = f" in {len(target.tables)} tables" if len(target.tables) > 1 else ""
    typer.echo(f"{path}: {fields} fields{tables}. Read it, correct it, and use it: discovery run FILE --target {path}")
    typer.echo(target.note)


def _of_sample(sample: Path, name: str | None) -> Target:
    """The draft of a file of rows, whatever intake reads."""
    from discovery_pipeline.cli.computing import workbench
    from discovery_pipeline.engine import intake, targets
    from discovery_pipeline.errors import InputRefused

    with workbench() as (con, folder):
        found = intake.read(con, [sample], folder / "in", intake.Options(keep_rowless=True))
        if not found.tables:
            raise InputRefused(sample.name, next((f.reason for f in found.files if f.reason), "It holds no table."))
        return targets.draft_of_rows(con, found.tables, sample, name)


def _show(target: Target) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from discovery_pipeline.engine import targets

    console = Console(emoji=False)  # a field's name may read like one: mgn:wave:name
    console.print(f"[bold]{escape(target.title)}[/]  ({escape(target.name)})", highlight=False)
    for line in (target.note, target.source and f"Source: {target.source}"):
        if line:
            console.print(escape(line), style="dim", highlight=False)
    for table in target.tables:
        limits = [
            f"{table.max_rows:,} rows" if table.max_rows else "",
            f"{table.max_bytes:,} bytes" if table.max_bytes else "",
        ]
        most = f", at most {' and '.join(filter(None, limits))} a file" if any(limits) else ""
        console.print(f"\n[bold]{escape(table.file)}[/]: a row is a {escape(table.name)}{most}", highlight=False)
        grid = Table(box=None, pad_edge=False, header_style="dim")
        for heading in ("field", "type", "", "takes", "what it is"):
            grid.add_column(heading, overflow="fold")
        for field in table.fields:
            grid.add_row(
                escape(field.name),
                escape(field.type),
                "required" if field.required else "identifies" if field.identity else "",
                escape(targets.constraints(field)),
                escape(field.description),
            )
        console.print(grid)
        for rule in table.rules:
            said = rule.note or ", ".join((*rule.fields, *(f for g in rule.groups for f in g)))
            console.print(f"  [cyan]{rule.kind}[/] {escape(said)}", highlight=False)
