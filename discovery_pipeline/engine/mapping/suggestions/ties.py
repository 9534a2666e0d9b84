"""Ties: doubts between candidates that lead to the same values are none.

A confidence is shared among rivals. Where two columns hold the same, or a column fits a text and a list that is read
from such texts, it doesn't matter which of them is meant: the confidences of both speak for what they have in common.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import duckdb

from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.matcher import concepts
from discovery_pipeline.engine.mapping.model import HIGH, MappedField, Match, Place, Suggestions
from discovery_pipeline.engine.mapping.suggestions import conflicts, filling
from discovery_pipeline.engine.tables import Tables
from discovery_pipeline.engine.targets import Target, TargetField

MOST = 0.97
"""Confidence that a settled doubt has at most."""

_NAMED = 0.6  # how well a list and the text that it is read from name the same
_WORTH = 0.15  # confidence of a rival that counts
_ALIKE = 0.95  # share of rows that two columns both fill in which they must hold the same
_ENOUGH = 5  # such rows


def settled(
    con: duckdb.DuckDBPyConnection, tables: Tables, suggestions: Suggestions, target: Target
) -> tuple[MappedField, ...]:
    """The assignment, surer where what made it unsure makes no difference."""
    offers: dict[Place, list[Match]] = defaultdict(list)
    for match in suggestions.matches:
        if match.confidence >= _WORTH:
            offers[match.place].append(match)
    assignment = _read_twice(suggestions.assignment, offers, target)
    used = {(f.source_table, name) for f in assignment for name in transformations.read_by(f)}
    return tuple(_same_values(con, tables, field, offers, used) for field in assignment)


def _read_twice(
    assignment: Sequence[MappedField], offers: dict[Place, list[Match]], target: Target
) -> list[MappedField]:
    """A column that fills a field whose words are read from texts fills the field for these texts, too."""
    out = {f.place: f for f in assignment}
    for field in assignment:
        table = target.table(field.target_table)
        own = table.field(field.target_field)
        alike = _is_text if _is_read(own) else _is_read if _is_text(own) else None
        if not field.source_field or alike is None:
            continue
        rivals = (
            (match, other)
            for other in table.fields
            if alike(other) and concepts.alike(own, other) >= _NAMED
            for match in offers[field.source_table, field.target_table, other.name]
            if match.source_field == field.source_field
        )
        match, other = next(rivals, (None, None))
        if match is None or other is None:
            continue
        both = round(min(MOST, field.confidence + match.confidence), 4)
        place = (field.source_table, field.target_table, other.name)
        if place not in out or out[place].confidence < both:
            read = own.name if _is_read(own) else other.name
            out[place] = _as_field(match, other, both, f"the words of {read} are read from the same texts")
            out[field.place] = field.model_copy(update={"confidence": both})
    return list(out.values())


def _is_read(field: TargetField) -> bool:
    """Whether the words of a field are read from texts."""
    return bool(field.vocabulary_patterns) and field.match == "equals"


def _is_text(field: TargetField) -> bool:
    return field.type == "string" and not field.allowed and not field.vocabulary and not field.template


def _as_field(match: Match, field: TargetField, confidence: float, why: str) -> MappedField:
    return filling.mapped(
        (match.source_table, match.source_field),
        (match.target_table, field),
        confidence=confidence,
        evidence=(*match.evidence, why),
        transformation=match.transformation,
    )


def _same_values(
    con: duckdb.DuckDBPyConnection,
    tables: Tables,
    field: MappedField,
    offers: dict[Place, list[Match]],
    used: Iterable[tuple[str, str]],
) -> MappedField:
    """A field, surer where the columns that could fill it besides hold the same as the one that does."""
    mine = offers[field.place]
    rivals = [
        m
        for m in mine
        if m.rank == 1 and (m.source_table, m.source_field) not in used and m.transformation == field.transformation
    ]
    together = field.confidence + sum(m.confidence for m in rivals)
    if field.confidence >= HIGH or not field.source_field or together < HIGH:
        return field
    source = next(t for t in tables if t.name == field.source_table)
    lines = [(each.source_field, each.transformation) for each in (field, *rivals[:3])]
    found = conflicts.explained(con, source, lines, examples=False)
    if found is None or found.together < _ENOUGH or found.agree < _ALIKE * found.together:
        return field
    names = " and ".join(found.source_fields)
    return field.model_copy(
        update={
            "source_field": found.source_fields[0],
            "transformation": found.transformation or field.transformation,
            "confidence": round(min(MOST, together), 4),
            "evidence": (*field.evidence, f"{names} hold the same in {found.agree:,} of {found.together:,} rows"),
        }
    )
