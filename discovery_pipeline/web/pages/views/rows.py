"""Rows of the review: everything that a line says of one source column, ready to be placed on the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import duckdb

from discovery_pipeline.engine import units
from discovery_pipeline.engine.delivery.report.masking import Mask
from discovery_pipeline.engine.mapping import memory, transformations
from discovery_pipeline.engine.mapping.model import DataType, MappedField, tier
from discovery_pipeline.engine.mapping.transformations.previewing import Change, Preview, preview
from discovery_pipeline.engine.mapping.transformations.ranges import Delivered, suspicious
from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile
from discovery_pipeline.engine.targets import TargetField
from discovery_pipeline.engine.targets.forms import SAID, item_type
from discovery_pipeline.errors import TransformationError
from discovery_pipeline.web.services.drafting import Draft
from discovery_pipeline.web.services.entries import Entry

Tier = Literal["high", "check", "none"]
TIERS: Mapping[str, Tier] = {"High": "high", "Check": "check", "No match": "none"}

SAMPLES = 4
TRIALS = 3
REASONS = 2
_NUMBERS = frozenset(("integer", "float", "string"))  # text may be numbers with units beside them

_KINDS = {"suggested": "score", "agent": "agent", "memory": "memory", "user": "your choice"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A value and how often it stands."""

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class Goes:
    """One target field that the column fills."""

    table: str
    field: str
    takes: str  # the field's type and unit in words
    required: bool
    transformation: str
    formulas: tuple[str, ...]  # what its conversions of units multiply by
    data_type: DataType
    trial: tuple[Change, ...]
    losses: tuple[str, ...]
    errors: tuple[str, ...]
    odd: tuple[str, ...]  # why its numbers can hardly be what the field means


@dataclass(frozen=True, slots=True)
class Rival:
    """Another column for the same field."""

    key: str
    column: str
    tier: Tier
    confidence: float
    fills: bool  # or would, if it were chosen


@dataclass(frozen=True, slots=True)
class Row:
    """One source column on the review page."""

    key: str
    seen: int
    table: str
    column: str
    type: str
    meaning: str
    filled: float  # 0..1
    distinct: int
    samples: tuple[Sample, ...]
    goes: tuple[Goes, ...]
    tier: Tier
    confidence: float
    why: tuple[str, ...]
    again: str  # what is new since people rejected it
    kind: str  # where the suggestion comes from
    standing: str
    changed: bool
    suits: str  # the field that it would fill if another column didn't
    rivals: tuple[Rival, ...]  # other columns for what it fills, or would
    conflict: bool  # whether that wants a decision
    advice: str  # what may be done about its rivals
    together: str  # what it and its rivals hold in common, counted
    by: str
    at: datetime | None
    reason: str


