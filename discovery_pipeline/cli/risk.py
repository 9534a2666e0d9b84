"""`discovery risk`: what may go wrong when these files move, from counted facts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from discovery_pipeline.cli import json_file

if TYPE_CHECKING:
    import duckdb

    from discovery_pipeline.engine.intake import FileRead, Intake
    from discovery_pipeline.engine.risk import Facts, RiskAssessment
    from discovery_pipeline.engine.targets import Target

_LEVELS = {"high": "red", "medium": "yellow", "low": "green"}


def risk(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Files, folders or ZIP archives.")],
    target: Annotated[
        str | None, typer.Option(help="Where they go: names of targets, separated by commas.", metavar="NAME")
    ] = None,
    bandwidth: Annotated[float, typer.Option(help="Usable bandwidth to the target, in Mbit/s.", min=0.001)] = 1000.0,
    rate: Annotated[float | None, typer.Option(help="Rows that the target loads in a second.", min=0.001)] = None,
    window: Annotated[float | None, typer.Option(help="Hours that the cut-over may take.", min=0.001)] = None,
    region: Annotated[str | None, typer.Option(help="Where the target keeps its data, in your words.")] = None,
    answer: Annotated[
        Path | None, typer.Option("--json", help="Write all risks to this file; - is standard output.", metavar="OUT")
    ] = None,
) -> None:
    """Assess the risks of the move: data loss, performance, continuity, compliance, each with its numbers.

    With --target the files are mapped, cleansed and validated for it first (nothing is delivered), so that what would
    be lost is counted on the real values. Exit code 0: all files were read; 2: some were refused; 1: none could be
    read.
    """
    from discovery_pipeline.cli.computing import workbench
    from discovery_pipeline.engine import intake, targets
    from discovery_pipeline.engine.risk import Assumptions, assess

    wanted = tuple(targets.load(name.strip()) for name in target.split(",")) if target else ()
    assumptions = Assumptions(bandwidth_mbit=bandwidth, rows_per_second=rate, window_hours=window, region=region)
    with workbench() as (con, folder):
        found = intake.read(con, paths, folder / "tables")
        refused = sum(file.status == "refused" for file in found.files)
        if refused < len(found.files):
            assessment = assess(con, _facts(con, found, wanted, folder), assumptions)
            json_file.write(answer, assessment.model_dump_json(indent=2))
            _show(assessment)
    _tell(found.files)
    raise typer.Exit(1 if refused == len(found.files) else 2 if refused else 0)


def _facts(con: duckdb.DuckDBPyConnection, found: Intake, wanted: tuple[Target, ...], folder: Path) -> Facts:
    """What the stages before this one say, as far as a target is named."""
    from discovery_pipeline.engine import cleansing, mapping, profiling, schema, validation
    from discovery_pipeline.engine.mapping.knowledge import own, using
    from discovery_pipeline.engine.risk import Facts
    from discovery_pipeline.settings import read

    settings = read()
    profile = profiling.profile(con, found.tables, today=datetime.now(UTC).date())
    analysis = schema.analyse(con, found.tables, profile)
    if not wanted:
        return Facts(tables=found.tables, profile=profile, analysis=analysis)
    planned = cleansing.plan(con, found.tables, profile, analysis, tier="auto")
    done = cleansing.cleanse(con, found.tables, planned, folder / "cleansed", "auto")
    mappings, verdicts = [], []
    known = mapping.Known(profile=profile, analysis=analysis, stated=found.stated)
    for target in wanted:
        with using(own.read(settings.dictionaries)):
            offered = mapping.suggest(con, found.tables, target, known)
        approved = mapping.approve(offered, target, settings.auto_approval).mapping
        mappings.append(approved)
        if approved.fields:
            verdicts.append(validation.validate(con, done.tables, approved, target, folder / target.name))
    return Facts(
        tables=done.tables,
        profile=profile,
        analysis=analysis,
        mappings=tuple(mappings),
        targets={target.name: target for target in wanted},
        verdicts=tuple(verdicts),
        patches=done.patches,
    )


def _show(assessment: RiskAssessment) -> None:
    """A block a risk, the gravest first."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(emoji=False, highlight=False)
    for one in assessment.risks:
        levels = " ".join(
            f"{word} [{_LEVELS[level]}]{level}[/]"
            for word, level in (("likelihood", one.likelihood), ("impact", one.impact))
        )
        console.print(f"[bold]{escape(one.title)}[/]  [dim]{one.category.replace('_', ' ')}[/]  {levels}")
        for fact in one.evidence:
            console.print(f"  · {escape(fact)}")
        console.print(f"  [dim]→ {escape(one.mitigation)}[/]\n")


def _tell(files: tuple[FileRead, ...]) -> None:
    from rich.console import Console
    from rich.markup import escape

    for file in files:
        if file.status == "refused":
            Console(stderr=True).print(f"[red]refused[/] {escape(file.file)}: {escape(file.reason or '')}")
