"""Columns in Dagster: which there are, and from a target's field back to the source columns that it is made of.

A column is named `table.column`, or `target.table.field` where it is a target's: an asset here holds several tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.engine.tables import Tables
from discovery_pipeline.engine.targets.contract import Target

AS_IT_IS = "as it is"
"""What is done to a value to which nothing is done."""


def beside(key: dg.AssetKey, asset: str) -> dg.AssetKey:
    """The asset of that name where the asset of that key stands."""
    return dg.AssetKey([*key.path[:-1], asset])


def source_columns(tables: Tables) -> dg.TableSchema:
    """The columns of tables of text."""
    return dg.TableSchema(
        [
            dg.TableColumn(f"{table.name}.{column.name}", "string", _declared(column.declared_type))
            for table in tables
            for column in table.columns
        ]
    )


def mended_columns(tables: Tables, changed: dict[str, int]) -> dg.TableSchema:
    """The columns of cleansed tables, each with how many of its cells changed."""
    names = [f"{table.name}.{column.name}" for table in tables for column in table.columns]
    cells = {name: f"{count:,} cell{'s' * (count > 1)} mended" for name, count in changed.items()}
    return dg.TableSchema([dg.TableColumn(name, "string", cells.get(name, AS_IT_IS)) for name in names])


def unchanged(tables: Tables, source: dg.AssetKey) -> dg.TableColumnLineage:
    """Every column comes from the one of its name."""
    names = [f"{table.name}.{column.name}" for table in tables for column in table.columns]
    return dg.TableColumnLineage({name: [dg.TableColumnDep(source, name)] for name in names})


def target_columns(agreed: Sequence[Mapping], targets: Iterable[Target]) -> dg.TableSchema:
    """The mapped fields of the targets, with what their contracts demand."""
    contracts = {target.name: target for target in targets}
    columns: dict[str, dg.TableColumn] = {}
    told: dict[str, list[str]] = {}  # a field of several tables' rows is made of several columns
    for mapping, mapped in _fields(agreed):
        field = contracts[mapping.target].table(mapped.target_table).field(mapped.target_field)
        demands = dg.TableColumnConstraints(nullable=not field.required, unique=field.unique)
        name = _name(mapping, mapped)
        told.setdefault(name, []).append(_made_of(mapped))
        columns[name] = dg.TableColumn(name, field.type, "; ".join(told[name]), demands)
    return dg.TableSchema(list(columns.values()))


def mapped(agreed: Sequence[Mapping], source: dg.AssetKey) -> dg.TableColumnLineage:
    """From each target field back to the columns that fill it; a constant has none."""
    found: dict[str, list[dg.TableColumnDep]] = {}
    for mapping, field in _fields(agreed):
        deps = found.setdefault(_name(mapping, field), [])
        deps += [dg.TableColumnDep(source, f"{field.source_table}.{column}") for column in _sources(field)]
    return dg.TableColumnLineage(found)


def delivered(agreed: Sequence[Mapping], source: dg.AssetKey) -> dg.TableColumnLineage:
    """Each target field comes from the validated one of its name."""
    names = [_name(mapping, field) for mapping, field in _fields(agreed)]
    return dg.TableColumnLineage({name: [dg.TableColumnDep(source, name)] for name in names})


def transformed(field: MappedField) -> str:
    """What is done to the source's value, by the names of operations: their arguments may hold values of a client's."""
    if not field.transformation:
        return AS_IT_IS
    return " | ".join(step.operation for step in transformations.parse(field.transformation).steps)


def _made_of(field: MappedField) -> str:
    """Where a field comes from and how, in the words that Dagster's pages show beside the column."""
    sources = " and ".join(f"{field.source_table}.{column}" for column in _sources(field))
    return f"{sources or 'a constant'}, {transformed(field)}"


def _fields(agreed: Sequence[Mapping]) -> Iterator[tuple[Mapping, MappedField]]:
    return ((mapping, field) for mapping in agreed for field in mapping.fields)


def _name(mapping: Mapping, field: MappedField) -> str:
    return f"{mapping.target}.{field.target_table}.{field.target_field}"


def _sources(field: MappedField) -> list[str]:
    others = transformations.parse(field.transformation).references if field.transformation else ()
    return list(dict.fromkeys(name for name in (field.source_field, *others) if name))


def _declared(kind: str | None) -> str | None:
    return f"declared as {kind}" if kind else None
