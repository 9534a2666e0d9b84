"""Completing: source tables that are about the same things fill one table of a target together.

Exports part what they know: machines here, their operating systems, adapters and disks there. The table that knows most
of a thing gives the rows; those that describe its rows give what it lacks, and no rows of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import duckdb

from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher import subjects
from discovery_pipeline.engine.mapping.matcher.matching import OBJECTION, OTHER_SUBJECT
from discovery_pipeline.engine.mapping.matcher.words import Reader
from discovery_pipeline.engine.mapping.model import HIGH, Completion, Feed, MappedField, Suggestions
from discovery_pipeline.engine.mapping.reassigning import reassigned
from discovery_pipeline.engine.mapping.roles import gathers, referred
from discovery_pipeline.engine.mapping.suggestions import filling
from discovery_pipeline.engine.mapping.suggestions.identifiers import is_id
from discovery_pipeline.engine.schema import describing
from discovery_pipeline.engine.schema.model import Description
from discovery_pipeline.engine.tables import Table, Tables
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable

MOST_TABLES = 100
"""Tables that are looked at."""

_MAINS = 20  # of these, how many may be described
_HALF = 0.5
_MOMENTS = ("date", "datetime")
_LIKELY = 0.5  # confidence from which what nothing else fills is offered


def completions(
    con: duckdb.DuckDBPyConnection, tables: Tables, fields: Iterable[MappedField], target: Target
) -> tuple[Completion, ...]:
    """Which tables describe rows of which others, for each table of the target that refers to no other."""
    by_feed: dict[Feed, list[MappedField]] = defaultdict(list)
    for field in fields:
        by_feed[field.feed].append(field)
    found: list[Completion] = []
    for table in target.tables:
        if referred(table):
            continue
        taking = tables[:MOST_TABLES]
        weights = {t.name: _weight(t, by_feed.get((t.name, table.name), ())) for t in taking}
        mains = sorted((name for name, weight in weights.items() if weight), key=lambda name: -weights[name])[:_MAINS]
        naming = {t.name: _naming(table, by_feed.get((t.name, table.name), ())) for t in taking}
        found += (Completion(target_table=table.name, by=by) for by in describing.found(con, taking, mains, naming))
    return tuple(found)


def completed(suggestions: Suggestions, tables: Tables, target: Target, found: Sequence[Completion]) -> Suggestions:
    """Suggestions without what describing tables would say again, or of themselves."""
    headers = {t.name: {c.name.casefold() for c in t.columns} for t in tables}
    elsewhere = {t.name for t in tables if knowledge.things().intersection(_called(t))}
    relating = {t.name for t in tables if "relation" in _called(t)}  # tells of two things, and of neither alone
    astray = _astray(tables, target) | _hollow(suggestions.assignment, target)
    assignment = [f for f in suggestions.assignment if f.feed not in astray]
    for table in target.tables:
        its = [c.by for c in found if c.target_table == table.name]
        assignment = _described([f for f in assignment if not _relates(f, its, relating)], table, its, headers)
        assignment += _besides(suggestions, assignment, table, its, headers)
        for other in target.tables:
            if table.name in referred(other):
                assignment = _belonging(assignment, table, other, its, elsewhere)
    return reassigned(suggestions, assignment).model_copy(update={"completions": tuple(found)})


def without_strangers(suggestions: Suggestions, tables: Tables) -> Suggestions:
    """Suggestions without what a table fills beside others that are about what is wanted, where its name says it isn't.

    A location is no server, however well its columns agree. Alone it is offered, with what is held against it.
    """
    named = {t.name for t in tables if subjects.of_words(_name(t))}
    served = {f.target_table for f in suggestions.assignment if not _objected(f)}

    def stranger(field: MappedField) -> bool:
        beside = field.source_table in named and field.target_table in served
        return beside and field.origin != "memory" and _objected(field)

    return reassigned(suggestions, (f for f in suggestions.assignment if not stranger(f)))


def _astray(tables: Tables, target: Target) -> set[Feed]:
    """Feeds of tables whose rows have a place of their own: what disks say is nothing of how busy machines are."""
    parts = {t.name: set(subjects.of_words(t.name)) for t in target.tables if referred(t)}
    their_own = set().union(*parts.values())
    about = {table.name: their_own.intersection(subjects.of_words(_name(table))) for table in tables}
    return {(table, part) for table, own in about.items() for part, its in parts.items() if own and not own & its}


def _hollow(assignment: Iterable[MappedField], target: Target) -> set[Feed]:
    """Feeds into rows that belong to others, of sources that say nothing of such rows, or hardly, and more of others.

    A machine's id and a moment make no measure of a machine, nor does what is hardly alike.
    """
    most: dict[Feed, float] = defaultdict(float)
    for field in assignment:
        wanted = target.table(field.target_table).field(field.target_field)
        own = field.source_field and not wanted.references and wanted.type not in _MOMENTS
        most[field.feed] = max(most[field.feed], field.confidence if own else 0.0)
    parts = {table.name for table in target.tables if referred(table)}
    surest: dict[str, float] = defaultdict(float)
    for (source, _), confidence in most.items():
        surest[source] = max(surest[source], confidence)
    return {
        (source, table)
        for (source, table), confidence in most.items()
        if table in parts and (not confidence or confidence < min(HIGH, surest[source]))
    }


def _described(
    assignment: Sequence[MappedField], table: TargetTable, its: Sequence[Description], headers: Mapping[str, set[str]]
) -> list[MappedField]:
    """The assignment, where of the tables that describe another only what that one lacks is left."""
    describing_it = {by.table: by for by in its}
    here = [
        _unobjected(f) if f.source_table in describing_it else f for f in assignment if f.target_table == table.name
    ]
    own = {(f.source_table, f.target_field): f for f in here if f.source_table not in describing_it}
    best: dict[tuple[str, str], MappedField] = {}
    for field in here:
        by = describing_it.get(field.source_table)
        if by is None or not _lends(table.field(field.target_field), field, by, headers[by.main]):
            continue
        place = (by.main, field.target_field)
        before, mine = best.get(place), own.get(place)
        if mine and (mine.confidence >= HIGH or field.confidence < HIGH):
            continue
        if before is None or before.confidence < field.confidence:
            best[place] = _with_evidence(field, by, table.field(field.target_field))
    kept = list(best.values())
    lent = {(f.source_table, f.source_field, f.target_field): f for f in kept}
    left = []
    for field in assignment:
        if field.target_table != table.name:
            left.append(field)
        elif field.source_table in describing_it:
            left += filter(None, [lent.get((field.source_table, field.source_field, field.target_field))])
        elif (field.source_table, field.target_field) not in best:
            left.append(field)
    return left


def _besides(
    suggestions: Suggestions,
    assignment: Sequence[MappedField],
    table: TargetTable,
    its: Sequence[Description],
    headers: Mapping[str, set[str]],
) -> list[MappedField]:
    """What describing tables would fill that nothing does, had it not been held against them what they are about."""
    describing_it = {by.table: by for by in its}
    filled = {f.target_field for f in assignment if f.target_table == table.name}
    used = {(f.source_table, f.source_field) for f in assignment if f.target_table == table.name}
    taken: list[MappedField] = []
    for match in sorted(suggestions.matches, key=lambda m: -m.confidence):
        by, column = describing_it.get(match.source_table), (match.source_table, match.source_field)
        if by is None or match.target_table != table.name or match.target_field in filled or column in used:
            continue
        field = table.field(match.target_field)
        offer = filling.mapped(
            column,
            (table.name, field),
            confidence=match.confidence,
            evidence=match.evidence,
            transformation=match.transformation,
        )
        likely = _unobjected(offer)
        if likely is not offer and likely.confidence >= _LIKELY and _lends(field, offer, by, headers[by.main]):
            filled.add(field.name)
            used.add(column)
            taken.append(_with_evidence(likely, by, field))
    return taken


def _lends(field: TargetField, mapped: MappedField, by: Description, main: set[str]) -> bool:
    """Whether a describing table may say this of what it describes, and not only of itself."""
    said_already = mapped.source_field == by.column and not by.by_label
    if not mapped.source_field or said_already or mapped.source_field.casefold() in main:
        return False
    if field.unique or is_id(field):
        return False
    return not (by.several and field.identity and gathers(field) == "where they agree")


def _relates(field: MappedField, its: Sequence[Description], relating: AbstractSet[str]) -> bool:
    """Whether a field says of a thing what is said of its relations."""
    return field.source_table in relating and any(by.table == field.source_table for by in its)


def _unobjected(mapped: MappedField) -> MappedField:
    """A field of a table that tells of what another is about: that it is about something else is no objection."""
    if not _objected(mapped):
        return mapped
    kept = tuple(reason for reason in mapped.evidence if not reason.startswith(OBJECTION))
    return mapped.model_copy(
        update={"confidence": round(min(1.0, mapped.confidence / OTHER_SUBJECT), 4), "evidence": kept}
    )


def _objected(mapped: MappedField) -> bool:
    """Whether it is held against a field that its table is about something else."""
    return any(reason.startswith(OBJECTION) for reason in mapped.evidence)


def _with_evidence(mapped: MappedField, by: Description, field: TargetField) -> MappedField:
    how = f"; of several, {gathers(field)}" if by.several else ""
    return mapped.model_copy(update={"evidence": (*mapped.evidence, f"rows belong together by {by.in_words}{how}")})


def _belonging(
    assignment: Sequence[MappedField],
    table: TargetTable,
    other: TargetTable,
    its: Sequence[Description],
    elsewhere: AbstractSet[str],
) -> list[MappedField]:
    """The assignment, where rows of `other` name what they belong to by the key under which `table` has it."""
    left = list(assignment)
    for main in dict.fromkeys(by.main for by in its):
        parts = [by for by in its if by.main == main and by.table not in elsewhere and _parts(left, by.table, other)]
        if not parts:
            continue
        chosen = max(parts, key=lambda by: sum(f.confidence for f in _parts(left, by.table, other)))
        away = {main, *(by.table for by in parts)} - {chosen.table}
        left = [
            _unobjected(f) if f.feed == (chosen.table, other.name) else f
            for f in left
            if f.target_table != other.name
            or (f.source_table not in away and (f.source_table, f.source_field) != (chosen.table, chosen.column))
        ]
        for field in other.fields:
            to, _, key = (field.references or "").partition(".")
            known = next((f for f in left if f.place == (main, to, key)), None)
            if to == table.name and known:
                left = [f for f in left if f.place != (chosen.table, other.name, field.name)]
                left.append(_naming_it(known, field, other, chosen))
    return left


def _parts(assignment: Iterable[MappedField], source: str, table: TargetTable) -> list[MappedField]:
    """What a source says of rows of that table, beside what they belong to."""
    keys = {f.name for f in table.fields if f.references}
    return [
        f
        for f in assignment
        if f.source_table == source and f.target_table == table.name and f.target_field not in keys
    ]


def _naming_it(known: MappedField, field: TargetField, table: TargetTable, by: Description) -> MappedField:
    """What a row belongs to, by the column that refers to it; looked up where the target has it under another."""
    direct = known.source_field == by.key and not known.transformation and not by.by_label
    return known.model_copy(
        update={
            "source_table": by.table if direct else known.source_table,
            "source_field": by.column if direct else known.source_field,
            "target_table": table.name,
            "target_field": field.name,
            "is_required": field.required,
            "evidence": (f"rows belong together by {by.in_words}",),
        }
    )


def _weight(source: Table, fields: Iterable[MappedField]) -> float:
    """How much a source knows of the things of a target table; half of it where it is called after parts of them."""
    return sum(f.confidence for f in fields) * (_HALF if knowledge.parts().intersection(_called(source)) else 1.0)


def _called(source: Table) -> tuple[str, ...]:
    """The words of a table's own name."""
    return Reader().words(_name(source))


def _name(source: Table) -> str:
    return source.source.sheet or source.name


def _naming(table: TargetTable, fields: Iterable[MappedField]) -> frozenset[str]:
    """Columns that surely hold what things are called."""
    called = {
        f.name
        for f in table.fields
        if (f.identity or f.required) and f.type in ("string", "fqdn") and not (f.allowed or f.unit or is_id(f))
    }
    return frozenset(f.source_field for f in fields if f.confidence >= HIGH and f.target_field in called)
