"""Cleansing: cells mended by rules, each change logged and reversible."""

from discovery_pipeline.engine.cleansing.applying import cleanse
from discovery_pipeline.engine.cleansing.decisions import CellDecision, Decisions, RuleDecision, ValueDecision
from discovery_pipeline.engine.cleansing.log import export, summary, tables_of
from discovery_pipeline.engine.cleansing.planning import plan
from discovery_pipeline.engine.cleansing.reverting import left, revert

__all__ = [
    "CellDecision",
    "Decisions",
    "RuleDecision",
    "ValueDecision",
    "cleanse",
    "export",
    "left",
    "plan",
    "revert",
    "summary",
    "tables_of",
]
