"""The summary: what a reader takes along in a minute, in sentences made from counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from discovery_pipeline.engine.delivery.report.contents import Contents, TargetStory
from discovery_pipeline.engine.delivery.report.samples import Rejection
from discovery_pipeline.engine.findings import Finding, Severity
from discovery_pipeline.engine.phrases import counted, listed
from discovery_pipeline.engine.risk.data_loss import NOT_TAKEN
from discovery_pipeline.engine.risk.outcomes import Outcome
from discovery_pipeline.engine.validation.feeds import NOT_MAPPED

PROBLEMS, PRECAUTIONS = 5, 2
GRAVE = 6
"""Gravity (1..9) from which a risk is worth a step of its own."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do next, and why."""

    what: str
    why: str


def lead(contents: Contents, ends: Sequence[Outcome], to_correct: int) -> str:
    """What the report says in a few sentences; `to_correct` counts the rejected source rows."""
    rows = sum(table.row_count for table in contents.profile.tables)
    came = f"{counted(rows, 'row')} in {counted(len(contents.profile.tables), 'table')}"
    titles = {story.target.name: story.target.title for story in contents.targets}
    ready = [end for end in ends if end.delivered]
    unready = [title for name, title in titles.items() if name not in {end.verdict.target for end in ready}]
    if not titles:
        return f"{came} were read{_mended(contents)}."
    if not ready:
        return f"{came} were read{_mended(contents)}; nothing is ready for {listed(unready)} yet."
    told = [_by_count(ready, titles)]
    if unready:
        told.append(f"Nothing is ready for {listed(unready)} yet.")
    if to_correct:
        told.append(f"{counted(to_correct, 'row')} {'waits' if to_correct == 1 else 'wait'} for a correction.")
    if unreadable := unreadable_rows(contents):
        told.append(f"{counted(unreadable, 'row')} could not be read.")
    if contents.patches and (changed := contents.patches.count):
        told.append(f"{counted(changed, 'cell')} {'was' if changed == 1 else 'were'} cleansed on the way.")
    return " ".join(told)


def _by_count(ready: Sequence[Outcome], titles: Mapping[str, str]) -> str:
    """Targets that got the same share in one breath, others each for itself."""
    groups: dict[tuple[int, int], list[str]] = {}
    for end in ready:
        groups.setdefault((end.delivered, end.meant), []).append(titles[end.verdict.target])
    parts = [
        f"{'all' if delivered == meant else f'{delivered:,} of'} {meant:,} rows are ready for {listed(goals)}"
        for (delivered, meant), goals in groups.items()
    ]
    sentence = "; ".join(parts) + "."
    return sentence[0].upper() + sentence[1:]


def unreadable_rows(contents: Contents) -> int:
    """Rows that intake kept apart because they can't be read."""
    files = contents.intake.files if contents.intake else ()
    return sum(read.rejected_count for file in files for read in file.tables)


def _mended(contents: Contents) -> str:
    return (
        f", {counted(contents.patches.count, 'cell')} cleansed" if contents.patches and contents.patches.count else ""
    )


def problems(contents: Contents) -> tuple[Finding, ...]:
    """The worst findings: errors first, then by how much they touch; one for each column and rule."""
    worst: dict[tuple[str, str | None, str], Finding] = {}
    losses = (f for f in (contents.risk.findings if contents.risk else ()) if f.rule.startswith("loss."))
    for finding in (*contents.findings, *losses):
        place = (finding.table, finding.column, finding.rule)
        # That a table does not go to a target is a decision; the summary counts its rows apart.
        if finding.count and finding.severity is not Severity.INFO and finding.rule != NOT_MAPPED:
            kept = worst.get(place)
            worst[place] = finding if kept is None or finding.count > kept.count else kept
    return tuple(sorted(worst.values(), key=lambda f: (f.severity.rank, -f.count, f.table, f.column or "")))


def next_steps(contents: Contents, rejected: Sequence[Rejection], to_correct: int) -> tuple[Step, ...]:
    """What to do, in the order in which it helps."""
    return (
        *_decisions(contents.targets),
        *_corrections(rejected, to_correct),
        *_precautions(contents),
        *_deliveries(contents),
    )


def _decisions(stories: Sequence[TargetStory]) -> Iterable[Step]:
    for story in stories:
        if story.missing:
            yield Step(f"Map what {story.target.title} requires", "; ".join(story.missing))
    waiting = [field for story in stories for field in story.waiting]
    if waiting:
        yield Step(
            f"Decide {counted(len(waiting), 'mapping')} that the evidence leaves open",
            listed([f"{f.source_field} → {f.target_field}" for f in waiting[:3]]) + (" …" if len(waiting) > 3 else ""),
        )


def _corrections(rejected: Sequence[Rejection], to_correct: int) -> Iterable[Step]:
    faults = [reason for reason in rejected if not reason.reason.startswith("duplicate of ")]
    if to_correct and faults:
        first = max(faults, key=lambda reason: reason.count)
        yield Step(
            f"Correct {counted(to_correct, 'rejected row')} in rejected_rows.csv and run {_them(to_correct)} again",
            f"most often: {first.reason} ({first.count:,})",
        )


def _precautions(contents: Contents) -> Iterable[Step]:
    """Against the gravest risks. That rows are not taken has its own step, with the reasons."""
    risks = contents.risk.risks if contents.risk else ()
    grave = [risk for risk in risks if risk.gravity >= GRAVE and risk.title != NOT_TAKEN]
    for risk in grave[:PRECAUTIONS]:
        yield Step(risk.mitigation, f"a grave risk: {risk.title[0].lower()}{risk.title[1:]}")


def _deliveries(contents: Contents) -> Iterable[Step]:
    for story in contents.targets:
        if story.files:
            named = [f"{file.path} ({file.row_count:,} rows)" for file in story.files[:3]]
            more = f" and {len(story.files) - 3} more" if len(story.files) > 3 else ""
            yield Step(f"Upload to {story.target.title}", listed(named) + more)


def _them(number: int) -> str:
    return "it" if number == 1 else "them"
