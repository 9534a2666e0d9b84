"""Filling: a column for a field of a target, as mappings have it."""

from __future__ import annotations

from discovery_pipeline.engine.mapping.model import MappedField
from discovery_pipeline.engine.mapping.transformations import datatypes
from discovery_pipeline.engine.targets import TargetField


def mapped(
    source: tuple[str, str],
    target: tuple[str, TargetField],
    *,
    confidence: float,
    evidence: tuple[str, ...],
    transformation: str | None = None,
) -> MappedField:
    """A field of a target's table, filled from a column; both with their tables."""
    table, field = target
    return MappedField(
        source_table=source[0],
        source_field=source[1],
        target_table=table,
        target_field=field.name,
        transformation=transformation,
        data_type=datatypes.of_field(field.type),
        is_required=field.required,
        confidence=confidence,
        evidence=evidence,
    )
