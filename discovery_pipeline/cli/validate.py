"""`discovery validate`: what a target would say to these files, before it says so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from discovery_pipeline.cli import json_file
from discovery_pipeline.engine.phrases import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from discovery_pipeline.engine.findings import Finding
    from discovery_pipeline.engine.intake import Intake
    from discovery_pipeline.engine.mapping import Mapping
    from discovery_pipeline.engine.targets import Target
    from discovery_pipeline.engine.validation import Verdict

_NOT_MAPPED = "table_not_mapped"  # as validation calls it, which is imported only when it is needed
_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}
_SHOWN, _LISTED = 20, 1000
"""Rejected rows that are told on the screen, and in the JSON."""


def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Files, folders or ZIP archives.")],
    target: Annotated[str, typer.Option(help="aws, aws-mgn, azure, google, … or a contract file.", metavar="NAME")],
    answer: Annotated[
        Path | None,
        typer.Option("--json", help="Write the findings to this file; - is standard output.", metavar="OUT"),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="What fills which field, as `discovery run` writes it.", metavar="YAML")
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="What you ask of the data, in YAML.", metavar="YAML")] = None,
) -> None:
    """Show which rows a target takes, and why it rejects the others.

    Example: `discovery validate out/aws.csv --target aws`

    Without a mapping, a file in the target's own columns is judged as it is; for another one, columns are matched
    and those that are sure enough are taken. Exit code 0: all rows are valid; 2: some are rejected; 1: failed.
    """
    from datetime import UTC, datetime

    from discovery_pipeline.cli.computing import workbench
    from discovery_pipeline.engine import intake, targets, validation
    from discovery_pipeline.engine.validation import asked, demands
    from discovery_pipeline.errors import InputRefused

    wanted = demands.read(rules) if rules else ()
    contract = targets.load(target)
    with workbench() as (con, folder):
        found = intake.read(con, files, folder / "tables")
        if not found.tables:
            refused = next((f for f in found.files if f.reason), None)
            raise InputRefused(
                refused.file if refused else str(files[0]), (refused and refused.reason) or "it is empty."
            )
        followed, missing = (_given(mapping, contract), ()) if mapping else _found(con, found, contract)
        yours = asked.resolved(wanted, found.tables, followed)
        today = datetime.now(UTC).date()
        verdict = validation.validate(
            con, found.tables, followed, contract, folder / "verdict", demands=yours, today=today
        )
        milder = demands.check(con, found.tables, [d for d in yours if d.severity != "error"], today=today)
        told = (_explained(finding, missing) for finding in verdict.findings)
        verdict = verdict.model_copy(update={"findings": (*told, *milder)})
        reasons = _reasons(con, verdict)
    json_file.write(answer, _as_json(verdict, followed, reasons, found))
    _show(verdict, contract, reasons, found)
    raise typer.Exit(2 if verdict.rows_rejected or _unread(found) else 0)


def _given(path: Path, target: Target) -> Mapping:
    from discovery_pipeline.engine.delivery import mappings
    from discovery_pipeline.errors import MappingError

    every = mappings.read(path)
    for one in every:
        if one.target.casefold() in {n.casefold() for n in (target.name, *target.aliases)}:
            return one
    named = ", ".join(m.target for m in every) or "none"
    raise MappingError(f"{path}: no mapping for {target.name}, only for {named}. Choose another --target or file.")


def _found(con: duckdb.DuckDBPyConnection, read_in: Intake, target: Target) -> tuple[Mapping, tuple[str, ...]]:
    """The target's own columns, or what the matcher is sure enough of; and what is missing where that isn't enough."""
    from discovery_pipeline.cli.computing import known
    from discovery_pipeline.engine import mapping, validation
    from discovery_pipeline.engine.mapping.knowledge import own, using
    from discovery_pipeline.settings import read

    there = validation.own_columns(read_in.tables, target)
    if there:
        return there, ()
    settings = read()
    with using(own.read(settings.dictionaries)):
        offered = mapping.suggest(con, read_in.tables, target, known(con, read_in))
    approval = mapping.approve(offered, target, settings.auto_approval)
    return approval.mapping, approval.missing


def _explained(finding: Finding, missing: Sequence[str]) -> Finding:
    """The finding that a table goes nowhere, with what the matcher was not sure enough of."""
    if not missing or finding.rule != _NOT_MAPPED:
        return finding
    evidence = f"No row is taken: {'; '.join(missing)}."
    return finding.model_copy(update={"evidence": evidence, "action": "Say what fills it, in a mapping (--mapping)."})


def _unread(found: Intake) -> int:
    """Rows and files that could not be read."""
    rows = sum(read.rejected_count for file in found.files for read in file.tables)
    return rows + sum(file.status == "refused" for file in found.files)


def _reasons(con: duckdb.DuckDBPyConnection, verdict: Verdict) -> list[tuple[str, int, str]]:
    """File, line and reasons of the first rows that were meant for the target and rejected."""
    from discovery_pipeline.engine import duck
    from discovery_pipeline.engine.risk.outcomes import unmapped

    log = duck.parquet(verdict.rejected)
    return con.execute(
        f"SELECT file, line, reasons FROM {log} WHERE NOT {unmapped('reasons')} LIMIT {_LISTED}"
    ).fetchall()


def _elsewhere(verdict: Verdict) -> int:
    """Rows of tables that don't go to the target."""
    return sum(f.count for f in verdict.findings if f.rule == _NOT_MAPPED)


