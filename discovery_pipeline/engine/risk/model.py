"""Risks of the move: each from facts, with likelihood, impact, evidence and mitigation."""

from __future__ import annotations

from collections.abc import Mapping as Mapped
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from discovery_pipeline.engine.cleansing.model import PatchLog
from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.mapping.model import Mapping
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.tables import Table, Tables
from discovery_pipeline.engine.targets.contract import Target
from discovery_pipeline.engine.validation.model import Verdict

Level = Literal["low", "medium", "high"]
Category = Literal["data_loss", "performance", "continuity", "compliance"]

LEVELS: tuple[Level, ...] = ("low", "medium", "high")


class Risk(BaseModel):
    """One thing that may go wrong in the move."""

    model_config = ConfigDict(frozen=True)

    category: Category
    title: str
    likelihood: Level
    impact: Level
    evidence: tuple[str, ...]
    mitigation: str

    @property
    def gravity(self) -> int:
        """Likelihood times impact, 1..9."""
        return (LEVELS.index(self.likelihood) + 1) * (LEVELS.index(self.impact) + 1)


class RiskAssessment(BaseModel):
    """All risks, the gravest first."""

    model_config = ConfigDict(frozen=True)

    risks: tuple[Risk, ...]
    findings: tuple[Finding, ...] = ()


class Assumptions(BaseModel):
    """What can't be read from the data: said by the user, and repeated in the evidence that uses it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bandwidth_mbit: float = Field(default=1000.0, gt=0, description="usable bandwidth to the target, Mbit/s")
    rows_per_second: float | None = Field(default=None, gt=0, description="rows that the target's importer loads")
    window_hours: float | None = Field(default=None, gt=0, description="how long the cut-over may take")
    region: str | None = Field(default=None, description="where the target keeps its data, as a person says it")


@dataclass(frozen=True, slots=True)
class Facts:
    """All that earlier stages found out about one move; what a stage has not done yet stays empty."""

    tables: Tables  # as they would be delivered: after cleansing
    profile: Profile
    analysis: SchemaAnalysis = field(default_factory=SchemaAnalysis)
    mappings: tuple[Mapping, ...] = ()
    targets: Mapped[str, Target] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    patches: PatchLog | None = None
    signed_by: tuple[str, ...] = ()  # people who approved the mapping

    def table(self, name: str) -> Table | None:
        """The table of that name, if there is one."""
        return next((table for table in self.tables if table.name == name), None)
