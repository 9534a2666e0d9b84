"""Column lineage for Dagster: from a target's field back to the source columns it is made of."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from discovery_pipeline.engine.mapping.model import MappedField


def of(fields: Iterable[tuple[str, MappedField]]) -> dg.TableColumnLineage:
    """`target.field` → the `table.column` of source_tables that fill it; constants have no source."""
    found: dict[str, list[dg.TableColumnDep]] = {}
    for target, field in fields:
        deps = found.setdefault(f"{target}.{field.target_field}", [])
        if field.source_field:
            deps.append(dg.TableColumnDep(dg.AssetKey("source_tables"), f"{field.source_table}.{field.source_field}"))
    return dg.TableColumnLineage(found)
