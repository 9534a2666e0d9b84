"""Submissions: whether a mapping, as somebody wants it, can be followed.

Errors keep it from being approved, warnings say what it costs. What the matcher suggests has no errors of its own
making: a type that differs comes with its transformation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.mapping import model, transformations
from discovery_pipeline.engine.mapping.approving import lacking, standing
from discovery_pipeline.engine.mapping.model import Completion
from discovery_pipeline.engine.mapping.submitted import MappingValidation, SourceField, SourceSchema, Submitted, read
from discovery_pipeline.engine.mapping.suggestions import conflicts
from discovery_pipeline.engine.mapping.transformations import Transformation, datatypes
from discovery_pipeline.engine.mapping.transformations.previewing import preview
from discovery_pipeline.engine.tables import Tables
from discovery_pipeline.engine.targets import Target, TargetField
from discovery_pipeline.errors import MappingError, TransformationError, UnknownOperationError

_FILLING = frozenset(("coalesce", "constant"))  # operations that put something where the source is empty


class FieldMappingService:
    """Checks submitted mappings, against one target's contract where there is one."""

    def __init__(
        self, target: Target | None = None, tables: Tables = (), completions: Sequence[Completion] = ()
    ) -> None:
        self.target = target
        self.tables = tables  # where they are at hand, conflicts are counted in them
        self.completions = completions  # where they are known, a table needs not what another lends it

    def validate_mapping(
        self, mapping: model.Mapping | Iterable[Any] | Any, source_schema: SourceSchema | Mapping[str, Any]
    ) -> MappingValidation:
        """Hold every line to the source's columns, the target's contract and the language of transformations.

        Parameters
        ----------
        mapping
            A mapping, or its lines: anything with the fields of `Submitted`, as objects or as dictionaries.
        source_schema
            See `SourceSchema.of`.
        """
        lines, faults = read(mapping)
        check = _Check(self.target, SourceSchema.of(source_schema), lines, self.tables, self.completions)
        errors = [*faults, *check.errors()]
        return MappingValidation(is_valid=not errors, errors=errors, warnings=list(check.warnings()))

    def completed(
        self, mapping: model.Mapping | Iterable[Any] | Any, source_schema: SourceSchema | Mapping[str, Any]
    ) -> model.Mapping:
        """The mapping with every line's tables said, as approved by a person.

        Raises
        ------
        MappingError
            It has errors; the message lists them all.
        """
        found = self.validate_mapping(mapping, source_schema)
        if found.errors:
            raise MappingError(" ".join(found.errors))
        return self.as_mapping(mapping, source_schema)

    def as_mapping(
        self, mapping: model.Mapping | Iterable[Any] | Any, source_schema: SourceSchema | Mapping[str, Any]
    ) -> model.Mapping:
        """The same without a check: for lines whose errors the caller knows, and takes."""
        check = _Check(self.target, SourceSchema.of(source_schema), read(mapping)[0])
        return model.Mapping(target=self.target.name if self.target else "", fields=tuple(check.fields()))


