"""`discovery run`: the whole pipeline on own files, unattended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from discovery_pipeline.assets.request import Request
    from discovery_pipeline.assets.unattended import Outcome
    from discovery_pipeline.engine.mapping import Mapping
    from discovery_pipeline.engine.mapping.profiles import MappingProfile
    from discovery_pipeline.engine.targets.contract import Target
    from discovery_pipeline.engine.validation.demands import Demand
    from discovery_pipeline.errors import InputRefused
    from discovery_pipeline.settings import Settings
    from discovery_pipeline.store.files.destinations import Destination

DELIVERED, FAILED, PARTLY, WAITING = 0, 1, 2, 3
"""Exit codes. A failure beats a waiting review, which beats what was left out."""

STEPS = {
    "set_up": "Setting up",
    "source_tables": "Reading the files",
    "column_profile": "Profiling every column",
    "schema_analysis": "Finding keys and relationships",
    "mapping_suggestions": "Matching columns to the target",
    "approval": "Approving what is sure enough",
    "cleansing_plan": "Planning the cleansing",
    "cleansed_tables": "Cleansing",
    "validated_tables": "Holding rows to the contract",
    "quality_report": "Scoring quality",
    "risk_assessment": "Assessing risks",
    "target_files": "Writing files and the report",
}


def run(
    files: Annotated[
        list[Path], typer.Argument(help="CSV, TSV, XLSX, JSON, JSON Lines, Parquet, ZIP, gzip; or a folder.")
    ],
    target: Annotated[str, typer.Option(help="aws, aws-mgn, azure, google, … or a contract file; several by commas.")],
    source: Annotated[str, typer.Option(help="Where the data comes from, e.g. servicenow.")] = "generic",
    out: Annotated[
        str,
        typer.Option(
            help="Where results go, replaced at the end, all at once: a folder, a bucket (s3://…, gs://…, az://…), or "
            "tables of PostgreSQL (postgresql://…?table=NAME)."
        ),
    ] = "out",
    name: Annotated[
        str | None, typer.Option(help="Name of the flow. Default: that of the first file or folder.")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="What you ask of the data, in YAML; rows that break an error are rejected.")
    ] = None,
    profile: Annotated[
        list[Path] | None, typer.Option(help="A saved mapping, which wins over every guess; one for each target.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Tell what is new, changed and gone: since the engagement's `last` delivery, or that of a folder.",
            metavar="last|FOLDER",
        ),
    ] = None,
    ready_only: Annotated[
        bool, typer.Option("--ready-only", help="Deliver to the targets that lack nothing, though others do.")
    ] = False,
    save_profile: Annotated[
        Path | None, typer.Option(help="Keep what was mapped there, for the next export: YAML, or CSV by its name.")
    ] = None,
) -> None:
    """Run the whole pipeline on files, unattended: profile, map, cleanse, validate, deliver.

    Example: `discovery run servers.csv apps.xlsx --source servicenow --target aws --out out/`

    Exit code 0: delivered. 2: delivered, with rows, files or targets left out. 3: nothing delivered, since a required
    field has no mapping that is sure enough. 1: failed.
    """
    from rich.console import Console

    from discovery_pipeline.assets.request import Request
    from discovery_pipeline.settings import read

    settings, system, targets = read(), source.strip().casefold(), _targets(target)
    demands, profiles, destination = _demands(rules), _profiles(profile or ()), _destination(out)
    found, closed = _found(files, Path(out))
    for path, refusal in closed.items():
        typer.echo(f"Error: {path}: {refusal.reason} {refusal.action}", err=True)
    if not found:
        raise typer.Exit(FAILED)
    request = Request(
        files=found,
        source=system,
        targets=targets,
        out=destination,
        name=name or files[0].resolve().stem,
        demands=demands,
        profiles=profiles,
        since=since if since in (None, "last") else str(Path(since).resolve()),
        ready_only=ready_only,
    )
    console = Console(emoji=False)
    outcome = _outcome(console, settings, request)
    _report(console, outcome, destination)
    if not outcome.delivered:
        raise typer.Exit(WAITING)
    if save_profile:
        _save([approval.mapping for approval in outcome.ready], system, save_profile)
    if closed or outcome.partly:
        raise typer.Exit(PARTLY)


def _outcome(console: Console, settings: Settings, request: Request) -> Outcome:
    """Run, with a line a step."""
    from discovery_pipeline.cli.progress import Steps

    with Steps(console, STEPS) as steps:
        # Started before the heavy import below, so that a person sees at once that it works.
        steps("set_up", "started")
        from discovery_pipeline.assets import unattended

        return unattended.run(settings, request, steps)


def _report(console: Console, outcome: Outcome, destination: Destination) -> None:
    """The summary on stdout; what was left out on stderr."""
    from discovery_pipeline.cli import summary

    for line in outcome.left:
        typer.echo(f"Not applied: {line.field.source_field} → {line.field.target_field}: {line.why}.", err=True)
    if not outcome.delivered:
        summary.waiting(console, outcome)
        return
    summary.delivered(console, outcome, destination)
    for file in outcome.intake.files:
        if file.status == "refused":
            typer.echo(f"Left out: {file.file}: {file.reason}", err=True)


def _targets(names: str) -> tuple[Target, ...]:
    found = (_target(name.strip()) for name in names.split(",") if name.strip())
    return tuple({target.name: target for target in found}.values())


def _target(name: str) -> Target:
    """The target of that name, or in that file; one that doesn't ship may be the default engagement's own."""
    from discovery_pipeline.engine import targets
    from discovery_pipeline.errors import TargetError

    try:
        return targets.load(name)
    except TargetError:
        own = () if name.lower().endswith((".yaml", ".yml")) else _own()
        found = next((each for each in own if each.called(name)), None)
        if found is None:
            raise
        return found


def _own() -> Sequence[Target]:
    """Contracts that the default engagement keeps; none where there is no database yet."""
    from discovery_pipeline.settings import read
    from discovery_pipeline.store import contracts
    from discovery_pipeline.store.blocking import open_store

    settings = read()
    if settings.database_url is None and not (settings.root / "postgres").exists():
        return []
    with open_store(settings) as store:
        return [each.target for each in store.wait_for(contracts.kept(store.flows, store.default_tenant()))]


def _destination(out: str) -> Destination:
    from discovery_pipeline.store.files.destinations import destination

    return destination(out)


def _demands(rules: Path | None) -> tuple[Demand, ...]:
    from discovery_pipeline.engine.validation import demands

    return demands.read(rules) if rules else ()


def _profiles(paths: Sequence[Path]) -> tuple[MappingProfile, ...]:
    from discovery_pipeline.engine.mapping import profiles

    return tuple(profiles.read(path) for path in paths)


def _save(mappings: Sequence[Mapping], source: str, path: Path) -> None:
    """One profile a target; where there are several, each file says whose it is."""
    from discovery_pipeline.engine.mapping import profiles

    path.parent.mkdir(parents=True, exist_ok=True)
    for mapping in mappings:
        own = path if len(mappings) == 1 else path.with_stem(f"{path.stem}-{mapping.target}")
        written = profiles.as_csv if own.suffix.lower() == ".csv" else profiles.as_yaml
        own.write_text(written(profiles.made(own.stem, 1, source, mapping)), encoding="utf-8")


def _found(paths: list[Path], out: Path) -> tuple[list[Path], dict[Path, InputRefused]]:
    """The files that are there, each once, those of folders but `out` among them; and why others can't be opened."""
    from discovery_pipeline.engine.intake import check_openable, inside
    from discovery_pipeline.errors import InputRefused

    found: dict[Path, Path] = {}
    closed: dict[Path, InputRefused] = {}
    for path in paths:
        for file in (path.is_dir() and inside(path, without=out)) or [path]:
            try:
                check_openable(file)
            except InputRefused as refusal:
                closed[file] = refusal
            else:
                found[file.resolve()] = file
    return list(found.values()), closed
