"""Vocabularies: each of a column's values beside the word that the target has for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import MappedField
from discovery_pipeline.engine.mapping.transformations import vocabularies
from discovery_pipeline.engine.mapping.transformations.nearness import Nearness
from discovery_pipeline.engine.mapping.transformations.vocabularies import ValueMatch
from discovery_pipeline.engine.profiling.model import ColumnProfile
from discovery_pipeline.engine.targets import TargetField
from discovery_pipeline.store.reviews.decisions import Decision
from discovery_pipeline.web.faults import InvalidRequest
from discovery_pipeline.web.services.drafting import Choice, Draft, Entry


@dataclass(frozen=True, slots=True)
class Line:
    """One value of the source."""

    source: str
    count: int
    target: str  # empty: none of the target's words is meant
    why: str
    near: tuple[str, ...] = ()  # words that come nearest where none is meant, the nearest first


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A column's values, and the words that the target takes."""

    lines: tuple[Line, ...]
    allowed: tuple[str, ...]
    keeps: bool  # values without a word stay as they are, since another field completes them or a part is enough
    completed_by: str  # that field; empty where there is none
    others: int  # values that aren't shown, since they are rare

    @property
    def without(self) -> int:
        """Rows whose value has no word."""
        return sum(line.count for line in self.lines if not line.target)

    def transformation(self, chosen: Mapping[str, str]) -> str:
        """What makes the chosen words of the values, in the mini-language.

        What is offered a word and chosen none is said to have none, so that the next export isn't offered it again.
        """
        quoted = transformations.quoted
        named = {old.strip().lower() for old, new in chosen.items() if new}
        offered = (line.source for line in self.lines if line.target and not self.keeps)
        none = {old: "" for old in offered if old.lower() not in named}
        said = none | {old: new for old, new in chosen.items() if new}
        pairs = ", ".join(f"{quoted(old)}: {quoted(new)}" for old, new in said.items())
        return f"trim | lookup({{{pairs}}})" if self.keeps else f"map_values({{{pairs}}})"


def vocabulary(profile: ColumnProfile | None, field: MappedField, wanted: TargetField) -> Vocabulary | None:
    """The values to be matched; None where the target takes any value, or the column has none."""
    listing = vocabularies.listing(wanted)
    allowed = listing.allowed
    if not allowed or profile is None or not profile.top_values:
        return None
    decided = {old.strip().lower(): new for old, new in transformations.replaced(field.transformation).items()}
    whose = "as it was approved before" if field.origin == "memory" else "as it is mapped now"
    counts: dict[str, tuple[str, int]] = {}
    for one in profile.top_values:  # white space and case make no other value
        shown, count = counts.get(one.value.strip().casefold(), (one.value.strip(), 0))
        counts[one.value.strip().casefold()] = (shown, count + one.count)
    nearness = Nearness(allowed)
    matches = vocabularies.matched(listing, counts.values())
    return Vocabulary(
        lines=tuple(_line(found, allowed, decided, whose, nearness) for found in matches),
        allowed=allowed,
        keeps=wanted.match == "contains" or wanted.completed_by is not None,
        completed_by=wanted.completed_by or "",
        others=max(profile.distinct_count - len(profile.top_values), 0),
    )


def vocabulary_of(draft: Draft, entry: Entry) -> Vocabulary | None:
    """That of the field which the column fills; None where it fills none, or one that takes any value."""
    field = next(iter(entry.fields), None)
    if field is None or draft.profile is None:
        return None
    try:
        wanted = draft.target.table(field.target_table).field(field.target_field)
    except KeyError:
        return None
    return vocabulary(draft.profile.table(entry.table).column(entry.column), field, wanted)


def matching(draft: Draft, entry: Entry, chosen: Mapping[str, str]) -> Decision:
    """The decision that the column's values become these words.

    Raises
    ------
    InvalidRequest
        The column fills nothing that has a fixed list, or a word isn't in it.
    """
    words = vocabulary_of(draft, entry)
    if words is None or not chosen:
        raise InvalidRequest("Choose a target field first, and a word of the target for one value at least.")
    if unknown := sorted(set(chosen.values()) - set(words.allowed)):
        raise InvalidRequest(f"The target doesn't take {unknown[0]!r}, but {', '.join(words.allowed[:20])}.")
    made = entry.fields[0].model_copy(update={"transformation": words.transformation(chosen), "origin": "user"})
    return Choice(standing="accepted", fields=(made,)).decision(entry.subject, entry.seen)


def _line(
    found: ValueMatch, allowed: tuple[str, ...], decided: Mapping[str, str], whose: str, nearness: Nearness
) -> Line:
    if (said := decided.get(found.value.lower())) is not None:
        why = found.reason if said == found.target else whose
        return Line(found.value, found.count, said if said in allowed else "", why)
    if found.target is not None:
        return Line(found.value, found.count, found.target, found.reason)
    near = nearness.nearest(found.value)
    return Line(found.value, found.count, "", f"nearest is {near[0]}" if near else "nothing is near", near)


__all__ = ["Line", "Vocabulary", "matching", "vocabulary", "vocabulary_of"]