class Rows:
    """Makes rows of one draft."""

    def __init__(self, con: duckdb.DuckDBPyConnection, draft: Draft, profile: Profile, mask: Mask) -> None:
        self._con, self._draft, self._mask = con, draft, mask
        self._profiles: Mapping[tuple[str, str], ColumnProfile] = {
            (table.name, column.name): column for table in profile.tables for column in table.columns
        }
        self._counts = {table.name: table.row_count for table in profile.tables}

    def tier(self, entry: Entry) -> Tier:
        """How sure the match is, in three words; of a column that fills nothing, with the field that suits it best."""
        return TIERS[tier(self._confidence(entry))] if entry.fields or entry.key in self._draft.challenges else "none"

    def of(self, entries: Iterable[Entry]) -> list[Row]:
        """A row for each entry."""
        return [self.row(entry) for entry in entries]

    def row(self, entry: Entry) -> Row:
        """All that the line says."""
        profile = self.profile(entry)
        surest = max(entry.fields, key=lambda f: f.confidence, default=None)
        again = memory.news_of(surest.evidence) if surest else ""
        challenge = self._draft.challenges.get(entry.key)
        why = _besides(again, surest.evidence) if surest else self._nearest(entry)
        return Row(
            key=entry.key,
            seen=entry.seen,
            table=entry.table,
            column=entry.column,
            type=profile.inferred_type if profile else "",
            meaning=_meaning(profile),
            filled=self._filled(entry.table, profile),
            distinct=profile.distinct_count if profile else 0,
            samples=self._samples(entry, profile),
            goes=tuple(self._goes(entry, field) for field in entry.fields),
            tier=self.tier(entry),
            confidence=self._confidence(entry),
            why=tuple(self._mask.text(reason) for reason in (*why[:REASONS], *_refused(entry))),
            again=self._mask.text(again),
            kind=_kind(surest) if surest else "",
            standing=entry.standing,
            changed=entry.changed,
            suits=challenge.match.target_field if challenge else "",
            rivals=tuple(self._rivals(entry)),
            conflict=entry.key in self._draft.conflicts,
            advice=self._mask.text(self._draft.advised(entry)) if challenge else "",
            together=self._mask.text(self._draft.explained(entry)) if challenge else "",
            by=entry.decided.by if entry.decided else "",
            at=entry.decided.at if entry.decided else None,
            reason=entry.decided.reason if entry.decided else "",
        )

    def profile(self, entry: Entry) -> ColumnProfile | None:
        """What the column looks like."""
        return self._profiles.get((entry.table, entry.column))

    def trial(self, entry: Entry, transformation: str | None, data_type: DataType) -> Preview:
        """What a transformation makes of the column's most frequent values."""
        profile = self.profile(entry)
        values = [v.value for v in profile.top_values[: TRIALS + 2]] if profile else []
        return self._tried(entry, values, transformation, data_type)

    def _tried(self, entry: Entry, values: list[str], transformation: str | None, data_type: DataType) -> Preview:
        try:
            others = transformations.parse(transformation).references if transformation else ()
        except TransformationError as error:
            return Preview(errors=(str(error),))
        sample: dict[str, list[str | None]] = {entry.column: list(values)}
        for other in others:
            beside = self._profiles.get((entry.table, other))
            if beside is not None:
                known: list[str | None] = [v.value for v in beside.top_values]
                sample[other] = (known + [None] * len(values))[: len(values)]
        return preview(self._con, sample, entry.column, transformation, data_type)

    def open(self, entry: Entry) -> bool:
        """Whether who looks may see the column's values."""
        return not self._mask.column(entry.table, entry.column)

    def masked(self, entry: Entry, change: Change) -> Change:
        """A change as it may be shown to who looks."""
        if self.open(entry):
            return change
        hidden = [self._mask.value(entry.table, entry.column, v) if v else v for v in (change.before, change.after)]
        return Change(before=hidden[0], after=hidden[1], fits=change.fits)

    def _goes(self, entry: Entry, field: MappedField) -> Goes:
        found = self.trial(entry, field.transformation, field.data_type) if field.transformation else Preview()
        wanted = _wanted(self._draft, field)
        return Goes(
            table=field.target_table,
            field=field.target_field,
            takes=takes(wanted) if wanted else "",
            required=field.is_required,
            transformation=field.transformation or "",
            formulas=formulas(field.transformation),
            data_type=field.data_type,
            trial=tuple(self.masked(entry, change) for change in found.changes[:TRIALS]),
            losses=tuple(self._mask.text(loss) for loss in found.losses if loss not in _possible(field)),
            errors=tuple(self._mask.text(error) for error in found.errors),
            odd=self._odd(entry, field, wanted) if wanted else (),
        )

    def _odd(self, entry: Entry, field: MappedField, wanted: TargetField) -> tuple[str, ...]:
        """Why what comes out can hardly be meant, by the column's frequent values and its ends."""
        profile = self.profile(entry)
        measured = wanted.unit or wanted.minimum is not None or wanted.maximum is not None
        if profile is None or not measured or profile.inferred_type not in _NUMBERS:
            return ()
        counts = [(one.value, one.count) for one in profile.top_values]
        counts += [(str(end), 1) for end in (profile.min, profile.max) if end is not None]
        found = self._tried(entry, [value for value, _ in counts], field.transformation, field.data_type)
        made = [Delivered(c.after, n) for c, (_, n) in zip(found.changes, counts, strict=False) if c.after]
        return suspicious(made, wanted)

    def _confidence(self, entry: Entry) -> float:
        challenge = self._draft.challenges.get(entry.key)
        return challenge.match.confidence if challenge else entry.confidence

    def _rivals(self, entry: Entry) -> Iterator[Rival]:
        challenge = self._draft.challenges.get(entry.key)
        for other in challenge.by if challenge else self._draft.conflicts.get(entry.key, ()):
            yield Rival(other.key, other.column, self.tier(other), self._confidence(other), other.live)

    def _nearest(self, entry: Entry) -> tuple[str, ...]:
        """Why a column goes nowhere: what came nearest, and what fills that instead."""
        best = next(iter(entry.alternatives), None)
        if best is None:
            return ("the target has nothing like it",)
        if entry.key in self._draft.challenges:
            return best.evidence
        fills = self._draft.filled.get((entry.table, best.target_table, best.target_field), ())
        rival = next((f"; {other.column} fills it" for other in fills if other.key != entry.key), "")
        if memory.refused(best.evidence):
            return ()
        return (f"nearest is {best.target_field}, at {best.confidence:.0%}{rival}",)

    def _samples(self, entry: Entry, profile: ColumnProfile | None) -> tuple[Sample, ...]:
        top = profile.top_values[:SAMPLES] if profile else ()
        return tuple(Sample(self._mask.value(entry.table, entry.column, v.value), v.count) for v in top)

    def _filled(self, table: str, profile: ColumnProfile | None) -> float:
        rows = self._counts.get(table, 0)
        if not rows or profile is None:
            return 0.0
        missing = profile.null_count + sum(token.count for token in profile.null_tokens)
        return max(rows - missing, 0) / rows


