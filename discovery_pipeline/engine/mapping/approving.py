"""Approving without a person: what is sure enough is taken, the rest is listed, and what blocks delivery is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from discovery_pipeline.engine.mapping import model
from discovery_pipeline.engine.mapping.model import Approval, Feed, MappedField, Suggestions
from discovery_pipeline.engine.mapping.roles import helpers, referred
from discovery_pipeline.engine.schema.model import Description
from discovery_pipeline.engine.targets import Target, TargetTable

_MANY = 4  # fields that a table fills to be taken for one of the rows themselves


@dataclass(frozen=True, slots=True)
class _Feed:
    """What one source table, with those that complete its rows, offers one target table: what is sure, and the rest."""

    source: str
    table: TargetTable
    sure: tuple[MappedField, ...]
    unsure: tuple[MappedField, ...]

    @property
    def lacks(self) -> tuple[str, ...]:
        """What the target table needs of a source that is not there, in words."""
        absent, either = lacking(self.table, {f.target_field for f in self.sure})
        return (*(f"{name} ({self._best(name)})" for name in absent), *either)

    def _best(self, name: str) -> str:
        offered = next((f for f in self.unsure if f.target_field == name), None)
        if offered is None:
            return "nothing is offered"
        return f"best offer: {offered.source_field or offered.transformation}, {offered.confidence:.2f}"


def approve(suggestions: Suggestions, target: Target, threshold: float) -> Approval:
    """Take what is assigned with at least this confidence, from source tables that can fill rows of the target.

    A source table can if the fields that a target table requires, and one whole group of those of which it needs
    one, are among those taken. Where one table fills many fields, another of which a single column is sure waits: it
    rather refers to such rows than holds some. Tables that refer to others of the target count only beside those.
    """
    feeds = _feeds(suggestions, target, threshold)
    whole = [f for f in feeds if not f.lacks]
    whole = [f for f in whole if not _lone(f, whole)]
    there = {f.table.name for f in whole}
    whole = [f for f in whole if referred(f.table) <= there]
    taken = tuple(field for feed in whole for field in feed.sure)
    chosen = {f.feed for f in taken}
    waiting = tuple(f for f in suggestions.assignment if f.confidence < threshold or f.feed not in chosen)
    return Approval(
        mapping=model.Mapping(target=target.name, fields=taken),
        waiting=waiting,
        missing=() if whole else tuple(_missing(feeds, target, threshold)),
    )


def lacking(table: TargetTable, filled: AbstractSet[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Required fields that nothing fills, and the rules "one of …" of which no group is filled, in words."""
    absent = tuple(f.name for f in table.fields if f.required and f.name not in filled)
    rules = (r for r in table.rules if r.kind == "at_least_one_of" and not any(set(g) <= filled for g in r.groups))
    return absent, tuple(f"one of {', '.join(' with '.join(g) for g in r.groups)}" for r in rules)


def standing(target: Target) -> tuple[TargetTable, ...]:
    """The tables of a target that refer to no other: without rows of these there is nothing to deliver."""
    return tuple(table for table in target.tables if not referred(table))


def _lone(feed: _Feed, feeds: Sequence[_Feed]) -> bool:
    rivals = [len(f.sure) for f in feeds if f.table.name == feed.table.name]
    return len(feed.sure) == 1 and max(rivals) >= _MANY


def _feeds(suggestions: Suggestions, target: Target, threshold: float) -> list[_Feed]:
    """The feeds of every source table that gives rows."""
    completed = helpers(suggestions.assignment, target, suggestions.completions)
    by_feed: dict[Feed, list[MappedField]] = defaultdict(list)
    for field in suggestions.assignment:
        by_feed[field.feed].append(field)
    helping = {(_helper(by, source), table) for (source, table), its in completed.items() for by in its}
    return [
        _feed(
            source,
            target.table(table),
            _together(by_feed, (source, table), completed.get((source, table), ())),
            threshold,
        )
        for source, table in by_feed
        if (source, table) not in helping
    ]


def _helper(by: Description, source: str) -> str:
    """Of two tables that belong together, the other one."""
    return by.main if source == by.table else by.table


def _together(
    by_feed: Mapping[Feed, Sequence[MappedField]], feed: Feed, its: Iterable[Description]
) -> list[MappedField]:
    others = (f for by in its for f in by_feed[_helper(by, feed[0]), feed[1]])
    return [*by_feed[feed], *others]


def _feed(source: str, table: TargetTable, mine: Sequence[MappedField], threshold: float) -> _Feed:
    sure = tuple(f for f in mine if f.confidence >= threshold)
    return _Feed(source, table, sure, tuple(f for f in mine if f.confidence < threshold))


def _missing(feeds: Sequence[_Feed], target: Target, threshold: float) -> Iterable[str]:
    """For each table that stands by itself, what its nearest source lacks."""
    for table in standing(target):
        offers = [f for f in feeds if f.table.name == table.name] or [_Feed("", table, (), ())]
        nearest = min(offers, key=lambda f: (len(f.lacks), -len(f.sure)))
        where = f" from {nearest.source}" if nearest.source else ""
        for lack in nearest.lacks:
            yield f"{target.name} {table.name}: no mapping{where} reaches {threshold:g} for {lack}"
