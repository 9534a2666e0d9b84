"""Vocabularies: each of a column's values beside the word that the target has for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.mapping import enumerations, transformations
from discovery_pipeline.engine.mapping.enumerations import Counted, Tally
from discovery_pipeline.engine.mapping.model import MappedField
from discovery_pipeline.engine.mapping.transformations import vocabularies
from discovery_pipeline.engine.mapping.transformations.nearness import Nearness
from discovery_pipeline.engine.mapping.transformations.operations import OTHERS
from discovery_pipeline.engine.mapping.transformations.vocabularies import ValueMatch
from discovery_pipeline.engine.targets import TargetField
from discovery_pipeline.errors import TransformationError
from discovery_pipeline.store.reviews.decisions import Decision
from discovery_pipeline.web.faults import InvalidRequest
from discovery_pipeline.web.services.drafting import Draft
from discovery_pipeline.web.services.entries import Choice, Entry


@dataclass(frozen=True, slots=True)
class Line:
    """One value of the source."""

    source: str
    count: int
    target: str  # empty: none of the target's words is meant
    why: str
    near: tuple[str, ...] = ()  # words that come nearest where none is meant, the nearest first
    spellings: tuple[str, ...] = ()  # all ways in which the column writes it


@dataclass(frozen=True)
class Vocabulary:
    """A column's values, and the words that the target takes."""

    matches: tuple[Line, ...]  # those without a word first, then the most frequent
    allowed: tuple[str, ...]
    keeps: bool  # values without a word stay as they are, since another field completes them or a part is enough
    completed_by: str  # that field, where a column fills it; empty where there is none
    required: bool  # whether rows without a word are refused
    others: int = 0  # values that aren't matched, since they are rare
    other_rows: int = 0  # rows that hold these

    @property
    def without(self) -> int:
        """Rows whose value has no word."""
        return sum(line.count for line in self.matches if not line.target)

    @property
    def wordless(self) -> int:
        """Values without a word."""
        return sum(not line.target for line in self.matches)

    def lines(self, first: int = 0, last: int | None = None) -> tuple[Line, ...]:
        """Some of the values, with the words that come nearest where none is meant."""
        return tuple(self._told(line) for line in self.matches[first:last])

    def transformation(self, chosen: Mapping[str, str]) -> str | None:
        """What makes the chosen words of the values, in the mini-language; those that aren't named keep theirs.

        What is offered a word and chosen none is said to have none, so that the next export isn't offered it again.
        The target's own words go through, whether or not a cell holds them by now: one may be corrected to them.
        None where every value is the target's own word.
        """
        named = {old.strip().lower(): new for old, new in chosen.items()}
        words = [(line, named.get(line.source.lower(), line.target)) for line in self.matches]
        stays = self.keeps or self.others > 0  # nobody saw the rare ones: the target shall say what is wrong with them
        if stays:  # here each spelling counts
            pairs = [(old, new) for line, new in words for old in line.spellings if _said(line, new, keeps=self.keeps)]
            listed = _listed((old, new) for old, new in pairs if old != new)
            return f"trim | lookup({listed})" if listed else None
        pairs = [(line.source, new) for line, new in words if _said(line, new, keeps=False)]
        held = {line.source.lower() for line in self.matches}
        own = ((word, word) for word in self.allowed if word.lower() not in held)
        return f"map_values({_listed((*pairs, *own))})"

    def _told(self, line: Line) -> Line:
        if line.target:
            return line
        near = self._nearness.nearest(line.source)
        return replace(line, near=near, why=line.why or (f"nearest is {near[0]}" if near else "nothing is near"))

    @cached_property
    def _nearness(self) -> Nearness:
        return Nearness(self.allowed)


def _said(line: Line, word: str, *, keeps: bool) -> bool:
    """Whether a transformation says what becomes of a value: a word, or that it has none though one was offered."""
    return bool(word) or bool(line.target and not keeps)


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    quoted = transformations.quoted
    listed = ", ".join(f"{quoted(old)}: {quoted(new)}" for old, new in pairs)
    return f"{{{listed}}}" if listed else ""


