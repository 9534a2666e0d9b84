"""Verdicts: which rows a target takes, which it doesn't, and every reason."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.tables import Located

REJECTED_COLUMNS = ("target", "table", "file", "line", "row", "reasons")
"""First columns of the rejected rows' Parquet file; the last, `record`, holds the source row as JSON.

`row` is 0-based in its table, `reasons` one text with every reason, joined by "; "."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class ValidRows(_Value):
    """Rows for one table of a target: Parquet with the target's fields as text, then `__table` and `__row`."""

    target_table: str
    path: Located
    row_count: int


class Verdict(_Value):
    """What one target takes of the tables. rows_in = delivered + rejected, where each source row counts once."""

    target: str
    rows_in: int
    rows_delivered: int = Field(description="source rows that stand in at least one target file")
    rows_rejected: int
    valid: tuple[ValidRows, ...]
    rejected: Located = Field(description="Parquet with REJECTED_COLUMNS and `record`, in order of table and row")
    patches: Located = Field(
        description="Parquet with PATCH_COLUMNS: values blanked because an optional field can't take them"
    )
    blanked: int = 0
    findings: tuple[Finding, ...] = ()


class RejectedLog(_Value):
    """The rejected rows of all targets in one Parquet file with REJECTED_COLUMNS and `record`."""

    path: Located
    count: int


class DimensionScore(_Value):
    """A quality dimension before cleansing and after it, each 0..1."""

    dimension: str
    before: float
    after: float
    weight: float = Field(default=0.0, ge=0, le=1, description="its share of the score; the shares sum to 1")
    evidence: str = Field(default="", description="what was counted, in words with its numbers")


class QualityReport(_Value):
    """How good the data was, and is."""

    before: float = Field(description="weighted score 0..1")
    after: float
    dimensions: tuple[DimensionScore, ...] = Field(description="those that can be measured on this data")
    findings: tuple[Finding, ...] = ()
