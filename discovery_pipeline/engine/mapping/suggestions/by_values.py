"""By values: columns whose values say what a required field asks, whatever they are called.

"Virtual" and "Physical" answer whether a machine is physical under any header, and so does "VMware Virtual Platform".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher import concepts, fields
from discovery_pipeline.engine.mapping.matcher.fields import Field
from discovery_pipeline.engine.mapping.model import HIGH, MappedField
from discovery_pipeline.engine.mapping.roles import referred
from discovery_pipeline.engine.mapping.suggestions import filling
from discovery_pipeline.engine.mapping.transformations import quoted, vocabularies
from discovery_pipeline.engine.mapping.transformations.answers import of_virtual
from discovery_pipeline.engine.mapping.transformations.operations import BOOLEANS
from discovery_pipeline.engine.mapping.transformations.proposing import for_column
from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile, TableProfile
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable

CONFIDENCE = 0.9
UNNAMED = 0.85
"""The same where the column's name says nothing of the field: values alone are for a person to check."""

_MOST = 20  # different models that are looked at; of more, not all are known
_NAMED = 0.9


def answered(assignment: Sequence[MappedField], profile: Profile | None, target: Target) -> tuple[MappedField, ...]:
    """The assignment, with columns for required fields that nothing surely fills and that their values speak of."""
    out = {f.place: f for f in assignment}
    for source in profile.tables if profile else ():
        for table in target.tables:
            its = [f for f in assignment if f.feed == (source.name, table.name)]
            if referred(table) or not any(f.confidence >= HIGH and f.source_field for f in its):
                continue
            for field in _said(source, table, its):
                out[source.name, table.name, field.target_field] = field
    return tuple(out.values())


def _said(source: TableProfile, table: TargetTable, its: Iterable[MappedField]) -> Iterator[MappedField]:
    sure = {f.target_field for f in its if f.confidence >= HIGH}
    for field in table.fields:
        if not (field.required and field.vocabulary) or field.name in sure:
            continue
        speaking = [column for column in source.columns if _in_words_of(field, column)]
        if len(speaking) == 1:
            yield _by_words(source, table, field, speaking[0])
        elif not speaking and concepts.named(field, "is virtual") >= _NAMED:
            yield from _by_hardware(source, table, field)


def _in_words_of(field: TargetField, column: ColumnProfile) -> bool:
    """Whether all values of a column are words that the field has, and say more than yes and no."""
    values = [top.value for top in column.top_values]
    if not values or column.distinct_count > len(values) or any(v.strip().lower() in BOOLEANS for v in values):
        return False
    meant = _meant(field, values)
    return len(meant) == len(values)


def _meant(field: TargetField, values: Sequence[str]) -> dict[str, str]:
    if field.allowed:
        return {m.value: m.target for m in vocabularies.matched(field, [(v, 1) for v in values]) if m.target}
    words = {w.casefold(): own for own, others in field.vocabulary.items() for w in others}
    return {v: words[v.strip().casefold()] for v in values if v.strip().casefold() in words}


def _by_words(source: TableProfile, table: TargetTable, field: TargetField, column: ColumnProfile) -> MappedField:
    meant = _meant(field, [top.value for top in column.top_values])
    told = ", ".join(f"{value!r} is {own}" for value, own in sorted(meant.items()))
    how = for_column(column, field)
    confidence = CONFIDENCE if _speaks_of(column.name, field) else UNNAMED
    return _field(source, table, field, column, how.transformation or _rewriting(meant), told, confidence)


def _speaks_of(header: str, field: TargetField) -> bool:
    """Whether a header names the field, or words that are its values: "Type (physical/virtual)"."""
    return concepts.alike(Field(header), field) >= _NAMED or bool(_meant(field, re.findall(r"[^\W_]+", header)))


def _rewriting(meant: dict[str, str]) -> str:
    return f"lookup({{{', '.join(f'{quoted(value)}: {quoted(own)}' for value, own in sorted(meant.items()))}}})"


def _by_hardware(source: TableProfile, table: TargetTable, field: TargetField) -> Iterator[MappedField]:
    """Whether machines are virtual, by the models or makers of their hardware."""
    for concept in ("model", "manufacturer"):
        for column in source.columns:
            values = [top.value for top in column.top_values]
            virtual = [value for value in values if _made_by_no_factory(value)]
            if not virtual or column.distinct_count > min(_MOST, len(values)) or column.null_count:
                continue
            if concepts.named(fields.of_name(column.name), concept) >= _NAMED:
                yes, no = of_virtual(field)
                pairs = ", ".join(f"{quoted(value)}: {quoted(yes)}" for value in sorted(virtual))
                told = f"{' and '.join(map(repr, sorted(virtual)))} is the hardware of virtual machines"
                how = f'map_values({{{pairs}, "*": {quoted(no)}}})'
                # The column is called what it holds, and that decides.
                yield _field(source, table, field, column, how, told, CONFIDENCE)
                return


def _made_by_no_factory(hardware: str) -> bool:
    """Whether a model or maker is that of virtual machines: "VMware7,1", "Standard PC (QEMU)"."""
    words = "|".join(map(re.escape, sorted(knowledge.virtual_hardware())))
    return re.search(rf"\b({words})", hardware, re.IGNORECASE) is not None


def _field(  # noqa: PLR0913, PLR0917 - a pair, and how it was found
    source: TableProfile,
    table: TargetTable,
    field: TargetField,
    column: ColumnProfile,
    how: str | None,
    why: str,
    confidence: float,
) -> MappedField:
    places = (source.name, column.name), (table.name, field)
    return filling.mapped(*places, confidence=confidence, evidence=(why,), transformation=how)
