"""The report: one HTML page that tells a manager in a minute, and a data engineer in ten, what was found and done."""

from __future__ import annotations

from discovery_pipeline.engine.delivery.report.contents import Contents, Narrative, Section, TargetStory
from discovery_pipeline.engine.delivery.report.page import render

__all__ = ["Contents", "Narrative", "Section", "TargetStory", "render"]
