"""Findings: what a stage noticed, in one shape for reports, pages, checks and agents.

A finding says where, what, how bad, on what evidence, and what to do. It never changes data.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Severity(StrEnum):
    """How bad a finding is; only an error keeps a row or a stage from going on."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Its place among severities, of which the worst has 0."""
        return list(Severity).index(self)


class Dimension(StrEnum):
    """The quality dimension a finding counts against (DAMA UK, 2013)."""

    COMPLETENESS = "completeness"
    ACCURACY = "accuracy"
    CONSISTENCY = "consistency"
    TIMELINESS = "timeliness"
    UNIQUENESS = "uniqueness"


class Finding(BaseModel):
    """One thing noticed about a table or a column."""

    model_config = ConfigDict(frozen=True)

    table: str
    column: str | None = None
    rule: str = Field(description="stable id of what was checked, e.g. 'type.exceptions'")
    severity: Severity
    dimension: Dimension = Dimension.ACCURACY
    count: int = Field(ge=0, description="rows or cells affected")
    examples: tuple[str, ...] = Field(
        default=(), description="values or places, as found; at most five, or 100 values for people to decide"
    )
    evidence: str = Field(description="what was seen, with its numbers")
    action: str = Field(description="what a person can do about it")
