"""Patches and plans: what cleansing would change, what it changed, and what it leaves to a person."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.tables import Located, Tables

Tier = Literal["auto", "suggest", "review"]

PATCH_COLUMNS = ("table", "row", "column", "before", "after", "rule", "tier", "confidence", "reason")
"""Columns of a patch log, Parquet or CSV; `row` is 0-based in the source, null is an empty cell."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class PlannedRule(_Value):
    """One rule that applies to one column, with what it would do."""

    rule: str = Field(description="stable id, e.g. 'mac.canonical'")
    version: int = 1
    table: str
    column: str
    tier: Tier
    confidence: float = Field(ge=0, le=1)
    reason: str
    expression: str = Field(default="", description="DuckDB expression over the column; empty where it isn't one")
    where: str = Field(default="", description="DuckDB condition outside of which the expression changes nothing")
    values: dict[str, str | None] = Field(
        default_factory=dict,
        description="value to value, where the rule is a list; leave one out to keep that spelling",
    )
    given: tuple[str, ...] = Field(default=(), description="other columns the rule reads, for rules over rows")
    cells: int = Field(default=0, ge=0, description="cells it would change, where that is known before it runs")
    examples: tuple[str, ...] = Field(default=(), description="at most three, 'before → after'")


class CleansingPlan(_Value):
    """The rules that will run, in their order."""

    rules: tuple[PlannedRule, ...]
    findings: tuple[Finding, ...] = Field(default=(), description="what no rule may decide")


class PatchLog(_Value):
    """Every changed cell of a run, as a Parquet file with PATCH_COLUMNS, in order of table, row, column, rule."""

    path: Located
    count: int
    by_rule: dict[str, int] = Field(default_factory=dict)


class Cleansed(_Value):
    """The same tables, rows and columns, with cells patched; and what needs a person."""

    tables: Tables
    patches: PatchLog
    findings: tuple[Finding, ...] = ()
