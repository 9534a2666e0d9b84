"""Profiling: what the columns look like."""

from discovery_pipeline.engine.profiling.drift import diff
from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile, TableProfile
from discovery_pipeline.engine.profiling.profile import of_files, of_source, profile
from discovery_pipeline.engine.profiling.source import Source, of_table

__all__ = ["ColumnProfile", "Profile", "Source", "TableProfile", "diff", "of_files", "of_source", "of_table", "profile"]
