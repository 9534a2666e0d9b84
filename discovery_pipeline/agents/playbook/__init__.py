"""The playbook: what a specialist concludes from facts, written down as rules.

It reads what the tools of a task said and what earlier tasks answered, and nothing else; so it answers the same within
a crew and without one, today and tomorrow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from discovery_pipeline.agents import outputs
from discovery_pipeline.agents.playbook import (
    cleansing,
    mapping,
    opportunities,
    profiling,
    quality,
    relationships,
    risk,
    schema,
)
from discovery_pipeline.agents.playbook.saying import Seen

Context = Mapping[str, outputs.Answer]
"""What earlier tasks answered, by their names."""

_RULES: Mapping[str, Callable[[Seen, Context], outputs.Answer]] = {
    "schema_analysis": schema.analysis,
    "profiling_report": profiling.report,
    "mapping_opportunities": opportunities.compared,
    "relationship_map": relationships.drawn,
    "quality_assessment": quality.assessed,
    "cleansing_strategy": cleansing.strategy,
    "mapping_recommendations": mapping.recommended,
    "risk_assessment": risk.assessed,
}


def answer(task: str, seen: Seen, context: Context) -> outputs.Answer:
    """The answer to a task.

    Parameters
    ----------
    seen
        What each tool of the task said, by the tool's name.
    context
        Answers that the task builds on; one that is missing leaves out what rests on it.
    """
    return _RULES[task](seen, context)


__all__ = ["Context", "Seen", "answer"]
