"""Intake: files of any shape become tables of text, and nothing is lost on the way."""

from discovery_pipeline.engine.intake.export import to_csv
from discovery_pipeline.engine.intake.model import Choice, FileRead, Intake, Options, TableRead
from discovery_pipeline.engine.intake.reading import check_openable, inside, read

__all__ = ["Choice", "FileRead", "Intake", "Options", "TableRead", "check_openable", "inside", "read", "to_csv"]