class _Check:
    """One mapping beside all that it is held to."""

    def __init__(
        self,
        target: Target | None,
        schema: SourceSchema,
        lines: Sequence[Submitted],
        tables: Tables = (),
        completions: Sequence[Completion] = (),
    ) -> None:
        self.target, self.schema, self.lines, self.tables = target, schema, lines, tables
        self.completions = completions

    @cached_property
    def sources(self) -> list[list[SourceField]]:
        """For each line, the columns that it may mean."""
        return [self.schema.named(line.source_field, line.source_table) for line in self.lines]

    @cached_property
    def wanted(self) -> list[list[tuple[str, TargetField]]]:
        """For each line, the target's tables and fields that it may mean."""
        return [list(self._fields(line)) for line in self.lines]

    def errors(self) -> Iterator[str]:
        """What keeps the mapping from being followed, line by line and then as a whole."""
        for line, sources, wanted in zip(self.lines, self.sources, self.wanted, strict=True):
            yield from self._source_errors(line, sources)
            if self.target:
                yield from self._target_errors(line, wanted)
        yield from self._twice()
        yield from self._missing()

    def warnings(self) -> Iterator[str]:
        """What the mapping costs, line by line."""
        measured = any(
            line.transformation and any(s.samples for s in f) for line, f in zip(self.lines, self.sources, strict=True)
        )
        with duck.connect() if measured else nullcontext() as con:
            for line, sources, wanted in zip(self.lines, self.sources, self.wanted, strict=True):
                steps = _parsed(line)
                for source in sources[:1]:
                    yield from (f"Lossy conversion: {line}: {loss}." for loss in _losses(con, line, steps, source))
                    yield from self._empty(line, steps, source, wanted)
                for _, field in wanted[:1]:
                    if line.data_type not in ("string", datatypes.of_field(field.type)):
                        yield f"Data type: {line}: the target takes {field.type}, not {line.data_type}."

    def _empty(
        self, line: Submitted, steps: Transformation, source: SourceField, wanted: Sequence[tuple[str, TargetField]]
    ) -> Iterator[str]:
        """Rows that a required field will cost."""
        required = line.is_required or any(field.required for _, field in wanted)
        filled = any(step.operation in _FILLING for step in steps.steps)
        if required and source.null_ratio > 0 and not filled:
            yield f"Empty values: {line}: {source.null_ratio:.1%} of the rows have none, and are rejected without it."

    def fields(self) -> Iterator[model.MappedField]:
        """The lines as fields of a mapping."""
        for line, sources, wanted in zip(self.lines, self.sources, self.wanted, strict=True):
            yield model.MappedField(
                source_table=line.source_table or (sources[0].table if sources else self._only_table()),
                source_field=line.source_field,
                target_table=wanted[0][0] if wanted else line.target_table or "",
                target_field=line.target_field,
                transformation=line.transformation,
                data_type=line.data_type,
                is_required=line.is_required or any(field.required for _, field in wanted),
                confidence=1.0,
                origin="user",
            )

    def _only_table(self) -> str:
        """The table that a constant is written beside: the one that the other lines take from."""
        tables = dict.fromkeys(f.table for found in self.sources for f in found[:1])
        return next(iter(tables), self.schema.fields[0].table if self.schema.fields else "")

    def _fields(self, line: Submitted) -> Iterator[tuple[str, TargetField]]:
        for table in self.target.tables if self.target else ():
            if not line.target_table or line.target_table == table.name:
                try:
                    yield table.name, table.field(line.target_field)
                except KeyError:
                    continue

    def _source_errors(self, line: Submitted, sources: Sequence[SourceField]) -> Iterator[str]:
        if not line.target_field:
            yield f"Nothing to fill: {line}: a target field is needed."
        if not line.source_field:
            if not line.transformation:
                yield f"Nothing to map: {line}: a source field is needed, or a transformation such as a constant."
            yield from self._unusable(line, line.source_table)
            return
        if not sources:
            yield f"Unknown source field: {line}: {self._absent(line)}."
            return
        if len(sources) > 1:
            tables = " and ".join(f.table for f in sources)
            yield f"Ambiguous source field: {line}: {tables} have it; say which as source_table."
            return
        unusable = list(self._unusable(line, sources[0].table))
        yield from unusable
        if not unusable:
            found = datatypes.mismatch(sources[0].type, line.data_type, line.transformation)
            if found:
                yield f"{found} ({line})."

    def _absent(self, line: Submitted) -> str:
        """Why a line's column isn't there."""
        tables = self.schema.tables
        if line.source_table and tables and line.source_table not in tables:
            return f"there is no table {line.source_table!r}, only {' and '.join(tables)}"
        where = f" in {line.source_table}" if line.source_table else ""
        near = _nearest(line.source_field, [f.name for f in self.schema.fields if f.name != line.source_field])
        elsewhere = [f.table for f in self.schema.named(line.source_field, None)]
        hint = f"; {' and '.join(elsewhere)} {'has' if len(elsewhere) == 1 else 'have'} it" if elsewhere else near
        return f"there is no column {line.source_field!r}{where}{hint}"

    def _unusable(self, line: Submitted, table: str | None) -> Iterator[str]:
        """Why the transformation can't be used: unknown, not well said, or reading columns that aren't there."""
        if not line.transformation:
            return
        try:
            parsed = transformations.parse(line.transformation)
        except UnknownOperationError as error:
            yield f"Unknown transformation: {line}: {error}"
            return
        except TransformationError as error:
            yield f"Invalid transformation: {line}: {error}"
            return
        for name in parsed.references:
            if not self.schema.named(name, table):
                near = _nearest(name, [f.name for f in self.schema.fields if not table or f.table in ("", table)])
                yield f"Invalid transformation: {line}: it reads {name!r}, which is no column{near}."

    def _target_errors(self, line: Submitted, wanted: Sequence[tuple[str, TargetField]]) -> Iterator[str]:
        if self.target is None:
            return
        if not wanted:
            near = _nearest(line.target_field, [f.name for t in self.target.tables for f in t.fields])
            yield f"Unknown target field: {line}: {self.target.name} has no field {line.target_field!r}{near}."
        elif len(wanted) > 1:
            tables = " and ".join(table for table, _ in wanted)
            yield f"Ambiguous target field: {line}: {tables} have it; say which as target_table."

    def _twice(self) -> Iterator[str]:
        """Target fields that several lines fill from one source table."""
        filled: dict[tuple[str, str, str], list[model.MappedField]] = defaultdict(list)
        for field in self.fields():
            filled[field.source_table, field.target_table, self._name(field)].append(field)
        for (source, _, name), rivals in filled.items():
            if len(rivals) > 1:
                by = " and ".join(field.source_field or "a constant" for field in rivals)
                what = self._compared(source, rivals) or "Choose one, or join them with concat or coalesce."
                yield f"Target mapped twice: {name} is filled by {by}. {what}"

    def _compared(self, source: str, rivals: Sequence[model.MappedField]) -> str:
        """What the columns hold in common, counted where the table is at hand; empty elsewhere."""
        table = next((table for table in self.tables if table.name == source), None)
        names = {field.source_field for field in rivals}
        if table is None or len(names) < len(rivals) or not names <= {column.name for column in table.columns}:
            return ""
        personal = any(f.personal for f in self.schema.fields if f.name in names and f.table in ("", source))
        with duck.connect() as con:
            lines = [(field.source_field, field.transformation) for field in rivals]
            found = conflicts.explained(con, table, lines, examples=not personal)
        return found.in_words if found else ""

    def _name(self, field: model.MappedField) -> str:
        """What the field will be called in the delivery: under a key, each source has a field of its own."""
        keyed = [w for w in self._fields(Submitted.model_validate(field)) if w[1].template]
        return keyed[0][1].keyed_by(field.source_field).name if keyed else field.target_field

    def _missing(self) -> Iterator[str]:
        """For each table that stands by itself, what its nearest source lacks."""
        if self.target is None:
            return
        filled: dict[tuple[str, str], set[str]] = defaultdict(set)
        for field in self.fields():
            filled[field.target_table, field.source_table].add(field.target_field)
        for completion in self.completions:
            lent = filled.get((completion.target_table, completion.by.table), set())
            filled[completion.target_table, completion.by.main] |= lent
        for table in standing(self.target):
            offers = [lacking(table, have) for (name, _), have in filled.items() if name == table.name]
            absent, either = min(offers or [lacking(table, set())], key=lambda o: len(o[0]) + len(o[1]))
            for name in (*absent, *either):
                yield (
                    f"Required target field unmapped: {self.target.name} {table.name} needs {name}. Map a column to "
                    "it, or give it a constant."
                )


def _parsed(line: Submitted) -> Transformation:
    """The transformation of a line; none where it can't be read, which is an error of its own."""
    try:
        return transformations.parse(line.transformation) if line.transformation else Transformation(())
    except TransformationError:
        return Transformation(())


def _losses(
    con: duckdb.DuckDBPyConnection | None, line: Submitted, steps: Transformation, source: SourceField
) -> tuple[str, ...]:
    """What the transformation loses of the samples; without samples of all that it reads, what it may lose."""
    if con is None or not source.samples or set(steps.references) - {source.name}:
        return steps.losses
    return preview(con, {source.name: source.samples}, source.name, line.transformation).losses


def _nearest(name: str, names: Sequence[str]) -> str:
    near = get_close_matches(name, list(dict.fromkeys(names)), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
