"""Identifiers: what a row is called stands in for an identifier that the source doesn't have, and for a name with gaps.

A target that wants an id of its users' choice takes any value that tells rows apart; an export without ids has names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.matcher import concepts, fields
from discovery_pipeline.engine.mapping.model import HIGH, MappedField
from discovery_pipeline.engine.mapping.roles import referred
from discovery_pipeline.engine.mapping.suggestions import filling
from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile, TableProfile
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable

CONFIDENCE = 0.9
NEARLY = 0.8  # confidence where a few names repeat, so that a person looks

_CALLED = ("host name", "vm name", "full domain name")
_KNOWN_BY = ("record id", "asset tag")
_NAMED = 0.9
_NEARLY_ALL = 0.95  # share of rows that their names tell apart from which a name is offered
_FEW = 0.5  # share of different values below which they name no rows


def named(assignment: Sequence[MappedField], profile: Profile | None, target: Target) -> tuple[MappedField, ...]:
    """The assignment, with names where ids are needed and missing, and where a name has gaps."""
    out = {f.place: f for f in assignment}
    for source in profile.tables if profile else ():
        for table in target.tables:
            its = {f.target_field: f for f in assignment if f.feed == (source.name, table.name)}
            if referred(table) or not any(f.confidence >= HIGH and f.source_field for f in its.values()):
                continue
            for field in _named(source, table, its):
                out[source.name, table.name, field.target_field] = field
    return tuple(out.values())


def is_id(field: TargetField) -> bool:
    """Whether a field holds what a record is known by, and not what a thing is called."""
    return concepts.named(field, *_KNOWN_BY) >= max(_NAMED, concepts.named(field, _CALLED[0]))


def is_name(field: TargetField) -> bool:
    """Whether a field holds what a thing is called."""
    return field.type == "string" and concepts.named(field, _CALLED[0]) >= _NAMED and not is_id(field)


def _named(source: TableProfile, table: TargetTable, its: dict[str, MappedField]) -> Iterator[MappedField]:
    name = _name_of(source, table, its)
    if name is None:
        return
    for field in table.fields:
        filled = its.get(field.name)
        if filled and is_name(field) and _repeats(source, filled):
            yield _standing_in(name, source, table, field)
        elif filled and filled.confidence >= HIGH:
            gaps = source.column(filled.source_field).null_count if filled.source_field else 0
            if gaps and is_name(field) and not filled.transformation and filled.source_field != name.name:
                yield _completed(filled, name, gaps)
        elif (field.required and is_id(field)) or (field.identity and is_name(field)):
            offer = _standing_in(name, source, table, field)
            if filled is None or offer.confidence > filled.confidence:
                yield offer


def _name_of(source: TableProfile, table: TargetTable, its: dict[str, MappedField]) -> ColumnProfile | None:
    """The column that says what rows are called: it is never empty, and differs in every row, or in nearly all."""
    sure = {f.source_field for f in its.values() if f.confidence >= HIGH and is_name(table.field(f.target_field))}
    called = [c for concept in _CALLED for c in source.columns if c.name in sure or _is_called(c, concept)]
    for least in (1.0, _NEARLY_ALL):
        for column in called:
            if source.row_count and not column.null_count and column.distinct_count >= least * _different(source):
                return column
    return None


def _is_called(column: ColumnProfile, concept: str) -> bool:
    return concepts.named(fields.of_name(column.name), concept) >= _NAMED


def _different(source: TableProfile) -> int:
    """Rows without those that repeat another cell by cell: of these, all but one are rejected in any case."""
    return source.row_count - source.duplicate_row_count


def _repeats(source: TableProfile, filled: MappedField) -> bool:
    """Whether a column names few things in many rows: what the rows are on, or belong to."""
    if not filled.source_field:
        return False
    column = source.column(filled.source_field)
    return column.distinct_count < _FEW * (source.row_count - column.null_count)


def _standing_in(name: ColumnProfile, source: TableProfile, table: TargetTable, field: TargetField) -> MappedField:
    rows, names = _different(source), name.distinct_count
    if names >= rows:
        why = f"{name.name} names each row, and differs in all {rows:,}; no other column does it as surely"
    else:
        why = f"{name.name} names rows, but {rows:,} rows share {names:,} names"
    sure = CONFIDENCE if names >= rows else NEARLY
    return filling.mapped((source.name, name.name), (table.name, field), confidence=sure, evidence=(why,))


def _completed(filled: MappedField, name: ColumnProfile, gaps: int) -> MappedField:
    return filled.model_copy(
        update={
            "transformation": f"coalesce({transformations.named(name.name)})",
            "evidence": (*filled.evidence, f"it is empty in {gaps:,} rows, which {name.name} names all the same"),
        }
    )
