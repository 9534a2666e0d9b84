"""Profiling: what the columns look like."""

from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile, TableProfile
from discovery_pipeline.engine.profiling.profile import of_source, profile
from discovery_pipeline.engine.profiling.source import Dialect, Source, of_csv, of_table

__all__ = [
    "ColumnProfile",
    "Dialect",
    "Profile",
    "Source",
    "TableProfile",
    "of_csv",
    "of_source",
    "of_table",
    "profile",
]
