"""Risk: what may go wrong in the move, from counted facts only."""

from __future__ import annotations

import duckdb

from discovery_pipeline.engine.findings import Dimension, Finding, Severity
from discovery_pipeline.engine.risk import compliance, continuity, data_loss, performance
from discovery_pipeline.engine.risk.losses import FieldLoss, field_losses
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
        *continuity.risks(facts, ends, given),
        *compliance.risks(facts, given),
    ]
    found.sort(key=lambda risk: -risk.gravity)  # stable: equals stay in the order of their categories
    return RiskAssessment(risks=tuple(found), findings=tuple(_findings(losses)))


def _findings(losses: tuple[FieldLoss, ...]) -> list[Finding]:
    """The losses that a person can mend, where they are."""
    return [
        Finding(
            table=loss.field.source_table,
            column=loss.field.source_field,
            rule=rule,
            severity=Severity.ERROR if loss.identity or loss.field.is_required else Severity.WARNING,
            dimension=Dimension.ACCURACY,
            count=count,
            examples=tuple(loss.examples) if rule == "loss.emptied" else (),
            evidence=f"{count:,} of {loss.filled:,} values {what} in {loss.target} {loss.field.target_field}",
            action=action,
        )
        for loss in losses
        for rule, count, what, action in (
            ("loss.emptied", loss.emptied, "become empty", "Extend the transformation, or mend the values."),
            ("loss.rounded", loss.rounded, "are rounded", "Keep the fraction, or convert to a smaller unit."),
            ("loss.truncated", loss.too_long, "are longer than the field takes", "Shorten the values at the source."),
            ("loss.merged", loss.merged, "fall together with another", "Keep identities apart."),
            ("loss.garbled", loss.garbled, "are garbled", "Export the source again as UTF-8."),
        )
        if count
    ]


__all__ = ["Assumptions", "Category", "Facts", "Level", "Risk", "RiskAssessment", "assess"]
