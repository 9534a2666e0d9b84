"""`discovery match`: which column of one table is which field of another, how surely and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from discovery_pipeline.cli import json_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from discovery_pipeline.engine.intake.model import Intake
    from discovery_pipeline.engine.mapping import Suggestions
    from discovery_pipeline.engine.mapping.matcher.fields import Side, Stated
    from discovery_pipeline.engine.mapping.profiles import Unapplied
    from discovery_pipeline.engine.targets import Target, TargetTable

    Wanted = tuple[str, list[tuple[TargetTable, Side]]]

_SCHEMA_COLUMNS = {"name", "type", "description"}


def match(
    source: Annotated[Path, typer.Argument(help="A file with the columns to map.", show_default=False)],
    target: Annotated[
        str, typer.Argument(help="A file, a schema (CSV name,type,description or YAML), or a built-in target's name.")
    ],
    source_schema: Annotated[
        Path | None, typer.Option(help="Names, types and descriptions of the source's columns.", metavar="FILE")
    ] = None,
    target_schema: Annotated[
        Path | None, typer.Option(help="Names, types and descriptions of the target's columns.", metavar="FILE")
    ] = None,
    profile: Annotated[
        Path | None, typer.Option(help="A saved mapping, which wins over every guess (YAML or CSV).", metavar="FILE")
    ] = None,
    answer: Annotated[
        Path | None, typer.Option("--json", help="Write all matches to this file; - is standard output.", metavar="OUT")
    ] = None,
) -> None:
    """Suggest a target field for each source column, with confidence, reasons and the transformation it needs.

    Example: `discovery match servers.csv aws --json matches.json`
    """
    from discovery_pipeline.cli.computing import known, workbench
    from discovery_pipeline.engine import mapping
    from discovery_pipeline.engine.mapping import profiles
    from discovery_pipeline.engine.mapping.knowledge import own, using
    from discovery_pipeline.engine.mapping.known import NOTHING_KNOWN
    from discovery_pipeline.engine.mapping.matcher import fields
    from discovery_pipeline.settings import read

    taught = own.read(read().dictionaries)
    saved = profiles.read(profile) if profile else None
    contract = _contract(target)
    described = fields.read_schema(source_schema) if source_schema else ()
    left: tuple[Unapplied, ...] = ()
    seen = NOTHING_KNOWN
    with workbench() as (con, folder), using(taught):
        found_in = _read(con, source, folder / "source")
        if contract:
            seen = known(con, found_in, described)
            found = mapping.suggest(con, found_in.tables, contract, seen)
        else:
            found = _to_fields(con, found_in, _wanted(con, Path(target), target_schema, folder / "target"), described)
        if saved:
            applied = profiles.applied(con, saved, found, found_in.tables, contract, seen)
            found, left = applied.suggestions, applied.left
    told = {"not_applied": [u.model_dump(mode="json") for u in left]} if saved else {}
    json_file.write(answer, _as_json(found) | told)
    _show(found)
    for line in left:
        typer.echo(f"Not applied: {line.field.source_field} → {line.field.target_field}: {line.why}.", err=True)


def _contract(said: str) -> Target | None:
    """The contract of that name or file; None where it is a file of data, or a list of fields."""
    from discovery_pipeline.engine import targets

    path = Path(said)
    if not path.is_file():
        return targets.load(said)
    return targets.read(path) if _states_tables(path) else None


def _to_fields(
    con: duckdb.DuckDBPyConnection, read_in: Intake, wanted: Wanted, described: Sequence[Stated]
) -> Suggestions:
    """What is offered for tables that no contract is of: on a sample of both sides."""
    from discovery_pipeline.engine.mapping.known import Known
    from discovery_pipeline.engine.mapping.matcher import fields, samples
    from discovery_pipeline.engine.mapping.suggestions import conflicts, suggesting

    sides = [fields.of_table(table, samples.take(con, table), described) for table in read_in.tables]
    found = suggesting.between(wanted[0], sides, wanted[1], Known(stated=read_in.stated))
    return found.model_copy(update={"conflicts": conflicts.found(con, read_in.tables, found)})


def _wanted(con: duckdb.DuckDBPyConnection, path: Path, schema: Path | None, into: Path) -> Wanted:
    """The target's name and its tables, of a file of data or of a schema."""
    from discovery_pipeline.engine.mapping.matcher import fields, samples

    stated = fields.read_schema(schema) if schema else ()
    if _is_schema(path):
        side = fields.of_schema(path.stem, stated or fields.read_schema(path))
        return path.stem, [(fields.as_target(side), side)]
    tables = _read(con, path, into).tables
    sides = [fields.of_table(table, samples.take(con, table), stated) for table in tables]
    return path.stem, [(fields.as_target(side), side) for side in sides]


