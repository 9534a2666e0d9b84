"""Submitted: what a caller hands in to be checked, a source's columns and the lines of a mapping, in any plain form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from discovery_pipeline.engine.mapping import model
from discovery_pipeline.engine.mapping.model import DataType
from discovery_pipeline.engine.mapping.transformations import datatypes


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", from_attributes=True)


class SourceField(_Value):
    """What is known of a source column when its mapping is checked."""

    name: str
    table: str = ""
    type: Annotated[str, BeforeValidator(datatypes.called)] = "string"
    samples: tuple[str, ...] = ()
    null_ratio: float = 0.0
    personal: bool = False  # no value of it is told


class SourceSchema(_Value):
    """The columns that a mapping may take from."""

    fields: tuple[SourceField, ...]

    @classmethod
    def of(cls, said: SourceSchema | Mapping[str, Any] | Sequence[Any]) -> SourceSchema:
        """A schema as `{"fields": [{"name", "table", "type", …}]}`, as that list, or as names with their types."""
        if isinstance(said, SourceSchema):
            return said
        if isinstance(said, Sequence):
            return cls.model_validate({"fields": said})
        if isinstance(said.get("fields"), list | tuple):
            return cls.model_validate(said)
        about = ({"name": name, **(it if isinstance(it, Mapping) else {"type": it})} for name, it in said.items())
        return cls.model_validate({"fields": tuple(about)})

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that have columns, in their order."""
        return tuple(dict.fromkeys(f.table for f in self.fields if f.table))

    def named(self, name: str, table: str | None) -> list[SourceField]:
        """The columns of that name, of one table or of all."""
        return [f for f in self.fields if f.name == name and (not table or f.table in ("", table))]


class Submitted(_Value):
    """One line of a submitted mapping. Tables may be left out where names say enough."""

    source_field: str = ""
    target_field: str
    transformation: str | None = None
    data_type: DataType = "string"
    is_required: bool = False
    source_table: str | None = None
    target_table: str | None = None

    def __str__(self) -> str:
        return f"{self.source_field or 'nothing'} → {self.target_field or 'nothing'}"


class MappingValidation(_Value):
    """The verdict on a submitted mapping: every error and every warning of every line."""

    is_valid: bool
    errors: list[str] = []
    warnings: list[str] = []


def read(mapping: model.Mapping | Iterable[Any] | Any) -> tuple[tuple[Submitted, ...], tuple[str, ...]]:
    """The lines of a mapping, or of what stands for one; and what is wrong with those that are no lines."""
    if isinstance(mapping, model.Mapping):
        return tuple(map(Submitted.model_validate, mapping.fields)), ()
    alone = isinstance(mapping, Mapping | str) or hasattr(mapping, "target_field") or not isinstance(mapping, Iterable)
    lines: list[Submitted] = []
    faults: list[str] = []
    for number, said in enumerate([mapping] if alone else mapping, start=1):
        try:
            lines.append(Submitted.model_validate(said))
        except ValidationError as wrong:
            faults += [f"Invalid line {number}: {': '.join((*map(str, e['loc']), e['msg']))}." for e in wrong.errors()]
    return tuple(lines), tuple(faults)
