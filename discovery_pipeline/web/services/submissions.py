"""Submissions: a mapping as somebody sends it, held to the flow's columns and targets, line by line.

Pure: what is wrong with it, what it costs, and what it is when nothing is wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from discovery_pipeline.engine.mapping import FieldMappingService
from discovery_pipeline.engine.mapping.model import DataType, MappedField, Mapping
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.engine.validation import asked
from discovery_pipeline.errors import InputRefused
from discovery_pipeline.web.bodies import Body
from discovery_pipeline.web.services.schemas import Offer

Text = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]
"""Text that the database can keep."""
Steps = Annotated[str, StringConstraints(max_length=1_000_000, pattern=r"^[^\x00]*$")]
"""A transformation: with a word for each of two thousand values it is long."""
UNMET = "Required target field unmapped"
"""How the engine's message on a required field begins."""
MOST = 10_000
WHY = ("confidence", "evidence", "origin", "alternatives")
"""What a suggestion says beside what it suggests: it may come along, and isn't read."""


def _described(schema: dict[str, Any]) -> None:
    schema["properties"] |= {name: {"title": name.title(), "description": "as suggested; not read"} for name in WHY}
    schema["examples"] = [{
        "source_field": "ram_mb", "target_field": "RAM.TotalSizeInMB", "transformation": "to_number | round",
        "data_type": "integer", "is_required": False,
    }]  # fmt: skip


class FieldMappingItem(Body):
    """One target field and what fills it. A line of what is suggested is taken as it stands."""

    model_config = ConfigDict(json_schema_extra=_described)

    source_field: Text = Field(description="a column; empty where the transformation is a constant")
    target_field: Text
    transformation: Steps | None = Field(
        default=None, description="in the mini-language; null takes values as they are"
    )
    data_type: DataType = "string"
    is_required: bool = False
    source_table: Text | None = Field(default=None, description="where several tables have the column")
    target_table: Text | None = Field(default=None, description="where several tables have the field")
    target_system: Text | None = Field(default=None, description="where several targets have it")

    @model_validator(mode="before")
    @classmethod
    def as_suggested(cls, said: Any) -> Any:
        """Without what a suggestion says beside what it suggests."""
        return {name: one for name, one in said.items() if name not in WHY} if isinstance(said, dict) else said


class ValidationRule(Body):
    """One check of a field's values, beside what its target demands."""

    check: Text = Field(  # another one is told with all that is wrong with the rules, not before
        json_schema_extra={"enum": ["not_null", "unique", "in", "pattern", "range", "length", "date_order"]}
    )
    severity: Literal["error", "warning"] = Field(default="warning", description="an error keeps the row from delivery")
    values: list[Text] | None = Field(default=None, description="of `in`")
    pattern: Text | None = Field(
        default=None, description="of `pattern`: a regular expression (RE2) for the whole value"
    )
    min: float | None = Field(default=None, description="of `range` and `length`", allow_inf_nan=False)
    max: float | None = Field(default=None, description="of `range` and `length`", allow_inf_nan=False)
    not_after: Text | None = Field(default=None, description="of `date_order`: the column whose date comes later")
    where: dict[Text, Text] | None = Field(default=None, description="only rows in which these columns say that")
    table: Text | None = Field(default=None, description="only in this table")
    action: Text | None = Field(default=None, description="what to do about it, said to who reads the report")


