"""The panel of one column: alternatives, the transformation on its samples, values, facts, and who decided what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from discovery_pipeline.engine.mapping.model import DataType, Match
from discovery_pipeline.engine.mapping.transformations import datatypes
from discovery_pipeline.engine.mapping.transformations.previewing import Preview
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.profiling.model import ColumnProfile
from discovery_pipeline.engine.shares import percent
from discovery_pipeline.store.reviews.decisions import Decided
from discovery_pipeline.web.pages.views.paging import Page, paged
from discovery_pipeline.web.pages.views.rows import TIERS, Row, Rows
from discovery_pipeline.web.services.drafting import Draft
from discovery_pipeline.web.services.entries import Choice, Entry
from discovery_pipeline.web.services.vocabularies import Line, Vocabulary, vocabulary_of

LONGEST, SHORTEST = 100, 10
"""Values on a page."""
OPTIONS = 10_000
"""Words to choose from on a page, over all its values."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another field that the column could fill."""

    table: str
    field: str
    tier: str
    confidence: float
    why: str
    fit: str  # how its samples fit
    taken: str  # the column that fills it now


@dataclass(frozen=True, slots=True)
class TargetTableFields:
    """Fields to choose from."""

    name: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """One decision in words."""

    said: str
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Words:
    """A column's values beside the words that its field takes, a page of them."""

    lines: tuple[Line, ...]
    allowed: tuple[str, ...]
    none: str  # what it means to choose no word
    said: str  # what becomes of values without a word
    page: Page


@dataclass(frozen=True, slots=True)
class Panel:
    """Everything about one column."""

    row: Row
    alternatives: tuple[Alternative, ...]
    targets: tuple[TargetTableFields, ...]
    chosen: str  # "table|field"
    transformation: str
    data_type: DataType
    preview: Preview
    facts: tuple[tuple[str, str], ...]
    history: tuple[Past, ...]
    values: Words | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What of a panel is asked for: the page of its values, and what somebody typed."""

    page: int
    href: Callable[[int], str]  # of another page of values
    edit: Edit | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody typed and hasn't decided yet."""

    table: str
    field: str
    transformation: str
    data_type: DataType


def panel(rows: Rows, draft: Draft, entry: Entry, log: Sequence[Decided], asked: Opened) -> Panel:
    """The panel of that entry; with an edit, as it would be."""
    edit = asked.edit
    field = next(iter(entry.fields), None)
    chosen = f"{field.target_table}|{field.target_field}" if field else ""
    transformation, data_type = (field.transformation or "", field.data_type) if field else ("", "string")
    if edit:
        chosen = f"{edit.table}|{edit.field}" if edit.field else ""
        transformation, data_type = edit.transformation, edit.data_type
    found = rows.trial(entry, transformation or None, data_type)
    shown = found.model_copy(update={"changes": tuple(rows.masked(entry, change) for change in found.changes)})
    return Panel(
        row=rows.row(entry),
        alternatives=tuple(_alternative(rows, draft, entry, match) for match in entry.alternatives),
        targets=tuple(TargetTableFields(t.name, tuple(f.name for f in t.fields)) for t in draft.target.tables),
        chosen=chosen,
        transformation=transformation,
        data_type=data_type,
        preview=shown,
        facts=tuple(_facts(rows.profile(entry))),
        values=_words(vocabulary_of(draft, entry), asked) if rows.open(entry) else None,
        history=tuple(past(one) for one in reversed(log) if one.subject == entry.subject),
    )


def _words(found: Vocabulary | None, asked: Opened) -> Words | None:
    if found is None:
        return None
    size = max(SHORTEST, min(LONGEST, OPTIONS // len(found.allowed)))
    page = paged(len(found.matches), size, asked.page, asked.href)
    none, becomes = _nothing(found)
    lost = f"{counted(found.wordless, 'value')} in {counted(found.without, 'row')}"
    said = [f"No word for {lost}: {becomes}." if found.without else "Every value has its word."]
    if page.of > 1:
        said.append("What other pages hold keeps the words that stand there.")
    if found.others:
        beyond = f"{counted(found.others, 'rarer value')} in {counted(found.other_rows, 'row')}"
        most = f"The {len(found.matches):,} most frequent values can be matched here"
        said.append(f"{most}; {beyond} go on as they are, and the target refuses those that it doesn't list.")
    return Words(found.lines(page.offset, page.last), found.allowed, none, " ".join(said), page)


def _nothing(found: Vocabulary) -> tuple[str, str]:
    """What it means to choose no word for a value, and what becomes of those that have none."""
    if found.completed_by:
        completed = f"if {found.completed_by} completes it"
        return f"as it is, {completed}", f"{found.completed_by} has to complete them, else the target refuses them"
    if found.keeps:
        return "no word: refused", "the target refuses them"
    if found.required:
        return "no word: its rows are refused", "they are left empty, and the target refuses their rows"
    return "left empty", "they are left empty"


def _alternative(rows: Rows, draft: Draft, entry: Entry, match: Match) -> Alternative:
    field = draft.offer(entry, match.target_table, match.target_field)
    found = rows.trial(entry, field.transformation, field.data_type)
    fits = sum(change.fits and change.after is not None for change in found.changes)
    kind = datatypes.of_field(draft.target.table(match.target_table).field(match.target_field).type)
    others = draft.filled.get((entry.table, match.target_table, match.target_field), ())
    return Alternative(
        table=match.target_table,
        field=match.target_field,
        tier=TIERS[match.tier],
        confidence=match.confidence,
        why=next(iter(match.evidence), ""),
        fit=f"{fits} of {counted(len(found.changes), 'sample')} fit {kind}" if found.changes else "no samples",
        taken=next((other.column for other in others if other.key != entry.key), ""),
    )


def _facts(profile: ColumnProfile | None) -> Iterable[tuple[str, str]]:
    if profile is None:
        return
    yield "Empty", f"{profile.null_count:,} ({percent(profile.null_ratio)})"
    if profile.null_tokens:
        yield "Stands for nothing", ", ".join(f"{t.value!r} {t.count:,}×" for t in profile.null_tokens[:5])
    yield "Distinct", f"{profile.distinct_count:,}{'' if profile.distinct_is_exact else ', about'}"
    if profile.patterns:
        yield "Written as", ", ".join(f"{p.mask} {p.count:,}×" for p in profile.patterns[:4])
    if profile.min is not None and profile.lengths is None:
        yield "From, to", f"{profile.min} … {profile.max}"
    if profile.pii:
        yield "Personal data", f"{profile.pii.kind.replace('_', ' ')}, {profile.pii.risk} risk"
    for anomaly in profile.anomalies[:3]:
        yield "Noticed", anomaly


def past(one: Decided) -> Past:
    """A decision on a column, in words."""
    return Past(_in_words(one), one.by, one.at, one.reason)


def _in_words(one: Decided) -> str:
    again = "undone: " if one.undoes else ""
    if one.after is None:
        return f"{again}open again"
    choice = Choice.model_validate(one.after)
    fields = ", ".join(
        f"{f.target_field}{f' by {f.transformation}' if f.transformation else ''}" for f in choice.fields
    )
    return f"{again}{choice.standing}{f' as {fields}' if fields and choice.standing == 'accepted' else ''}"
