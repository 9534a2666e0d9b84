"""Drafts: a mapping under review, as it is offered and as reviewers decided so far.

Pure. Decisions come from and go to store.decisions; what is approved in the end is checked by the engine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from discovery_pipeline.engine import mapping as engine
from discovery_pipeline.engine.mapping import memory, transformations
from discovery_pipeline.engine.mapping.approving import lacking, standing
from discovery_pipeline.engine.mapping.model import HIGH, Conflict, DataType, MappedField, Match, Suggestions
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable
from discovery_pipeline.errors import TransformationError
from discovery_pipeline.store.reviews.decisions import MAPPING, Decided, Decision, What
from discovery_pipeline.web.services.entries import Choice, Entry

if TYPE_CHECKING:
    from discovery_pipeline.engine.mapping.transformations.proposing import Proposal

Place = tuple[str, str, str]
"""Source table, target table and target field: what only one column may fill."""

OFFERED = 5
"""Alternatives shown for a column."""
CLOSE = 0.2
"""How far a column's confidence may be behind that of what fills its field for the choice to be a person's: what High
asks of a lead."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A field that suits a column which fills nothing, and the columns that fill it now."""

    match: Match
    by: tuple[Entry, ...]

    @property
    def close(self) -> tuple[Entry, ...]:
        """Those of them that nobody decided on, and that are hardly surer."""
        least = self.match.confidence + CLOSE
        return tuple(entry for entry in self.by if entry.standing == "open" and entry.confidence <= least)


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a table of the target can't do without, and what fills it."""

    table: str  # of the target
    source: str  # the table that comes nearest
    wants: str  # a field, or "one of …"
    fields: tuple[str, ...]  # those that would do
    by: tuple[Entry, ...] = ()
    constant: str | None = None
    proposed: MappedField | None = None  # a constant that the contract or the file speaks for

    @property
    def met(self) -> bool:
        """Whether something fills it."""
        return bool(self.by) or self.constant is not None


