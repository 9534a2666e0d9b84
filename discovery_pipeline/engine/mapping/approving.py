"""Approving without a person: what is sure enough is taken, the rest is listed, and what blocks delivery is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from discovery_pipeline.engine.mapping import model
from discovery_pipeline.engine.mapping.model import Approval, Feed, MappedField, Place, Suggestions
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
    feeds = _feeds(suggestions, target, {f.place for f in suggestions.assignment if f.confidence >= threshold})
    whole = [f for f in feeds if not f.lacks]
    whole = [f for f in whole if not _lone(f, whole)]
    there = {f.table.name for f in whole}
    whole = [f for f in whole if referred(f.table) <= there]
    taken = tuple(field for feed in whole for field in feed.sure)
    return Approval(
        mapping=model.Mapping(target=target.name, fields=taken),
        waiting=_waiting(feeds, whole, target),
        missing=() if whole else tuple(_missing(feeds, target, threshold)),
    )


def waiting(suggestions: Suggestions, target: Target, mapping: model.Mapping) -> tuple[MappedField, ...]:
    """What of an offer is left to a person beside the mapping that was taken of it."""
    feeds = _feeds(suggestions, target, {f.place for f in mapping.fields})
    taken = {f.feed for f in mapping.fields}
    return _waiting(feeds, [f for f in feeds if (f.source, f.table.name) in taken], target)


def _waiting(feeds: Sequence[_Feed], whole: Sequence[_Feed], target: Target) -> tuple[MappedField, ...]:
    """What a person may decide: the doubts about tables that give rows, or that would but for them.

    A table about other things, that happens to have a column which a field would take, is nobody's decision.
    """
    given = {f.table.name for f in whole}
    nearest = [_nearest(feeds, table) for table in target.tables if table.name not in given]
    near = [f for f in nearest if f.sure or not referred(f.table)]
    many = [f for f in feeds if len(f.sure) >= _MANY]
    open_ = {id(f): f for f in (*whole, *near, *many)}
    return tuple(field for feed in open_.values() for field in feed.unsure)


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


def _feeds(suggestions: Suggestions, target: Target, sure: AbstractSet[Place]) -> list[_Feed]:
    """The feeds of every source table that gives rows, where these places are surely filled."""
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
            sure,
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


def _feed(source: str, table: TargetTable, mine: Sequence[MappedField], sure: AbstractSet[Place]) -> _Feed:
    unsure = tuple(f for f in mine if f.place not in sure)
    return _Feed(source, table, tuple(f for f in mine if f.place in sure), unsure)


def _nearest(feeds: Sequence[_Feed], table: TargetTable) -> _Feed:
    """Of all sources, the one that comes nearest to giving rows of a table; an empty one where none offers any."""
    offers = [f for f in feeds if f.table.name == table.name] or [_Feed("", table, (), ())]
    return min(offers, key=lambda f: (len(f.lacks), -len(f.sure)))


def _missing(feeds: Sequence[_Feed], target: Target, threshold: float) -> Iterable[str]:
    """For each table that stands by itself, what its nearest source lacks."""
    for table in standing(target):
        nearest = _nearest(feeds, table)
        where = f" from {nearest.source}" if nearest.source else ""
        for lack in nearest.lacks:
            yield f"{target.name} {table.name}: no mapping{where} reaches {threshold:g} for {lack}"
