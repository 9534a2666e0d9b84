"""Mappings: which source column becomes which target field, how, how surely, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from discovery_pipeline.engine.schema.model import Description

Origin = Literal["suggested", "agent", "memory", "user"]
DataType = Literal["string", "integer", "float", "boolean", "datetime", "json"]
Tier = Literal["High", "Check", "No match"]
Feed = tuple[str, str]
"""A source table, and the target table whose rows it gives."""
Place = tuple[str, str, str]
"""A feed and the target field that is filled."""

HIGH = 0.9
"""Confidence from which a suggestion is High: names and something besides agree, it leads its rivals clearly, and of
such suggestions at most three in a hundred are wrong (measured on sets left out; benchmarks/RESULTS.md)."""
LIKELY = 0.3
"""Confidence below which nothing is suggested, however little else there is."""


def tier(confidence: float) -> Tier:
    """What a reviewer is told of a confidence."""
    if confidence >= HIGH:
        return "High"
    return "Check" if confidence >= LIKELY else "No match"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class Match(_Value):
    """One target field offered for one source column; rank 1 is the best for that column."""

    source_table: str
    source_field: str
    target_table: str
    target_field: str
    confidence: float = Field(ge=0, le=1, description="calibrated: of those said 0.9, nine in ten are right")
    rank: int = Field(ge=1)
    transformation: str | None = Field(default=None, description="of the best six: what the values need, if anything")
    data_type: DataType = "string"
    evidence: tuple[str, ...] = ()

    @property
    def tier(self) -> Tier:
        """High, Check or No match."""
        return tier(self.confidence)

    @property
    def place(self) -> Place:
        """What it would fill, and from which table."""
        return self.source_table, self.target_table, self.target_field


class MappedField(_Value):
    """One target field and what fills it."""

    source_table: str
    source_field: str = Field(description="empty where the transformation is a constant")
    target_table: str
    target_field: str
    transformation: str | None = Field(default=None, description="in the mini-language; None takes the value as it is")
    data_type: DataType = "string"
    is_required: bool = False
    confidence: float = Field(ge=0, le=1)
    evidence: tuple[str, ...] = ()
    origin: Origin = "suggested"

    @property
    def tier(self) -> Tier:
        """High, Check or No match."""
        return tier(self.confidence)

    @property
    def feed(self) -> Feed:
        """Its tables."""
        return self.source_table, self.target_table

    @property
    def place(self) -> Place:
        """What is filled, and from which table."""
        return self.source_table, self.target_table, self.target_field


class FieldRef(_Value):
    """A column of a source table or a field of a target table."""

    table: str
    field: str


class Conflict(_Value):
    """Columns of one table of which each could fill a target field, the fullest first, and what they hold."""

    source_table: str
    source_fields: tuple[str, ...]
    target_table: str = ""
    target_field: str = ""
    assigned: str = Field(default="", description="the column that is suggested")
    rows: int = Field(ge=0, description="rows looked at")
    filled: tuple[int, ...] = Field(description="rows in which each holds a value")
    together: int = Field(ge=0, description="rows in which several hold one")
    agree: int = Field(ge=0, description="of these, rows in which they are the same, but for case")
    examples: tuple[tuple[str, ...], ...] = Field(default=(), description="values of rows that differ")
    transformation: str | None = Field(
        default=None, description="of the first column: joins them all; None where one is to be chosen"
    )

    @property
    def place(self) -> Place:
        """What they could fill, and from which table."""
        return self.source_table, self.target_table, self.target_field

    @property
    def in_words(self) -> str:
        """What they hold, in words, and what may be done."""
        names = self.source_fields
        counts = ", ".join(f"{n} in {c:,}" for n, c in zip(names, self.filled, strict=True))
        both = "both" if len(names) == 2 else "several"
        agreed = f"{self.agree:,} of {self.together:,} rows that {both} fill agree" if self.together else ""
        shown = "; ".join(" and ".join(map(repr, filter(None, row))) for row in self.examples)
        parts = [
            f"Of {self.rows:,} rows, filled are {counts}",
            agreed or f"no row has {both}",
            shown and f"others hold {shown}",
        ]
        return f"{'; '.join(filter(None, parts))}. {self.advice}"

    @property
    def advice(self) -> str:
        """What may be done about it."""
        first = self.source_fields[0]
        if self.transformation:
            return f"Join them: {first} with {self.transformation}."
        if self.agree == self.together and self.filled[0] == self.rows:
            return f"They say the same: {first} alone will do."
        return "They differ: choose one."


class Completion(_Value):
    """A source table that completes rows of another one, as to one table of the target; its rows are none there."""

    target_table: str
    by: Description


class Suggestions(_Value):
    """What the matcher offers for one target."""

    target: str
    matches: tuple[Match, ...]
    assignment: tuple[MappedField, ...] = Field(description="at most one source column a target field and source table")
    unmapped_source: tuple[FieldRef, ...] = ()
    unmapped_target: tuple[FieldRef, ...] = ()
    conflicts: tuple[Conflict, ...] = Field(default=(), description="fields that several columns could fill")
    completions: tuple[Completion, ...] = Field(default=(), description="tables that tell more about rows of others")

    def conflicts_of(self, assignment: Iterable[MappedField]) -> tuple[Conflict, ...]:
        """The conflicts that there still are where this is assigned instead."""
        now = {f.place: f.source_field for f in assignment}
        return tuple(c for c in self.conflicts if now.get(c.place) == c.assigned)


class Mapping(_Value):
    """What was approved for one target: the only thing that delivery follows."""

    target: str
    fields: tuple[MappedField, ...]

    def of(self, source_table: str, target_table: str) -> tuple[MappedField, ...]:
        """The fields that one source table fills in one target table."""
        return tuple(f for f in self.fields if f.source_table == source_table and f.target_table == target_table)


class Approval(_Value):
    """An unattended decision on suggestions: what was taken, what waits for a person, and what blocks delivery."""

    mapping: Mapping
    waiting: tuple[MappedField, ...] = Field(
        default=(), description="not sure enough to take, and a person's to decide"
    )
    missing: tuple[str, ...] = Field(
        default=(), description="why nothing can be delivered: required fields that have no approved mapping"
    )