@dataclass(frozen=True)
class Draft:
    """A mapping to one target under review."""

    target: Target
    entries: tuple[Entry, ...]
    constants: Mapping[str, tuple[MappedField, ...]]  # by source table
    constants_seen: Mapping[str, int]
    tables: tuple[Table, ...]
    suggestions: Suggestions
    profile: Profile | None = None
    dictionaries: Path | None = None  # the user's own

    @cached_property
    def by_key(self) -> dict[str, Entry]:
        """Entries by their short names."""
        return {entry.key: entry for entry in self.entries}

    @cached_property
    def filled(self) -> dict[Place, list[Entry]]:
        """What fills each place, or would."""
        found: dict[Place, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            if entry.live:
                for field in entry.fields:
                    found[entry.table, field.target_table, self._name(entry, field)].append(entry)
        return dict(found)

    @cached_property
    def challenges(self) -> dict[str, Challenge]:
        """By an entry's key, the field that suits it best, of undecided columns whose best field another one fills."""
        used = {(e.table, name) for e in self.entries if e.live for field in e.fields for name in _beside(field)}
        found = {}
        for entry in self.entries:
            match = next(iter(entry.alternatives), None)
            if match is None or entry.fields or entry.standing != "open" or (entry.table, entry.column) in used:
                continue
            by = self.filled.get(match.place, ())
            if by and match.tier != "No match" and not memory.refused(match.evidence):
                found[entry.key] = Challenge(match, tuple(by))
        return found

    @cached_property
    def conflicts(self) -> dict[str, tuple[Entry, ...]]:
        """By an entry's key, the others that fill the same, or would nearly as surely."""
        rivals = [entries for entries in self.filled.values() if len(entries) > 1]
        rivals += [[self.by_key[key], one] for key, challenge in self.challenges.items() for one in challenge.close]
        found: dict[str, dict[str, Entry]] = defaultdict(dict)
        for entries in rivals:
            for one in entries:
                found[one.key] |= {other.key: other for other in entries if other.key != one.key}
        return {key: tuple(others.values()) for key, others in found.items()}

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """What each table of the target that stands by itself needs, from the source that comes nearest."""
        return tuple(need for table in standing(self.target) for need in self._needs(table))

    @cached_property
    def required(self) -> frozenset[str]:
        """Keys of the entries that fill what is needed."""
        return frozenset(entry.key for need in self.needs for entry in need.by)

    @property
    def undecided(self) -> tuple[Entry, ...]:
        """Offers that nobody has decided on."""
        return tuple(entry for entry in self.entries if entry.standing == "open" and entry.fields)

    @property
    def sure(self) -> tuple[Entry, ...]:
        """Offers that nobody has decided on, are High, and fill what nothing else would."""
        return tuple(e for e in self.undecided if e.confidence >= HIGH and e.key not in self.conflicts)

    @cached_property
    def to_check(self) -> frozenset[str]:
        """Keys of the entries that want a look: nobody decided on them, and they aren't sure."""
        sure = {entry.key for entry in self.sure}
        return frozenset(e.key for e in self.entries if e.standing == "open" and e.key not in sure)

    def lists(self, entry: Entry) -> bool:
        """Whether it fills a field that takes a fixed list of values, or would."""
        places = {(f.target_table, f.target_field) for f in entry.fields if entry.live}
        return not places.isdisjoint(self._listed)

    @cached_property
    def _listed(self) -> frozenset[tuple[str, str]]:
        return frozenset((t.name, f.name) for t in self.target.tables for f in t.fields if f.allowed)

    def explained(self, entry: Entry) -> str:
        """What was counted of the columns that could fill the same field as this one, and what may be done about it."""
        return " ".join(conflict.in_words for conflict in self._compared(entry))

    def advised(self, entry: Entry) -> str:
        """What may be done about the columns that could fill the same field as this one."""
        return " ".join(dict.fromkeys(conflict.advice for conflict in self._compared(entry)))

    def _compared(self, entry: Entry) -> Iterator[Conflict]:
        of = (c for c in self.suggestions.conflicts if c.source_table == entry.table)
        return (conflict for conflict in of if entry.column in conflict.source_fields)

    def mapping(self) -> engine.Mapping:
        """What was accepted."""
        chosen = (field for entry in self.entries if entry.standing == "accepted" for field in entry.fields)
        fixed = (field for fields in self.constants.values() for field in fields)
        return engine.Mapping(target=self.target.name, fields=(*chosen, *fixed))

    def accepting(self, entries: Iterable[Entry], *, seen: bool = False) -> list[Decision]:
        """Decisions that accept these entries as they are."""
        wanted = (entry for entry in entries if entry.fields and entry.standing != "accepted")
        return [
            Choice(standing="accepted", fields=entry.fields).decision(entry.subject, entry.seen if seen else None)
            for entry in wanted
        ]

    def preferring(self, entry: Entry, over: Entry | None = None) -> list[Decision]:
        """Decisions that give an entry what suits it, in place of the columns that fill it or are in conflict with it.

        `over` is rejected for it, too, however little it suits.
        """
        challenge = self.challenges.get(entry.key)
        fields = (self._challenged(entry, challenge.match),) if challenge else entry.fields
        places = {(entry.table, f.target_table, self._name(entry, f)) for f in fields}
        made = [Choice(standing="accepted", fields=fields).decision(entry.subject, entry.seen)]
        holding = {one.key: one for place in places for one in self.filled.get(place, ()) if one.key != entry.key}
        for one in holding.values():
            kept = tuple(f for f in one.fields if (one.table, f.target_table, self._name(one, f)) not in places)
            choice = (
                Choice(standing="accepted", fields=kept) if kept else Choice(standing="rejected", fields=one.fields)
            )
            made.append(choice.decision(one.subject, one.seen))
        for key, other in self.challenges.items():
            one, close = self.by_key[key], {rival.key for rival in other.close}
            if other.match.place in places and key != entry.key and (one == over or entry.key in close):
                choice = Choice(standing="rejected", fields=(self._challenged(one, other.match),))
                made.append(choice.decision(one.subject, one.seen))
        return made

    def _challenged(self, entry: Entry, match: Match) -> MappedField:
        return self.offer(entry, match.target_table, match.target_field)

    def offer(self, entry: Entry, table: str, name: str) -> MappedField:
        """That target field for this column, as it was offered, else with the transformation that it needs."""
        known = next((f for f in entry.offered if (f.target_table, f.target_field) == (table, name)), None)
        if known:
            return known
        field = self.target.table(table).field(name)
        match = next((m for m in entry.alternatives if (m.target_table, m.target_field) == (table, name)), None)
        needed = None if match else self._needed(entry, field)
        return MappedField(
            source_table=entry.table,
            source_field=entry.column,
            target_table=table,
            target_field=name,
            transformation=match.transformation if match else needed.transformation if needed else None,
            data_type=match.data_type if match else needed.data_type if needed else "string",
            is_required=field.required,
            confidence=match.confidence if match else 1.0,
            evidence=match.evidence if match else (),
            origin="user",
        )

    def constant(
        self, source: str, table: str, name: str, transformation: str, data_type: DataType = "string"
    ) -> MappedField:
        """That target field with the same value in every row of what a source table delivers."""
        return MappedField(
            source_table=source, source_field="", target_table=table, target_field=name, transformation=transformation,
            data_type=data_type, is_required=self.target.table(table).field(name).required, confidence=1.0,
            origin="user",
        )  # fmt: skip

    def taught(self) -> AbstractContextManager[object]:
        """What is proposed within knows the user's own words, too."""
        from discovery_pipeline.engine.mapping.knowledge import own, using

        return using(own.read(self.dictionaries)) if self.dictionaries else nullcontext()

    def _needed(self, entry: Entry, field: TargetField) -> Proposal | None:
        from discovery_pipeline.engine.mapping.transformations.proposing import for_column

        if self.profile is None:
            return None
        with self.taught():
            return for_column(self.profile.table(entry.table).column(entry.column), field)

    def _name(self, entry: Entry, field: MappedField) -> str:
        """What the field is called in the delivery: under a key, each column has a field of its own."""
        try:
            wanted = self.target.table(field.target_table).field(field.target_field)
        except KeyError:
            return field.target_field
        return wanted.keyed_by(entry.column).name if wanted.template else field.target_field

    def _needs(self, table: TargetTable) -> Iterator[Need]:
        source = self._nearest(table)
        fixed = {f.target_field: f.transformation or "" for f in self.constants.get(source, ())}
        offered = {
            f.target_field: f
            for f in self.suggestions.assignment
            if not f.source_field and f.feed == (source, table.name)
        }
        for field in (f for f in table.fields if f.required):
            yield Need(table.name, source, field.name, (field.name,), self._by(source, table, (field.name,)),
                       fixed.get(field.name), offered.get(field.name))  # fmt: skip
        for rule in table.rules:
            if rule.kind != "at_least_one_of":
                continue
            names = tuple(dict.fromkeys(name for group in rule.groups for name in group))
            whole = [g for g in rule.groups if all(self._by(source, table, (n,)) or n in fixed for n in g)]
            by = self._by(source, table, whole[0]) if whole else ()
            wants = f"one of {', '.join(' with '.join(group) for group in rule.groups)}"
            said = next((fixed[n] for n in (whole[0] if whole else ()) if n in fixed), None)
            yield Need(table.name, source, wants, names, by, said)

    def _by(self, source: str, table: TargetTable, names: Iterable[str]) -> tuple[Entry, ...]:
        places = [(one, table.name, n) for n in names for one in self._together(source, table)]
        return tuple({e.key: e for place in places for e in self.filled.get(place, ())}.values())

    def _together(self, source: str, table: TargetTable) -> tuple[str, ...]:
        """A source table and those that complete its rows."""
        of = (c.by for c in self.suggestions.completions if c.target_table == table.name)
        return (source, *(by.table for by in of if by.main == source))

    def _nearest(self, table: TargetTable) -> str:
        """The source table that fills most of what the target table needs, and most of it besides."""
        sources = dict.fromkeys(entry.table for entry in self.entries)

        def lacks(source: str) -> tuple[int, int]:
            its = self._together(source, table)
            have = {name for (s, t, name) in self.filled if t == table.name and s in its}
            have |= {f.target_field for f in self.constants.get(source, ())}
            absent, either = lacking(table, have)
            return len(absent) + len(either), -len(have)

        return min(sources, key=lacks, default="")


def draft(  # noqa: PLR0913, PLR0917 - each is what one stage knows of the review
    target: Target,
    tables: Sequence[Table],
    suggestions: Suggestions,
    decided: Mapping[What, Decided],
    approved: engine.Mapping | None = None,
    profile: Profile | None = None,
    dictionaries: Path | None = None,
    columns: Sequence[Entry] | None = None,
) -> Draft:
    """The review of one target, from what is offered and what was decided.

    A column that nobody decided on stands as the approved mapping has it, where there is one: a threshold took it.
    `columns` are what `offered` gives, where that was worked out before.
    """
    taken: dict[tuple[str, str], list[MappedField]] = defaultdict(list)
    for field in approved.fields if approved else ():
        taken[field.source_table, field.source_field].append(field)
    if columns is None:
        columns = offered(target, tables, suggestions)
    entries = (_with(entry, decided, tuple(taken.get((entry.table, entry.column), ()))) for entry in columns)
    fixed = {table.name: decided.get((MAPPING, (target.name, table.name, ""))) for table in tables}
    return Draft(
        target=target,
        entries=tuple(entries),
        constants={
            name: Choice.model_validate(one.after).fields if one else tuple(taken.get((name, ""), ()))
            for name, one in fixed.items()
        },
        constants_seen={name: one.id if one else 0 for name, one in fixed.items()},
        tables=tuple(tables),
        suggestions=suggestions,
        profile=profile,
        dictionaries=dictionaries,
    )


def offered(target: Target, tables: Sequence[Table], suggestions: Suggestions) -> tuple[Entry, ...]:
    """Every column with what is offered for it, before anybody decides."""
    fields: dict[tuple[str, str], list[MappedField]] = defaultdict(list)
    for field in suggestions.assignment:
        fields[field.source_table, field.source_field].append(field)
    others: dict[tuple[str, str], list[Match]] = defaultdict(list)
    for match in suggestions.matches:
        if match.rank <= OFFERED:
            others[match.source_table, match.source_field].append(match)
    return tuple(
        Entry(target.name, *place, column.position, tuple(fields.get(place, ())), tuple(others.get(place, ())))
        for table in tables
        for column in table.columns
        for place in ((table.name, column.name),)
    )


def _with(entry: Entry, decided: Mapping[What, Decided], approved: tuple[MappedField, ...]) -> Entry:
    one = decided.get((MAPPING, entry.subject))
    if one is None or one.after is None:
        return replace(entry, choice=Choice(standing="accepted", fields=approved)) if approved else entry
    return replace(entry, decided=one, choice=Choice.model_validate(one.after))


def _beside(field: MappedField) -> tuple[str, ...]:
    """The columns that a field's transformation reads; none where it can't be read itself."""
    try:
        return transformations.read_by(field)
    except TransformationError:
        return ()