def _as_json(verdict: Verdict, mapping: Mapping, reasons: list[tuple[str, int, str]], found: Intake) -> dict[str, Any]:
    return {
        "findings": [f.model_dump(mode="json") for f in verdict.findings],
        "target": verdict.target,
        "rows_in": verdict.rows_in,
        "rows_delivered": verdict.rows_delivered,
        "rows_rejected": verdict.rows_rejected,
        "rows_of_other_kinds": _elsewhere(verdict),
        "rows_unreadable": sum(read.rejected_count for file in found.files for read in file.tables),
        "values_left_out": verdict.blanked,
        "rejected": [{"file": file, "line": line, "reasons": why.split("; ")} for file, line, why in reasons],
        "mapping": mapping.model_dump(mode="json")["fields"],
    }


def _show(verdict: Verdict, target: Target, reasons: list[tuple[str, int, str]], found: Intake) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(emoji=False)  # a field's name may read like one: mgn:wave:name
    elsewhere = _elsewhere(verdict)
    rejected = verdict.rows_rejected - elsewhere
    for file in found.files:
        if file.status == "refused":
            console.print(f"[red]refused[/] {escape(file.file)}: {escape(file.reason or '')}")
    console.print(
        f"{escape(target.title)}: [green]{verdict.rows_delivered:,}[/] of "
        f"{counted(verdict.rows_in, 'row is', 'rows are')} valid, "
        f"[{'red' if rejected else 'green'}]{rejected:,}[/] rejected, {elsewhere:,} of other kinds, "
        f"{counted(verdict.blanked, 'value')} left out",
        highlight=False,
    )
    for finding in verdict.findings:
        where = ".".join(part for part in (finding.table, finding.column) if part)
        seen = f" ({' · '.join(finding.examples[:3])})" if finding.examples else ""
        console.print(
            f"[{_COLOURS[finding.severity]}]{finding.severity}[/] {escape(f'{where}: {finding.evidence}{seen}')}"
        )
    if reasons:
        console.print("\nRejected rows", style="bold")
    for file, line, why in reasons[:_SHOWN]:
        console.print(f"  {escape(f'{file}:{line}  {why}')}", highlight=False)
    if rejected > _SHOWN:
        console.print(f"  … and {rejected - _SHOWN:,} more", highlight=False)