def _besides(again: str, reasons: Iterable[str]) -> list[str]:
    """Reasons but for those that are new since the pair was rejected, which are told by themselves."""
    return [reason for reason in reasons if not again or (again not in reason and reason not in again)]


def _refused(entry: Entry) -> tuple[str, ...]:
    """What the column isn't offered for, since people rejected it."""
    filled = {field.target_field for field in entry.fields}
    refused = (other.target_field for other in entry.alternatives if memory.refused(other.evidence))
    field = next((name for name in refused if name not in filled), "")
    return (f"you rejected {field} before, and nothing new speaks for it",) if field else ()


def _possible(field: MappedField) -> tuple[str, ...]:
    """What a transformation may lose with other values; the line tells what these lose, the panel tells both."""
    try:
        return transformations.parse(field.transformation).losses if field.transformation else ()
    except TransformationError:
        return ()


def _kind(field: MappedField) -> str:
    """Where a suggestion comes from: a saved mapping says so in its reasons."""
    saved = any(reason.startswith("saved mapping") for reason in field.evidence)
    return "saved mapping" if saved and field.origin == "memory" else _KINDS[field.origin]


def takes(field: TargetField) -> str:
    """What a target field takes, in words: "a number in MB"."""
    said = SAID.get(item_type(field), "text") if field.type != "string" else "text"
    return f"{said} in {field.unit}" if field.unit else said


def _wanted(draft: Draft, field: MappedField) -> TargetField | None:
    try:
        return draft.target.table(field.target_table).field(field.target_field)
    except KeyError:
        return None


def _meaning(profile: ColumnProfile | None) -> str:
    if profile is None:
        return ""
    return " ".join(p for p in ((profile.semantic_type or "").replace("_", " "), profile.unit or "") if p)


def formulas(transformation: str | None) -> tuple[str, ...]:
    """How units of each conversion in it relate, the larger one first: "1 GB = 1,024 MB"."""
    try:
        steps = transformations.parse(transformation).steps if transformation else ()
    except TransformationError:
        return ()
    pairs = [tuple(map(str, step.arguments[:2])) for step in steps if step.operation == "convert"]
    return tuple(filter(None, (units.relation(*pair) for pair in pairs if len(pair) == 2)))
