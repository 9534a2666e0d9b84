"""Tagging: columns that no field takes, kept as tags where the target takes tags under keys of the user's.

Offered for a person to look at, never surely enough to be taken unseen: a tag may cost, and is read by everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from discovery_pipeline.engine.mapping import knowledge, transformations
from discovery_pipeline.engine.mapping.matcher import names
from discovery_pipeline.engine.mapping.matcher.fields import Side
from discovery_pipeline.engine.mapping.model import HIGH, MappedField, Suggestions
from discovery_pipeline.engine.mapping.reassigning import reassigned
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable

CONFIDENCE = 0.6
_NAMED = 0.6  # how well a column must name one of these concepts
_TELLING = frozenset(
    (
        "environment", "owner", "technical owner", "support group", "department", "cost center", "criticality",
        "application", "location", "operational status", "asset tag", "migration wave", "migration strategy",
    )
)  # fmt: skip


def tagged(suggestions: Suggestions, sides: Sequence[Side], target: Target) -> Suggestions:
    """Suggestions with a tag for each column that tells what people sort servers by and that nothing else takes."""
    used = {(f.source_table, name) for f in suggestions.assignment for name in transformations.read_by(f)}
    new = [
        tag
        for table in target.tables
        for side in sides
        if _fed(suggestions, side, table)
        for tag in _tags(side, table)
        if (tag.source_table, tag.source_field) not in used
    ]
    return reassigned(suggestions, (*suggestions.assignment, *new))


def _fed(suggestions: Suggestions, side: Side, table: TargetTable) -> bool:
    """Whether rows of the source are surely rows of that table: it fills some field that tells them apart."""
    telling = {f.name for f in table.fields if f.required or f.identity or f.unique}
    return any(
        f.confidence >= HIGH and f.source_table == side.table and f.target_table == table.name
        for f in suggestions.assignment
        if f.target_field in telling
    )


def _tags(side: Side, table: TargetTable) -> Iterator[MappedField]:
    template = _template(table)
    if template is None:
        return
    concepts = knowledge.concepts()
    for field, naming in zip(side.fields, names.naming(side.fields), strict=True):
        concept = concepts[int(naming.argmax())].name
        if naming.max() >= _NAMED and concept in _TELLING:
            yield MappedField(
                source_table=side.table,
                source_field=field.name,
                target_table=table.name,
                target_field=template.keyed_by(field.name).name,
                confidence=CONFIDENCE,
                evidence=(f"no field takes it; {concept} is worth a tag",),
            )


def _template(table: TargetTable) -> TargetField | None:
    """The field that tags the rows themselves: of several, the one that names what they are."""
    found = [f for f in table.fields if f.template and "tag" in f.name.lower()]
    return next((f for f in found if f":{table.name}:" in f.name), found[0] if found else None)