def vocabulary(held: Tally, field: MappedField, wanted: TargetField, completed_by: str = "") -> Vocabulary | None:
    """The values to be matched; None where the target takes any value, or the column has none.

    `completed_by` is the field that completes this one, where a column fills it.
    """
    listing = vocabularies.listing(wanted)
    if not listing.allowed or not held.values:
        return None
    so_far = _SoFar.of(field)
    found = vocabularies.matched(listing, held.pairs)
    lines = [so_far.line(match, one, listing.allowed) for match, one in zip(found, held.values, strict=True)]
    return Vocabulary(
        matches=tuple(sorted(lines, key=lambda line: (bool(line.target), -line.count))),
        allowed=listing.allowed,
        keeps=wanted.match == "contains" or wanted.completed_by is not None,
        completed_by=completed_by,
        required=wanted.required,
        others=held.others,
        other_rows=held.other_rows,
    )


def vocabulary_of(draft: Draft, entry: Entry) -> Vocabulary | None:
    """That of the field which the column fills; None where it fills none, or one that takes any value."""
    field = next(iter(entry.fields), None)
    table = next((each for each in draft.tables if each.name == entry.table), None)
    if field is None or table is None or draft.profile is None:
        return None
    try:
        wanted = draft.target.table(field.target_table).field(field.target_field)
    except KeyError:
        return None
    if not vocabularies.listing(wanted).allowed:
        return None
    with duck.connect() as con:
        held = enumerations.tally(con, table, draft.profile.table(entry.table).column(entry.column))
    completing = (entry.table, field.target_table, wanted.completed_by or "")
    with draft.taught():
        return vocabulary(held, field, wanted, completing[-1] if completing in draft.filled else "")


def matching(draft: Draft, entry: Entry, chosen: Mapping[str, str]) -> Decision:
    """The decision that the column's values become these words; those that aren't named keep what is offered.

    Raises
    ------
    InvalidRequest
        The column fills nothing that has a fixed list, no value has a word, or a word isn't in the list.
    """
    words = vocabulary_of(draft, entry)
    if words is None:
        raise InvalidRequest("Choose a target field first: one that takes a fixed list.")
    if unknown := sorted(set(filter(None, chosen.values())) - set(words.allowed)):
        raise InvalidRequest(f"The target doesn't take {unknown[0]!r}, but {', '.join(words.allowed[:20])}.")
    named = {old.strip().lower() for old in chosen}
    if not any(chosen.values()) and not any(m.target for m in words.matches if m.source.lower() not in named):
        raise InvalidRequest("Choose a word of the target for one value at least.")
    made = entry.fields[0].model_copy(update={"transformation": words.transformation(chosen), "origin": "user"})
    return Choice(standing="accepted", fields=(made,)).decision(entry.subject, entry.seen)


@dataclass(frozen=True, slots=True)
class _SoFar:
    """What a field's transformation says of values by now."""

    words: Mapping[str, str]  # in small letters
    whose: str
    empties: bool  # whether values of which it says nothing are left empty

    @classmethod
    def of(cls, field: MappedField) -> _SoFar:
        try:
            last = transformations.parse(field.transformation).steps[-1] if field.transformation else None
        except TransformationError:
            last = None
        told = last is not None and last.operation == "map_values" and OTHERS not in dict(last.pairs)
        said = {old.strip().lower(): new for old, new in transformations.replaced(field.transformation).items()}
        return cls(said, "as it was approved before" if field.origin == "memory" else "as it is mapped now", told)

    def line(self, found: ValueMatch, one: Counted, allowed: tuple[str, ...]) -> Line:
        """A value with the word that it has by now, else with the one that is offered."""
        said = self.words.get(found.value.lower())
        if said is not None:
            why = found.reason if said == found.target else self.whose
            return Line(found.value, one.rows, said if said in allowed else "", why, spellings=one.spellings)
        if found.target is None:
            return Line(found.value, one.rows, "", "", spellings=one.spellings)
        counts = found.read and not self.empties
        why = found.reason if counts else f"{found.reason}; it counts once you use these values"
        return Line(found.value, one.rows, found.target, why, spellings=one.spellings)


__all__ = ["Line", "Vocabulary", "matching", "vocabulary", "vocabulary_of"]
