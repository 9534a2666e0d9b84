"""Reassigning: suggestions with another assignment, and what this one leaves of columns, fields and conflicts."""

from __future__ import annotations

from collections.abc import Iterable

from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import FieldRef, MappedField, Suggestions


def reassigned(suggestions: Suggestions, assignment: Iterable[MappedField]) -> Suggestions:
    """The suggestions with that assignment; what nothing uses any more comes after what nothing used before."""
    now = tuple(assignment)
    columns, fields = _read(now), _filled(now)
    left = dict.fromkeys([*suggestions.unmapped_source, *_read(suggestions.assignment)])
    open_ = dict.fromkeys([*suggestions.unmapped_target, *_filled(suggestions.assignment)])
    return suggestions.model_copy(
        update={
            "assignment": now,
            "conflicts": suggestions.conflicts_of(now),
            "unmapped_source": tuple(ref for ref in left if ref not in columns),
            "unmapped_target": tuple(ref for ref in open_ if ref not in fields),
        }
    )


def _read(assignment: Iterable[MappedField]) -> dict[FieldRef, None]:
    """The columns that an assignment takes from."""
    return {FieldRef(table=f.source_table, field=name): None for f in assignment for name in transformations.read_by(f)}


def _filled(assignment: Iterable[MappedField]) -> dict[FieldRef, None]:
    """The fields that an assignment fills."""
    return {FieldRef(table=f.target_table, field=f.target_field): None for f in assignment}
