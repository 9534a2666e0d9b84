"""Targets: contracts of what target systems take. What a contract means for a row is validation."""

from discovery_pipeline.engine.targets.contract import Target, TargetField, TargetRule, TargetTable
from discovery_pipeline.engine.targets.loader import load, names, read

__all__ = ["Target", "TargetField", "TargetRule", "TargetTable", "load", "names", "read"]
