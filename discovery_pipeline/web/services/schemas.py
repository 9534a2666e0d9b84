"""Schemas: what is known of a flow's columns and of its targets' fields, side by side, with what is suggested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic import BaseModel, Field

from discovery_pipeline.engine.mapping import SourceSchema
from discovery_pipeline.engine.mapping.model import Conflict, DataType, FieldRef, Match, Origin, Suggestions
from discovery_pipeline.engine.mapping.submitted import SourceField
from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.flow.state import Flow

SAMPLES = 5
ALTERNATIVES = 5


class SchemaField(BaseModel):
    """A column of a source table, or a field of a target's."""

    name: str
    table: str
    type: str = Field(
        description="of a source: string, integer, float, boolean, date, datetime or json; else the target's"
    )
    semantic_type: str | None = Field(default=None, description="what the values are: ip, hostname, serial, …")
    required: bool = False
    description: str = ""
    samples: list[str] = Field(default=[], description="of a source: frequent values; of a target: values it allows")
    null_ratio: float | None = Field(default=None, description="share of empty cells, 0..1; null for a target")
    target_system: str | None = Field(default=None, description="whose field it is; null for a source")


class Schema(BaseModel):
    """Tables and their fields."""

    tables: list[str]
    fields: list[SchemaField]


class Alternative(BaseModel):
    """Another target field for the same column."""

    target_table: str
    target_field: str
    transformation: str | None = Field(description="what the values need to become that field's; null: nothing")
    data_type: DataType
    confidence: float
    evidence: list[str]

    @classmethod
    def of(cls, match: Match) -> Alternative:
        """As the matcher offers it."""
        return cls.model_validate(match, from_attributes=True)


class SuggestedMapping(BaseModel):
    """One line of a mapping, as submit takes it; and why it is suggested."""

    source_field: str
    target_field: str
    transformation: str | None
    data_type: DataType
    is_required: bool
    source_table: str
    target_table: str
    target_system: str
    confidence: float = Field(ge=0, le=1, description="calibrated: of those said 0.9, nine in ten are right")
    evidence: list[str]
    origin: Origin
    alternatives: list[Alternative] = []


class ConflictView(Conflict):
    """A target field that several columns could fill, what they hold in common, and how they may be joined."""

    target_system: str
    explanation: str


class Preview(BaseModel):
    """Everything that a reviewer needs to decide on a mapping."""

    flow_id: str
    version: int
    status: str
    source_schema: Schema
    target_schema: Schema
    suggested_mappings: list[SuggestedMapping]
    unmapped_source: list[FieldRef]
    unmapped_target: list[FieldRef]
    conflicts: list[ConflictView]


@dataclass(frozen=True)
class Offer:
    """What is offered for one target, beside what is known of both sides."""

    target: Target
    suggestions: Suggestions
    tables: Sequence[Table]
    profile: Profile

    @cached_property
    def columns(self) -> tuple[tuple[Table, ColumnProfile], ...]:
        """Every source column with its table and profile."""
        known = {table.name: table for table in self.profile.tables}
        return tuple((table, known[table.name].column(c.name)) for table in self.tables for c in table.columns)

    @cached_property
    def source(self) -> SourceSchema:
        """The source as the engine checks mappings against it."""
        return SourceSchema(
            fields=tuple(
                SourceField(
                    name=column.name, table=table.name, type=column.inferred_type, samples=samples(column),
                    null_ratio=column.null_ratio, personal=column.pii is not None,
                )
                for table, column in self.columns
            )
        )  # fmt: skip


def preview(flow: Flow, offers: Sequence[Offer]) -> Preview:
    """What reviewers see of these offers."""
    return Preview(
        flow_id=str(flow.id),
        version=flow.version,
        status=flow.status.value,
        source_schema=_source_schema(offers[0]),
        target_schema=Schema(
            tables=[table.name for offer in offers for table in offer.target.tables],
            fields=[field for offer in offers for field in _target_fields(offer.target)],
        ),
        suggested_mappings=[line for offer in offers for line in _suggested(offer)],
        unmapped_source=_in_all(offer.suggestions.unmapped_source for offer in offers),
        unmapped_target=[ref for offer in offers for ref in offer.suggestions.unmapped_target],
        conflicts=[
            ConflictView(**each.model_dump(), target_system=offer.target.name, explanation=each.in_words)
            for offer in offers
            for each in offer.suggestions.conflicts
        ],
    )


def samples(column: ColumnProfile) -> tuple[str, ...]:
    """A few values of a column, the most frequent first."""
    return tuple(each.value for each in column.top_values[:SAMPLES])


def _source_schema(offer: Offer) -> Schema:
    fields = [
        SchemaField(
            name=column.name, table=table.name, type=column.inferred_type, semantic_type=column.semantic_type,
            required=False, samples=list(samples(column)), null_ratio=column.null_ratio,
        )
        for table, column in offer.columns
    ]  # fmt: skip
    return Schema(tables=[table.name for table in offer.tables], fields=fields)


def _target_fields(target: Target) -> Iterator[SchemaField]:
    for table in target.tables:
        for field in table.fields:
            yield SchemaField(
                name=field.name, table=table.name, type=field.type, required=field.required,
                description=field.description, samples=list(field.allowed[:SAMPLES]), target_system=target.name,
            )  # fmt: skip


def _suggested(offer: Offer) -> Iterator[SuggestedMapping]:
    """The assignment, each line with the other fields that its column could fill."""
    others: dict[tuple[str, str], list[Match]] = defaultdict(list)
    for match in offer.suggestions.matches:
        others[match.source_table, match.source_field].append(match)
    for field in offer.suggestions.assignment:
        taken = (field.target_table, field.target_field)
        rivals = [
            m for m in others[field.source_table, field.source_field] if (m.target_table, m.target_field) != taken
        ]
        yield SuggestedMapping(
            **field.model_dump(),
            target_system=offer.target.name,
            alternatives=[Alternative.of(match) for match in rivals[:ALTERNATIVES]],
        )


def _in_all(refs: Iterable[Sequence[FieldRef]]) -> list[FieldRef]:
    """Columns that no target takes."""
    first, *others = [dict.fromkeys(each) for each in refs]
    return [ref for ref in first if all(ref in other for other in others)]
