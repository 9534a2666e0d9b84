"""Validation: which rows a target takes, and why it does not take the others."""

from discovery_pipeline.engine.validation.judge import validate
from discovery_pipeline.engine.validation.model import DimensionScore, QualityReport, ValidRows, Verdict
from discovery_pipeline.engine.validation.own import own_columns
from discovery_pipeline.engine.validation.quality import quality

__all__ = ["DimensionScore", "QualityReport", "ValidRows", "Verdict", "own_columns", "quality", "validate"]
