"""Outputs: what agents answer with: words of closed lists, ids of facts, and short sentences that are shown as claims.

A place in a sentence stands as its id (`t1.c3`); `Names.put_into` puts the name there when a person reads it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from discovery_pipeline.agents.facts import Id

Text = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Severity = Literal["error", "warning", "info"]
Level = Literal["low", "medium", "high"]
Dimension = Literal["completeness", "accuracy", "consistency", "timeliness", "uniqueness"]
Kind = Literal["register", "events", "measurements", "people", "reference list", "links", "hierarchy", "mixture"]

MOST = 100_000
"""Entries that a list of an answer may have."""


class Answer(BaseModel):
    """A part of an agent's answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Statement(Answer):
    """Something said of places in the data."""

    about: tuple[Id, ...] = ()
    text: Text


class TableKind(Answer):
    """What one table is."""

    table: Id
    kind: Kind
    key: tuple[Id, ...] = ()
    text: Text


class SchemaAnalysis(Answer):
    """What kind of data this is."""

    summary: Text
    tables: tuple[TableKind, ...] = Field(max_length=MOST)


class Opportunity(Answer):
    """One column or field in the comparison of source and target."""

    column: Id | None = None
    target: str = ""
    field: str = ""
    text: Text


class MappingOpportunities(Answer):
    """Source and target compared."""

    summary: Text
    direct: tuple[Opportunity, ...] = Field(default=(), max_length=MOST)
    complex: tuple[Opportunity, ...] = Field(default=(), max_length=MOST)
    missing_required: tuple[Opportunity, ...] = Field(default=(), max_length=MOST)
    extra: tuple[Opportunity, ...] = Field(default=(), max_length=MOST)
    conversions: tuple[Opportunity, ...] = Field(default=(), max_length=MOST)


class TableScore(Answer):
    """How good one table is, 0..1."""

    table: Id
    score: float = Field(ge=0, le=1)


class Visualization(Answer):
    """A chart that shows a column best."""

    column: Id
    chart: Literal["histogram", "box", "bar", "line", "patterns"]


class ProfilingReport(Answer):
    """What the values look like."""

    summary: Text
    quality_scores: tuple[TableScore, ...] = Field(default=(), max_length=MOST)
    patterns: tuple[Statement, ...] = Field(default=(), max_length=MOST)
    anomalies: tuple[Statement, ...] = Field(default=(), max_length=MOST)
    visualizations: tuple[Visualization, ...] = Field(default=(), max_length=MOST)


class DimensionView(Answer):
    """One quality dimension."""

    dimension: Dimension
    score: float | None = Field(default=None, ge=0, le=1)
    severity: Severity
    text: Text


class Issue(Answer):
    """Something that will hurt."""

    about: tuple[Id, ...]
    dimension: Dimension
    severity: Severity
    count: int = Field(ge=0)
    text: Text


class QualityAssessment(Answer):
    """How good the data is, and what will hurt."""

    summary: Text
    dimensions: tuple[DimensionView, ...] = Field(max_length=5)
    issues: tuple[Issue, ...] = Field(default=(), max_length=MOST)


class StrategyStep(Answer):
    """One step of cleansing."""

    priority: int = Field(ge=1, le=MOST)
    way: Literal["automated", "manual review", "enrichment"]
    about: tuple[Id, ...] = ()
    cells: int = Field(ge=0)
    risk: Level
    text: Text
    why: Text


class CleansingStrategy(Answer):
    """What to mend, how, and in which order."""

    summary: Text
    steps: tuple[StrategyStep, ...] = Field(default=(), max_length=MOST)


class Pick(Answer):
    """The answer to one question: one of its candidates, or none of them."""

    question: str
    choice: str = Field(description="a candidate's id, or 'none'")
    text: Text


class MappingRecommendations(Answer):
    """The open mappings, decided as far as evidence goes."""

    summary: Text
    picks: tuple[Pick, ...] = Field(default=(), max_length=MOST)


class RelationshipMap(Answer):
    """What belongs to what."""

    summary: Text
    relations: tuple[Statement, ...] = Field(default=(), max_length=MOST)
    rules: tuple[Statement, ...] = Field(default=(), max_length=MOST)
    load_order: tuple[Id, ...] = Field(default=(), description="tables, those that others refer to first")


class RiskView(Answer):
    """One risk of the engine's, and what to do about it first."""

    risk: str
    text: Text


class RiskAssessment(Answer):
    """What may go wrong, in the order in which to look at it."""

    summary: Text
    risks: tuple[RiskView, ...] = Field(default=(), max_length=MOST)
    first: tuple[Statement, ...] = Field(default=(), max_length=MOST)
