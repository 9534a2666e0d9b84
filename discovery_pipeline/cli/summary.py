"""What a run says at its end: the numbers a person asks for first, and where everything is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.shares import percent

if TYPE_CHECKING:
    from discovery_pipeline.assets.unattended import Outcome
    from discovery_pipeline.engine.delivery import Delta
    from discovery_pipeline.engine.mapping.model import Approval, MappedField
    from discovery_pipeline.store.files.destinations import Destination

SHOWN = 5
"""Lines of a list before the rest is counted."""

MOST_OFFERED = 20
"""Mappings that are listed for a review."""


def delivered(console: Console, outcome: Outcome, place: Destination) -> None:
    """The summary of a delivery."""
    tables = outcome.intake.tables
    rows = sum(table.row_count for table in tables)
    from discovery_pipeline.store.files.destinations import Folder

    console.print()
    places = f"{counted(len(tables), 'table')} from {counted(len(outcome.intake.files), 'file')}"
    console.print(f"[bold]{rows:,}[/] {'row' if rows == 1 else 'rows'} in {places}", highlight=False)
    if unread := sum(read.rejected_count for file in outcome.intake.files for read in file.tables):
        told = f"{counted(unread, 'more row')} can't be read: rejected_rows.csv says which and why"
        console.print(f"[yellow]{told}[/]", highlight=False)
    console.print(Padding(_targets(outcome), (1, 0, 1, 2)))
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    facts.add_row("Cleansed", _cleansed(outcome))
    facts.add_row("Quality", _quality(outcome))
    facts.add_row("Risks", _risks(outcome))
    for reason in outcome.missing:
        facts.add_row("Left out", f"[yellow]{escape(reason)}[/]")
    for verdict in outcome.verdicts:
        if verdict.rows_rejected and not verdict.rows_delivered:
            told = f"{verdict.target} takes none of these rows; rejected_rows.csv says why, row by row"
            facts.add_row("Nothing", f"[yellow]{escape(told)}[/]")
    if open_ := _open(outcome.ready):
        facts.add_row(
            "For you", f"{counted(len(open_), 'mapping')} not sure enough to take: {_listed(map(_arrow, open_))}"
        )
    facts.add_row("Flow", f"{outcome.flow.slug}   [dim]discovery flows show {outcome.flow.slug}[/]")
    if outcome.delta:
        facts.add_row("Changes", _changes(outcome.delta))
    out = place.path if isinstance(place, Folder) else outcome.results
    facts.add_row("Report", f"[link={(out / 'report.html').resolve().as_uri()}]{out / 'report.html'}[/link]")
    facts.add_row("Files", f"{place}: {', '.join(_files(out))}")
    console.print(Padding(facts, (0, 0, 0, 2)), highlight=False)


def _changes(delta: Delta) -> str:
    if not delta.tables:
        return "there is no earlier delivery to hold it against"
    return "; ".join(
        f"{table.target_table} for {table.target} since {table.since}: {table.new:,} new, {table.changed:,} changed, "
        f"{table.gone:,} gone, {table.same:,} as before"
        for table in delta.tables
    )


def _open(approvals: Iterable[Approval]) -> list[MappedField]:
    """What a person has to decide, the surest first."""
    return sorted((field for approval in approvals for field in approval.waiting), key=lambda f: -f.confidence)


def waiting(console: Console, outcome: Outcome) -> None:
    """What a person has to decide before anything can be delivered, and how."""
    console.print()
    console.print("[bold yellow]Nothing delivered: a review is waiting.[/]")
    for reason in outcome.missing:
        console.print(f"  • {reason}", highlight=False, markup=False)
    if open_ := _open(a for a in outcome.approvals if a.missing):
        table = Table(
            "Source", "Target", "Confidence", "Why", title="Offered, and not sure enough to take", title_justify="left"
        )
        for field in open_[:MOST_OFFERED]:
            table.add_row(
                escape(f"{field.source_table}.{field.source_field}"),
                escape(field.target_field),
                f"{field.confidence:.0%}",
                escape("; ".join(field.evidence[:2])),
            )
        console.print(table)
        if len(open_) > MOST_OFFERED:
            console.print(f"  and {len(open_) - MOST_OFFERED} less sure", highlight=False)
    for line in _ways_on(outcome):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)


def _ways_on(outcome: Outcome) -> Iterator[str]:
    yield "Say what fills it: on the pages (discovery up), or in a saved mapping (--profile), constants among it."
    if ready := [approval.mapping.target for approval in outcome.ready]:
        verb = "lacks" if len(ready) == 1 else "lack"
        yield f"{_and(ready)} {verb} nothing: --ready-only delivers there now."
    yield f"The flow is kept: discovery flows show {outcome.flow.slug}"


def _targets(outcome: Outcome) -> Table:
    table = Table("Target", box=None, header_style="dim", padding=(0, 3, 0, 0))
    for heading in ("Delivered", "Rejected", "Other kinds", "Values left out", "Fields"):
        table.add_column(heading, justify="right")
    for verdict in outcome.verdicts:
        other = sum(f.count for f in verdict.findings if f.rule == "table_not_mapped")
        approval = next(a for a in outcome.approvals if a.mapping.target == verdict.target)
        table.add_row(
            verdict.target,
            f"[green]{verdict.rows_delivered:,}[/]",
            f"{verdict.rows_rejected - other:,}",
            f"[dim]{other:,}[/]",
            f"{verdict.blanked:,}",
            str(len({(f.target_table, f.target_field) for f in approval.mapping.fields})),
        )
    return table


def _cleansed(outcome: Outcome) -> str:
    log = outcome.patches
    if not log.count:
        return "nothing had to be"
    rules = sorted(log.by_rule.items(), key=lambda item: -item[1])
    each = _listed(f"{rule} {count:,}" for rule, count in rules)
    return f"{log.count:,} cells by {counted(len(rules), 'rule')}: {each}"


def _quality(outcome: Outcome) -> str:
    report = outcome.quality
    each = " · ".join(f"{d.dimension} {percent(d.before)} → {percent(d.after)}" for d in report.dimensions)
    return f"{percent(report.before)} → [bold]{percent(report.after)}[/]   [dim]{each}[/]"


def _risks(outcome: Outcome) -> str:
    risks = outcome.risks.risks
    if not risks:
        return "none found"
    high = sum(risk.impact == "high" for risk in risks)
    return f"{len(risks)}, {high} of high impact: {_listed(risk.title for risk in risks)}"


def _arrow(field: MappedField) -> str:
    filled = f"{field.source_table}.{field.source_field} → {field.target_field} {field.confidence:.0%}"
    return escape(filled)


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _listed(items: Iterable[str]) -> str:
    every = list(items)
    rest = len(every) - SHOWN
    return ", ".join(every[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _files(out: Path) -> list[str]:
    return sorted(str(file.relative_to(out)) for file in out.rglob("*") if file.is_file() and file.name[0] != ".")
