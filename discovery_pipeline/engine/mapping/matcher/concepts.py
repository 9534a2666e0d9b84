"""Concepts: how surely a field is called what the knowledge has a concept for."""

from __future__ import annotations

from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher import names
from discovery_pipeline.engine.mapping.matcher.fields import Field
from discovery_pipeline.engine.targets import TargetField


def named(field: Field | TargetField, *concepts: str) -> float:
    """How well a field's name or an alias of it names the best of these concepts, 0..1."""
    naming = _naming(Field(field.name, aliases=field.aliases))
    return max(naming[concept] for concept in concepts)


def alike(one: Field | TargetField, other: Field | TargetField) -> float:
    """How well two fields name the concept that both name best, 0..1."""
    left, right = (_naming(Field(field.name, aliases=field.aliases)) for field in (one, other))
    return max((min(left[concept], right[concept]) for concept in left), default=0.0)


@knowledge.remembered(10_000)
def _naming(field: Field) -> dict[str, float]:
    known = (concept.name for concept in knowledge.concepts())
    return dict(zip(known, map(float, names.naming([field])[0]), strict=True))
