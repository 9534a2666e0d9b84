"""`discovery inspect`: what is in these files, and how they were read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from discovery_pipeline.cli import json_file
from discovery_pipeline.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from discovery_pipeline.engine.intake import FileRead, TableRead

_HEADS = ("file", "table", "rows", "columns", "rejected", "encoding", "delimiter", "header", "above")
_NUMBERS = ("rows", "columns", "rejected", "header", "above")
_SEVERITIES = {"error": "red", "warning": "yellow", "info": "cyan"}


def inspect(
    places: Annotated[
        list[str],
        typer.Argument(metavar="FILE…", help="Files, folders, ZIP archives, or postgresql://…?table=NAME."),
    ],
    out: Annotated[Path | None, typer.Option(help="Write each table there as plain CSV.", metavar="DIR")] = None,
    answer: Annotated[
        Path | None,
        typer.Option("--json", help="Write what was found to this file; - is standard output.", metavar="OUT"),
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="Delimiter of text files; \\t for a tab.")] = None,
    quote: Annotated[str | None, typer.Option(help="Quote of text files; empty where nothing is quoted.")] = None,
    escape: Annotated[str | None, typer.Option(help="What escapes a quote in a quoted cell, e.g. a backslash.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of text files, e.g. cp1252.")] = None,
    header_rows: Annotated[
        int | None, typer.Option(help="Rows that name the columns; 0 for none.", min=0, max=20)
    ] = None,
    skip_rows: Annotated[int | None, typer.Option(help="Lines above the header.", min=0)] = None,
    sheet: Annotated[list[str] | None, typer.Option(help="Only this sheet of a workbook; may be repeated.")] = None,
) -> None:
    """Show which tables these files hold, how they were read and why, and which rows can't be read.

    Exit code 0: all files were read; 2: some were refused; 1: none could be read.
    """
    from discovery_pipeline.cli.computing import workbench
    from discovery_pipeline.engine import intake

    options = intake.Options(
        delimiter=delimiter.encode().decode("unicode_escape") if delimiter else None,
        quote=quote,
        escape=escape,
        encoding=encoding,
        header_rows=header_rows,
        skip_rows=skip_rows,
        sheets=tuple(sheet or ()),
        keep_rowless=True,
    )
    with workbench() as (con, folder):
        paths, unreached = local(places, folder)
        files = (*unreached, *intake.read(con, paths, folder / "tables", options).files)
        if out and _overwrites(files, paths, out):
            raise typer.BadParameter("the files themselves lie there; choose another folder", param_hint="--out")
        if out:
            intake.to_csv(con, files, out)
    json_file.write(answer, {"files": [_file(file) for file in files]})
    _show(files)
    refused = sum(file.status == "refused" for file in files)
    raise typer.Exit(1 if refused == len(files) else 2 if refused else 0)


def local(places: list[str], folder: Path) -> tuple[list[Path], list[FileRead]]:
    """What can be read from here, and the database tables that can't be had."""
    from discovery_pipeline.engine.intake import FileRead
    from discovery_pipeline.store.files.exports import copied, is_address

    paths: list[Path] = []
    unreached: list[FileRead] = []
    for number, place in enumerate(places):
        try:
            paths.append(copied(place, folder / f"source-{number}") if is_address(place) else Path(place))
        except InputRefused as refusal:
            reason = f"{refusal.reason} {refusal.action}"
            unreached.append(FileRead(file=refusal.file, status="refused", reason=reason))
    return paths, unreached


def _overwrites(files: Iterable[FileRead], paths: Iterable[Path], out: Path) -> bool:
    """Whether a table would be written over the file that it came from, or another's."""
    from discovery_pipeline.engine.intake import inside

    sources = {p.resolve() for path in paths for p in (inside(path) if path.is_dir() else (path,))}
    return any((out / Path(file.file).name).resolve() in sources for file in files if file.media_type == "text/csv")


def _file(file: FileRead) -> dict[str, Any]:
    return {
        "file": file.file,
        "status": file.status,
        "reason": file.reason,
        "media_type": file.media_type,
        "sha256": file.sha256,
        "byte_size": file.byte_size,
        "tables": [_table(read) for read in file.tables],
    }


def _table(read: TableRead) -> dict[str, Any]:
    table = read.table
    return {
        "name": table.name,
        "sheet": table.source.sheet,
        "row_count": table.row_count,
        "columns": [column.name for column in table.columns],
        **read.model_dump(mode="json", exclude={"table"}),
    }


def _row(file: FileRead, read: TableRead) -> tuple[str, ...]:
    """What stands beside a table, in the order of _HEADS."""
    table = read.table
    sizes = (f"{table.row_count:,}", f"{len(table.columns):,}", f"{read.rejected_count:,}")
    dialect = (read.encoding or "", repr(read.delimiter) if read.delimiter else "")
    return (file.file, table.name, *sizes, *dialect, str(read.header_rows), str(read.preamble_rows))


def _show(files: tuple[FileRead, ...]) -> None:
    """A line a file and a block a table, for people."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(emoji=False)
    rows = [_row(file, read) for file in files for read in file.tables]
    told = [n for n, _ in enumerate(_HEADS) if any(row[n] for row in rows)]
    grid = Table(box=None, pad_edge=False)
    for n in told:
        grid.add_column(_HEADS[n], justify="right" if _HEADS[n] in _NUMBERS else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(escape(row[n]) for n in told))
    if rows:
        console.print(grid)
    for file in files:
        if file.status == "refused":
            console.print(f"[red]refused[/] {escape(file.file)}: {escape(file.reason or '')}")
        for read in file.tables:
            for reason in read.reasons:
                console.print(f"[dim]{escape(read.table.name)}: {escape(reason)}[/]")
            for finding in read.findings:
                colour = _SEVERITIES[finding.severity]
                places = f" ({', '.join(finding.examples)})" if finding.examples else ""
                to_do = "" if finding.severity == "info" else f" {finding.action}"
                console.print(
                    f"[{colour}]{finding.severity}[/] {escape(f'{read.table.name}: {finding.evidence}{places}{to_do}')}"
                )