@dataclass(frozen=True, slots=True)
class Submission:
    """A mapping as somebody wants it."""

    items: Sequence[FieldMappingItem]
    auto_map_remaining: bool = False
    rules: dict[str, list[ValidationRule]] | None = None  # None: those that there are stay
    ready_only: bool = False  # the targets that lack nothing go, though others stay


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdict on a submission; mappings only where there are no errors."""

    errors: tuple[str, ...]
    ready: tuple[str, ...] = ()  # targets that lack nothing, where others do
    warnings: tuple[str, ...] = ()
    mappings: tuple[Mapping, ...] = ()
    unmapped: tuple[str, ...] = ()  # source columns
    demands: tuple[dict[str, Any], ...] | None = None  # None: those that there are stay


def check(wanted: Submission, offers: Sequence[Offer], threshold: float) -> Checked:
    """Hold every line and rule to what there is. `threshold` is from where remaining suggestions are taken, 0..1."""
    parted, strays = _parted(wanted.items, [offer.target for offer in offers])
    demands, faults = _demands(wanted, offers)
    lacking, warnings, agreed = dict[str, list[str]](), list[str](), list[Mapping]()
    for offer in offers:
        lines = [*parted[offer.target.name], *_remaining(wanted, offer, threshold)]
        service = FieldMappingService(offer.target, tuple(offer.tables), offer.suggestions.completions)
        found = service.validate_mapping(lines, offer.source)
        unmet = _unmet_anyway(service, offer) if any(e.startswith(UNMET) for e in found.errors) else set()
        if wrong := [error for error in found.errors if error not in unmet]:
            lacking[offer.target.name] = wrong
            continue
        warnings += [*found.warnings, *(error for error in found.errors if error in unmet)]
        agreed.append(_agreed(offer, lines))
    left = [error for wrong in lacking.values() for error in wrong]
    ready = tuple(mapping.target for mapping in agreed if mapping.fields) if lacking else ()
    if strays or faults or (lacking and not (wanted.ready_only and ready)):
        return Checked((*strays, *left, *faults), ready)
    if lacking:
        warnings = [f"Left out: {name}: {' '.join(wrong)}" for name, wrong in lacking.items()] + warnings
        agreed = [mapping for mapping in agreed if mapping.fields]
    unmapped = tuple(_unmapped(offers, agreed))
    return Checked((), ready, tuple(warnings), tuple(agreed), unmapped, None if wanted.rules is None else demands)


def _parted(
    items: Sequence[FieldMappingItem], wanted: Sequence[Target]
) -> tuple[dict[str, list[FieldMappingItem]], list[str]]:
    """Lines by target, and errors of those that could be several targets', or none's."""
    parted: dict[str, list[FieldMappingItem]] = defaultdict(list)
    errors = []
    names = [target.name for target in wanted]
    for item in items:
        if item.target_system and item.target_system not in names:
            errors.append(f"Unknown target system: {item.target_system!r}; the flow's are {', '.join(names)}.")
            continue
        able = [item.target_system] if item.target_system else [t.name for t in wanted if _takes(t, item)]
        if len(able) > 1:
            errors.append(
                f"Ambiguous target system: {' and '.join(able)} have {item.target_field!r}; say which as target_system."
            )
            continue
        parted[able[0] if able else names[0]].append(item)
    return parted, errors


def _takes(target: Target, item: FieldMappingItem) -> bool:
    for table in target.tables:
        if item.target_table in (None, "", table.name):
            try:
                table.field(item.target_field)
            except KeyError:
                continue
            return True
    return False


def _remaining(wanted: Submission, offer: Offer, threshold: float) -> Iterator[MappedField]:
    """Suggestions, sure enough, for columns that were left out, and for fields that nothing else fills."""
    if not wanted.auto_map_remaining:
        return
    columns = {(item.source_table or "", item.source_field) for item in wanted.items}
    filled = {(item.source_table or "", item.target_table or "", item.target_field) for item in wanted.items}
    for field in offer.suggestions.assignment:
        source, target = ("", field.source_table), ("", field.target_table)
        said = any((table, field.source_field) in columns for table in source)
        said |= any((table, to, field.target_field) in filled for table in source for to in target)
        if not said and field.confidence >= threshold:
            yield field


def _unmet_anyway(service: FieldMappingService, offer: Offer) -> set[str]:
    """Demands that what is suggested doesn't meet either: the data has nothing for them, so they can't block it."""
    found = service.validate_mapping(offer.suggestions.assignment, offer.source)
    return {error for error in found.errors if error.startswith(UNMET)}


def _agreed(offer: Offer, lines: Sequence[FieldMappingItem | MappedField]) -> Mapping:
    """The lines as a mapping. One that is as it was suggested keeps its confidence and evidence."""
    offered = {_key(field): field for field in offer.suggestions.assignment}
    said = FieldMappingService(offer.target).as_mapping(lines, offer.source)
    return Mapping(target=said.target, fields=tuple(offered.get(_key(field), field) for field in said.fields))


def _key(field: MappedField) -> tuple[str | None, ...]:
    return (
        field.source_table, field.source_field, field.target_table, field.target_field, field.transformation,
        field.data_type,
    )  # fmt: skip


def _demands(wanted: Submission, offers: Sequence[Offer]) -> tuple[tuple[dict[str, Any], ...], list[str]]:
    """What the rules ask, as validation reads it; and what is wrong with them."""
    rules = {
        field: [rule.model_dump(exclude_none=True) for rule in checks] for field, checks in (wanted.rules or {}).items()
    }
    columns = {column.name for offer in offers for _, column in offer.columns}
    known = columns | {item.target_field for item in wanted.items}
    known |= {field.name for offer in offers for table in offer.target.tables for field in table.fields}
    wrong = [f"validation_rules: {field!r} is neither a column nor a target field." for field in rules.keys() - known]
    try:
        read = asked.read(rules)
    except InputRefused as refusal:
        return (), [*wrong, f"validation_rules: {refusal.reason} {refusal.action}"]
    wrong += [
        f"validation_rules: {demand.column}: there is no column {name!r}."
        for demand in read
        for name in demand.columns[1:]
        if name not in columns
    ]
    return tuple(demand.model_dump(mode="json", exclude_defaults=True) for demand in read), wrong


def _unmapped(offers: Sequence[Offer], agreed: Sequence[Mapping]) -> Iterator[str]:
    """Source columns that fill nothing; with their table, where there are several."""
    taken = {(field.source_table, field.source_field) for mapping in agreed for field in mapping.fields}
    several = len(offers[0].tables) > 1
    for table, column in offers[0].columns:
        if (table.name, column.name) not in taken:
            yield f"{table.name}.{column.name}" if several else column.name
