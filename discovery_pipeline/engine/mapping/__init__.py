"""Mapping: which source column becomes which target field, how, how surely, and why."""

from __future__ import annotations

from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import Approval, FieldRef, MappedField, Mapping, Match, Suggestions

__all__ = ["Approval", "FieldRef", "MappedField", "Mapping", "Match", "Suggestions", "transformations"]
