"""Targets: contracts of what target systems take. What a contract means for a row is validation."""

from discovery_pipeline.engine.targets.contract import Target, TargetField, TargetRule, TargetTable
from discovery_pipeline.engine.targets.drafting import describes, draft, draft_of_rows
from discovery_pipeline.engine.targets.loader import load, names, parsed, read
from discovery_pipeline.engine.targets.schema import schema
from discovery_pipeline.engine.targets.writing import constraints, written

__all__ = [
    "Target",
    "TargetField",
    "TargetRule",
    "TargetTable",
    "constraints",
    "describes",
    "draft",
    "draft_of_rows",
    "load",
    "names",
    "parsed",
    "read",
    "schema",
    "written",
]
