"""Risk: what may go wrong in the move, from counted facts only."""

from __future__ import annotations

import duckdb

from discovery_pipeline.engine.risk import compliance, continuity, data_loss, performance
from discovery_pipeline.engine.risk.findings import findings
from discovery_pipeline.engine.risk.losses import field_losses
from discovery_pipeline.engine.risk.model import Assumptions, Category, Facts, Level, Risk, RiskAssessment
from discovery_pipeline.engine.risk.outcomes import outcomes


def assess(con: duckdb.DuckDBPyConnection, facts: Facts, assumptions: Assumptions | None = None) -> RiskAssessment:
    """Every risk that the facts show, the gravest first.

    What hasn't been done yet (no mapping, no verdict) raises no risk of its own. Numbers in the evidence are counted,
    except those that repeat an assumption, which say so.
    """
    given = assumptions or Assumptions()
    losses = field_losses(con, facts)
    ends = outcomes(con, facts.verdicts)
    found = [
        *data_loss.risks(facts, losses, ends),
        *performance.risks(con, facts, given),
        *continuity.risks(facts, losses, ends, given),
        *compliance.risks(facts, given),
    ]
    found.sort(key=lambda risk: -risk.gravity)  # stable: equals stay in the order of their categories
    return RiskAssessment(risks=tuple(found), findings=tuple(findings(facts, losses)))


__all__ = ["Assumptions", "Category", "Facts", "Level", "Risk", "RiskAssessment", "assess"]
