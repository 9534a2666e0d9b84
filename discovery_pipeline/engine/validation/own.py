"""Own columns: a file that is written in the target's columns already, such as one delivered before."""

from __future__ import annotations

from collections.abc import Iterator

from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.engine.tables import Table, Tables
from discovery_pipeline.engine.targets.contract import Target, TargetTable

_MOST = 0.8
"""Share of a file's columns that must be the target's own; some people add a column of notes."""


def own_columns(tables: Tables, target: Target) -> Mapping | None:
    """The mapping that takes these tables as they are; None where one of them is not in the target's columns."""
    fields: list[MappedField] = []
    for source in tables:
        found = [(len(own), table, own) for table in target.tables if (own := dict(_own(source, table)))]
        if not found:
            return None
        count, table, own = max(found, key=lambda f: (f[0], _filled(f[1], f[0])))
        if count < 2 or count < _MOST * len(source.columns):
            return None
        fields += [
            MappedField(
                source_table=source.name, source_field=column, target_table=table.name, target_field=name,
                confidence=1, evidence=("the target's own column",),
            )
            for column, name in own.items()
        ]  # fmt: skip
    return Mapping(target=target.name, fields=tuple(fields)) if fields else None


def _own(source: Table, table: TargetTable) -> Iterator[tuple[str, str]]:
    """Source columns that are fields of the table, whatever their case."""
    by_name = {f.name.casefold(): f.name for f in table.fields}
    for column in source.columns:
        name = column.name.strip()
        if name.casefold() in by_name:
            yield column.name, by_name[name.casefold()]
        elif any(f.stands_for(name) for f in table.fields if f.keyed):
            yield column.name, name


def _filled(table: TargetTable, count: int) -> float:
    """How much of the table these columns are: MachineId, Key and Value are all of tagInfo, and some of vmInfo."""
    return count / len(table.fields)
