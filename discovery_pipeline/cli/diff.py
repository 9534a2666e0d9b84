"""`discovery diff`: what changed from one export to the next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from discovery_pipeline.cli import json_file
from discovery_pipeline.errors import InputRefused

if TYPE_CHECKING:
    from discovery_pipeline.engine.findings import Finding
    from discovery_pipeline.engine.profiling import Profile

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A file, or the JSON of its profile.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="A later file, or the JSON of its profile.")],
    answer: Annotated[
        Path | None,
        typer.Option("--json", help="Write the findings to this file; - is standard output.", metavar="OUT"),
    ] = None,
) -> None:
    """Compare two exports: columns, types, units, formats, distributions and categories.

    Example: `discovery diff servers-may.csv servers-june.csv`
    """
    from discovery_pipeline.engine import profiling

    found = profiling.diff(_profile(old), _profile(new))
    json_file.write(answer, {"findings": [finding.model_dump(mode="json") for finding in found]})
    _show(found)


def _profile(path: Path) -> Profile:
    """The profile that a file is, or that it gets."""
    from datetime import UTC, datetime

    from pydantic import ValidationError

    from discovery_pipeline.cli.computing import workbench
    from discovery_pipeline.engine import profiling

    if path.suffix.lower() == ".json" and path.is_file():
        try:
            return profiling.Profile.model_validate_json(path.read_bytes())
        except ValidationError:
            pass  # JSON of something else is data like any other
    with workbench() as (con, folder):
        found, refused = profiling.of_files(con, [path], folder / "tables", today=datetime.now(UTC).date())
    if refused or not found.tables:
        reason = refused[0].reason if refused else None
        raise InputRefused(str(path), reason or "There is no table in it.", "See what discovery inspect says about it.")
    return found


def _show(found: tuple[Finding, ...]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(emoji=False)
    if not found:
        console.print("Nothing changed.")
    for finding in found:
        place = f"{finding.table}.{finding.column}" if finding.column else finding.table
        examples = f" ({', '.join(finding.examples)})" if finding.examples else ""
        colour = _COLOURS[finding.severity]
        console.print(
            f"[{colour}]{finding.severity:7}[/] [bold]{escape(place)}[/] {escape(finding.evidence + examples)}",
            highlight=False,
        )
