"""The panel of one column: alternatives, the transformation on its samples, values, facts, and who decided what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from discovery_pipeline.engine.mapping.model import DataType, Match
from discovery_pipeline.engine.mapping.transformations import datatypes
from discovery_pipeline.engine.mapping.transformations.previewing import Preview
from discovery_pipeline.engine.profiling.model import ColumnProfile
from discovery_pipeline.engine.shares import percent
from discovery_pipeline.store.reviews.decisions import Decided
from discovery_pipeline.web.pages.templating import plural
from discovery_pipeline.web.pages.views.rows import TIERS, Row, Rows
from discovery_pipeline.web.services.drafting import Choice, Draft, Entry
from discovery_pipeline.web.services.vocabularies import Vocabulary, vocabulary_of


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
    values: Vocabulary | None = None

    @property
    def unmatched(self) -> str:
        """What becomes of values without a word."""
        if self.values is None:
            return ""
        becomes = _kept(self.values) if self.values.keeps else "would be left empty"
        lost, others = self.values.without, self.values.others
        said = f"Values of {plural(lost, 'row')} have no word here: they {becomes}." if lost else ""
        more = f"The most frequent values are shown, {plural(others, 'other')} are not." if others else ""
        return " ".join(part for part in (said, more) if part) or "Every value has its word."


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody typed and hasn't decided yet."""

    table: str
    field: str
    transformation: str
    data_type: DataType


def panel(rows: Rows, draft: Draft, entry: Entry, log: Sequence[Decided], edit: Edit | None = None) -> Panel:
    """The panel of that entry; with an edit, as it would be."""
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
        values=vocabulary_of(draft, entry),
        history=tuple(past(one) for one in reversed(log) if one.subject == entry.subject),
    )


def _kept(words: Vocabulary) -> str:
    """What becomes of values that keep their own word."""
    completed = f" unless {words.completed_by} completes them" if words.completed_by else ""
    return f"stay as they are, and the target refuses them{completed}"


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
        fit=f"{fits} of {plural(len(found.changes), 'sample')} fit {kind}" if found.changes else "no samples",
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
