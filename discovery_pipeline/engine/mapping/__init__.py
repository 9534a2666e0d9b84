"""Mapping: which source column becomes which target field, how, how surely, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discovery_pipeline.engine.mapping import profiles, transformations
from discovery_pipeline.engine.mapping.approving import approve
from discovery_pipeline.engine.mapping.known import NOTHING_KNOWN, Known
from discovery_pipeline.engine.mapping.memory import Memory
from discovery_pipeline.engine.mapping.model import Approval, FieldRef, MappedField, Mapping, Match, Suggestions
from discovery_pipeline.engine.mapping.submitted import MappingValidation, SourceSchema
from discovery_pipeline.engine.mapping.submitting import FieldMappingService
from discovery_pipeline.engine.mapping.transformations.previewing import Preview, preview

if TYPE_CHECKING:
    import duckdb

    from discovery_pipeline.engine.tables import Tables
    from discovery_pipeline.engine.targets import Target


def suggest(
    con: duckdb.DuckDBPyConnection, tables: Tables, target: Target, known: Known = NOTHING_KNOWN
) -> Suggestions:
    """Offer target fields for source columns; see `suggesting.suggest`, whose libraries load only when it is used."""
    from discovery_pipeline.engine.mapping.suggestions import suggesting

    return suggesting.suggest(con, tables, target, known)


__all__ = [
    "Approval",
    "FieldMappingService",
    "FieldRef",
    "Known",
    "MappedField",
    "Mapping",
    "MappingValidation",
    "Match",
    "Memory",
    "Preview",
    "SourceSchema",
    "Suggestions",
    "approve",
    "preview",
    "profiles",
    "suggest",
    "transformations",
]
