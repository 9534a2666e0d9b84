"""Profiles: what the columns of one table look like.

Counts and shapes only. What a column should become is mapping.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

InferredType = Literal["string", "integer", "float", "boolean", "date", "datetime", "json"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class ValueCount(_Value):
    """A value and how often it stands."""

    value: str
    count: int


class TypeException(_Value):
    """A value that doesn't fit the inferred type, and the first row (0-based) where it stands."""

    value: str
    count: int
    row: int


class Pattern(_Value):
    """A mask of values: 9 a digit, A an upper-case and a a lower-case letter, others as they are."""

    mask: str
    count: int
    example: str


class Bin(_Value):
    """One bar of a histogram: low ≤ value < high (the last bar holds its high, too)."""

    low: float
    high: float
    count: int


class Lengths(_Value):
    """Characters in a value."""

    min: int
    max: int
    mean: float


class Outliers(_Value):
    """How many values lie outside 1.5 IQR of the quartiles, and beyond three standard deviations."""

    iqr: int
    zscore: int
    examples: tuple[str, ...] = ()


class TimeSeries(_Value):
    """How a date column runs."""

    granularity: str
    gaps: int
    trend: float | None = None
    seasonality: str | None = None


class Quality(_Value):
    """Shares 0..1 by dimension, and their weighted score."""

    completeness: float
    validity: float
    uniqueness: float
    consistency: float
    timeliness: float | None
    score: float


class Pii(_Value):
    """Personal data under the GDPR: its class and how much it would hurt."""

    kind: str
    risk: Literal["low", "medium", "high"]


class ColumnProfile(_Value):
    """What one column looks like. Statistics are None where they have no meaning for the type."""

    name: str
    position: int
    inferred_type: InferredType
    type_fit: float = Field(description="share of non-null values that fit the inferred type, 0..1")
    exceptions: tuple[TypeException, ...] = Field(default=(), description="values that don't fit, most frequent first")
    date_format: str | None = Field(default=None, description="strptime format most values of a date column share")
    date_formats: tuple[ValueCount, ...] = Field(default=(), description="every format seen, with its count")
    semantic_type: str | None = None
    semantic_fit: float | None = Field(default=None, description="share of non-null values of that semantic type")
    unit: str | None = Field(
        default=None, description="unit of its bare numbers: MB, GB, MHz, percent, …; None where nobody says"
    )
    units: tuple[ValueCount, ...] = Field(default=(), description="units written beside the values, with counts")
    decimal_mark: Literal[",", "."] | None = Field(
        default=None, description="what stands before the decimals of its numbers; None where none tells"
    )
    pii: Pii | None = None
    null_count: int
    null_ratio: float
    null_tokens: tuple[ValueCount, ...] = Field(default=(), description="'N/A', '-', … counted apart from nulls")
    distinct_count: int
    distinct_is_exact: bool
    min: str | float | None = None
    max: str | float | None = None
    mean: float | None = None
    median: float | None = None
    std: float | None = None
    q1: float | None = None
    q3: float | None = None
    p05: float | None = None
    p95: float | None = None
    skew: float | None = None
    kurtosis: float | None = None
    histogram: tuple[Bin, ...] = ()
    top_values: tuple[ValueCount, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    lengths: Lengths | None = Field(default=None, description="of texts; None for numbers and dates")
    outliers: Outliers | None = None
    time_series: TimeSeries | None = None
    quality: Quality
    anomalies: tuple[str, ...] = ()
    suggested_charts: tuple[str, ...] = ()


class Correlation(_Value):
    """How two numeric columns move together."""

    left: str
    right: str
    pearson: float | None
    spearman: float | None


class NullPattern(_Value):
    """Columns that are null in the same rows."""

    columns: tuple[str, ...]
    count: int


class TableProfile(_Value):
    """What one table looks like."""

    name: str
    row_count: int
    duplicate_row_count: int
    columns: tuple[ColumnProfile, ...]
    correlations: tuple[Correlation, ...] = ()
    null_patterns: tuple[NullPattern, ...] = ()

    def column(self, name: str) -> ColumnProfile:
        """The profile of that column. Raises KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


class Profile(_Value):
    """What all tables look like."""

    tables: tuple[TableProfile, ...]

    def table(self, name: str) -> TableProfile:
        """The profile of that table. Raises KeyError where there is none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)
