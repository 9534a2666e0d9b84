"""Intake: files of any shape become tables of text, and nothing is lost on the way."""

from discovery_pipeline.engine.intake.export import to_csv
from discovery_pipeline.engine.intake.model import Choice, FileRead, Intake, Options, TableRead
from discovery_pipeline.engine.intake.reading import check_openable, read

__all__ = ["Choice", "FileRead", "Intake", "Options", "TableRead", "check_openable", "read", "to_csv"]