def _states_tables(path: Path) -> bool:
    """Whether a YAML file speaks of tables, as contracts do, and not only of fields."""
    import yaml

    from discovery_pipeline.engine import yaml_text

    if path.suffix.lower() not in (".yaml", ".yml"):
        return False
    try:
        content = yaml_text.read(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return False
    return isinstance(content, dict) and "tables" in content


def _is_schema(path: Path) -> bool:
    """Whether a file states fields instead of holding rows: YAML, or CSV whose header says name, type, description."""
    if path.suffix.lower() in (".yaml", ".yml"):
        return True
    if path.suffix.lower() != ".csv":
        return False
    with path.open("rb") as file:
        header = file.readline(500).decode("utf-8-sig", errors="replace").strip().lower()
    columns = {column.strip(' "') for column in header.split(",")}
    return "name" in columns and len(columns) > 1 and columns <= _SCHEMA_COLUMNS


def _read(con: duckdb.DuckDBPyConnection, path: Path, into: Path) -> Intake:
    from discovery_pipeline.engine import intake
    from discovery_pipeline.errors import InputRefused

    found = intake.read(con, [path], into, intake.Options(keep_rowless=True))
    if not found.tables:
        raise InputRefused(path.name, next((f.reason for f in found.files if f.reason), None) or "It holds no table.")
    return found


def _as_json(found: Suggestions) -> dict[str, object]:
    """What was found in the shape that scripts read."""
    chosen = {"source_table", "source_field", "target_table", "target_field", "transformation", "data_type"}
    return {
        "target": found.target,
        "matches": [m.model_dump(mode="json") for m in found.matches],
        "assignment": [
            f.model_dump(mode="json", include=chosen | {"confidence", "evidence", "is_required", "origin"})
            | {"tier": f.tier}
            for f in found.assignment
        ],
        "unmapped_source": [f.model_dump(mode="json") for f in found.unmapped_source],
        "unmapped_target": [f.model_dump(mode="json") for f in found.unmapped_target],
        "conflicts": [c.model_dump(mode="json") | {"said": c.in_words} for c in found.conflicts],
    }


def _show(found: Suggestions) -> None:
    """The assignment as a table, surest first, and what stays unmapped."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(emoji=False)  # a field's name may read like one: mgn:wave:name
    grid = Table(box=None, pad_edge=False)
    grid.add_column("source", overflow="fold")
    grid.add_column("target", overflow="fold")
    grid.add_column("confidence", justify="right")
    grid.add_column("transformation", overflow="fold")
    grid.add_column("why", overflow="fold")
    for field in sorted(found.assignment, key=lambda f: -f.confidence):
        colour = "green" if field.tier == "High" else "yellow"
        grid.add_row(
            escape(field.source_field) or "[dim]every row[/]",
            escape(field.target_field),
            f"[{colour}]{field.tier} {field.confidence:.2f}[/]",
            escape(field.transformation or ""),
            escape("; ".join(field.evidence[:2])),
        )
    console.print(grid)
    for conflict in found.conflicts:
        others = " and ".join(name for name in conflict.source_fields if name != conflict.assigned)
        console.print(
            f"[yellow]{escape(others)} would fill {escape(conflict.target_field)}, too.[/] {escape(conflict.in_words)}"
        )
    if found.unmapped_source:
        console.print(f"[dim]No target for: {escape(', '.join(f.field for f in found.unmapped_source))}[/]")
    if found.unmapped_target:
        console.print(f"[dim]Nothing for: {escape(', '.join(f.field for f in found.unmapped_target))}[/]")
