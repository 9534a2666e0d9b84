"""Risks of the move: each from facts, with likelihood, impact, evidence and mitigation."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from discovery_pipeline.engine.findings import Finding

Level = Literal["low", "medium", "high"]
Category = Literal["data_loss", "performance", "continuity", "compliance"]


class Risk(BaseModel):
    """One thing that may go wrong in the move."""

    model_config = ConfigDict(frozen=True)

    category: Category
    title: str
    likelihood: Level
    impact: Level
    evidence: tuple[str, ...]
    mitigation: str


class RiskAssessment(BaseModel):
    """All risks, the gravest first."""

    model_config = ConfigDict(frozen=True)

    risks: tuple[Risk, ...]
    findings: tuple[Finding, ...] = ()
