"""Profiling: what the columns look like."""

from discovery_pipeline.engine.profiling.drift import diff
from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile, TableProfile
from discovery_pipeline.engine.profiling.parts import Parts, counted_here, of_parts
from discovery_pipeline.engine.profiling.profile import of_files, of_source, profile
from discovery_pipeline.engine.profiling.source import Source, of_table

__all__ = [
    "ColumnProfile",
    "Parts",
    "Profile",
    "Source",
    "TableProfile",
    "counted_here",
    "diff",
    "of_files",
    "of_parts",
    "of_source",
    "of_table",
    "profile",
]
