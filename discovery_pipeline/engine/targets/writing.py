"""Contracts in writing: as the YAML that `read` reads, and a field's constraints in a line."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from discovery_pipeline.engine.targets.contract import Target, TargetField


def written(target: Target) -> str:
    """A contract as YAML, without what goes without saying."""
    return yaml.safe_dump(
        target.model_dump(mode="json", exclude_defaults=True), allow_unicode=True, sort_keys=False, width=120
    )


def constraints(field: TargetField) -> str:
    """What a field takes beyond its type, in a line."""
    return "; ".join(_constraints(field))


def _constraints(field: TargetField) -> Iterator[str]:
    if field.unit:
        yield field.unit
    if field.allowed:
        more = f", … ({len(field.allowed)})" if len(field.allowed) > 6 else ""
        yield f"{'containing ' if field.match == 'contains' else ''}{' | '.join(field.allowed[:6])}{more}"
    if field.pattern:
        yield field.pattern
    if field.minimum is not None or field.maximum is not None:
        low = "" if field.minimum is None else f"{field.minimum:.15g}"
        high = "" if field.maximum is None else f"{field.maximum:.15g}"
        yield f"{low} to {high}" if low and high else f"≥ {low}" if low else f"≤ {high}"
    if field.max_length is not None:
        yield f"at most {field.max_length} characters"
    if field.separator:
        yield f"items between {field.separator!r}"
    if field.default is not None:
        yield f"by default {field.default!r}"
    if field.unique:
        yield "unique"
    if field.references:
        yield f"one of {field.references}"
