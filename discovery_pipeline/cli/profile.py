"""`discovery profile`: what the columns of these files look like."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from discovery_pipeline.cli import json_file
from discovery_pipeline.engine.phrases import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from discovery_pipeline.engine.intake import FileRead
    from discovery_pipeline.engine.profiling import ColumnProfile, Profile, TableProfile
    from discovery_pipeline.settings import Settings

TOP = 3
"""Frequent values that are shown of a column."""

WARNINGS = 2

PIPED = 160
"""Characters of a line where there is no terminal to ask."""

LONGEST = 44
"""Characters of a cell."""

GAP = 3
"""Characters between two columns."""


class _Head(NamedTuple):
    """A column of what is shown."""

    title: str
    least: int  # characters of its cells that are always shown
    justify: Literal["left", "right"] = "left"
    room: int = 0  # characters of a line from which it is shown


_HEADS = (
    _Head("column", 24),
    _Head("type", 14),
    _Head("meaning", 12),
    _Head("null", 6, "right"),
    _Head("distinct", 12, "right"),
    _Head("from … to", 16, room=100),
    _Head("most frequent", 16, room=130),
    _Head("quality", 7, "right"),
)


def profile(
    places: Annotated[
        list[str],
        typer.Argument(metavar="FILE…", help="Files, folders, ZIP archives, or postgresql://…?table=NAME."),
    ],
    answer: Annotated[
        Path | None, typer.Option("--json", help="Write the profile to this file; - is standard output.", metavar="OUT")
    ] = None,
) -> None:
    """Profile the columns of these files: types, meanings, distributions, quality, and what is odd about them.

    With DISCOVERY_ENGINE=spark, Spark reads them: Parquet or regular CSV by path or URL, or table:NAME of its catalog.

    Exit code 0: all files were read; 2: some were refused; 1: none could be read.
    """
    from discovery_pipeline import settings

    chosen = settings.read()
    found, refused = _by_spark(chosen, places) if chosen.engine == "spark" else _here(places)
    json_file.write(answer, found.model_dump_json(indent=2))
    if answer and not sys.stdout.isatty():
        _tell(found, refused)
    else:
        _show(found, refused)
    raise typer.Exit(0 if not refused else 2 if found.tables else 1)


def _here(places: list[str]) -> tuple[Profile, tuple[FileRead, ...]]:
    from datetime import UTC, datetime

    from discovery_pipeline.cli.computing import workbench
    from discovery_pipeline.cli.inspect import local
    from discovery_pipeline.engine import profiling

    with workbench() as (con, folder):
        paths, unreached = local(places, folder)
        found, refused = profiling.of_files(con, paths, folder / "tables", today=datetime.now(UTC).date())
    return found, (*unreached, *refused)


def _by_spark(chosen: Settings, places: list[str]) -> tuple[Profile, tuple[FileRead, ...]]:
    from datetime import UTC, datetime

    from discovery_pipeline.store.files import spark

    return spark.of_places(chosen, places, today=datetime.now(UTC).date())


def _tell(found: Profile, refused: tuple[FileRead, ...]) -> None:
    """A plain line a table, for logs."""
    for table in found.tables:
        duplicates = (
            f", {counted(table.duplicate_row_count, 'of them a duplicate', 'of them duplicates')}"
            if table.duplicate_row_count
            else ""
        )
        print(f"{table.name}: {counted(table.row_count, 'row')}{duplicates}, {counted(len(table.columns), 'column')}")
    for file in refused:
        print(f"refused {file.file}: {file.reason}")


def _show(found: Profile, refused: tuple[FileRead, ...]) -> None:
    from rich.console import Console
    from rich.markup import escape

    # What COLUMNS says, or the terminal; a log takes long lines.
    console = Console(width=shutil.get_terminal_size((PIPED, 0)).columns)
    for table in found.tables:
        _show_table(console, table)
    for file in refused:
        console.print(f"[red]refused[/] {escape(file.file)}: {escape(file.reason or '')}")


def _show_table(console: Console, table: TableProfile) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    console.print(
        f"\n[bold]{escape(table.name)}[/]  {counted(table.row_count, 'row')}, {counted(len(table.columns), 'column')}, "
        f"{counted(table.duplicate_row_count, 'duplicate row')}",
        highlight=False,
    )
    rows = [_cells(column) for column in table.columns]
    widths = _widths(rows, console.width)
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for n, width in widths.items():
        grid.add_column(_HEADS[n].title, justify=_HEADS[n].justify, no_wrap=True, width=width)
    for row in rows:
        grid.add_row(*(escape(row[n]) for n in widths))
    console.print(grid)
    for column in table.columns:
        for anomaly in column.anomalies[:WARNINGS]:
            console.print(f"[yellow]![/] [bold]{escape(column.name)}[/] {escape(anomaly)}", highlight=False)
    strong = [c for c in table.correlations if abs(c.pearson or 0) >= 0.7]
    for pair in strong[:5]:
        console.print(
            f"[cyan]~[/] {escape(pair.left)} and {escape(pair.right)} correlate: {pair.pearson:.2f}", highlight=False
        )


def _widths(rows: Sequence[tuple[str, ...]], room: int) -> dict[int, int]:
    """The columns of the list that a line has room for, each with its characters; the last ones give way first."""
    from rich.cells import cell_len

    heads = {n: head for n, head in enumerate(_HEADS) if room >= head.room}
    widths = {n: min(LONGEST, max(len(h.title), *(cell_len(row[n]) for row in rows))) for n, h in heads.items()}
    over = sum(widths.values()) + GAP * (len(widths) - 1) - room
    for n in reversed(heads):
        taken = max(0, min(over, widths[n] - max(heads[n].least, len(heads[n].title))))
        widths[n] -= taken
        over -= taken
    return widths


def _cells(column: ColumnProfile) -> tuple[str, ...]:
    kind = column.inferred_type if column.type_fit > 0.9995 else f"{column.inferred_type} {column.type_fit:.1%}"
    meaning = " ".join(filter(None, (column.semantic_type, f"[{column.unit}]" if column.unit else None)))
    nulls = column.null_ratio
    distinct = f"{column.distinct_count:,}" if column.distinct_is_exact else f"~{column.distinct_count:,}"
    reach = "" if column.min is None else f"{_short(column.min)} … {_short(column.max)}"
    top = ", ".join(f"{_short(v.value)} ({v.count:,})" for v in column.top_values[:TOP] if v.count > 1)
    return (
        column.name,
        kind,
        meaning + (f" PII: {column.pii.kind}" if column.pii else ""),
        f"{nulls:.1%}" if nulls else "",
        distinct,
        reach,
        top,
        f"{column.quality.score:.2f}",
    )


def _short(value: str | float | None) -> str:
    if isinstance(value, float):
        return f"{value:,.10g}"
    text = " ".join(str(value).split())
    return text if len(text) <= 24 else text[:23] + "…"
