"""Reading: what a flow's stages have left for agents, and what agents have said of it."""

from __future__ import annotations

from typing import Any

from discovery_pipeline.agents.gathering import Results
from discovery_pipeline.agents.tasks import AGENTS
from discovery_pipeline.errors import AgentError
from discovery_pipeline.flow.advice import Advice
from discovery_pipeline.flow.contracts import contracts
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.files import values
from discovery_pipeline.store.files.artifacts import Artifacts


def results(artifacts: Artifacts, flow: Flow) -> Results:
    """What the engines have found of the flow so far.

    Raises
    ------
    AgentError
        It has no profile yet, so there is nothing to speak of.
    """
    profile = _value(artifacts, flow, "column_profile")
    if profile is None:
        raise AgentError(f"Flow '{flow.slug}' has no profile yet; run it first, then ask the agents.")
    analysis, intake = (_value(artifacts, flow, stage) for stage in ("schema_analysis", "source_tables"))
    cleansed = _value(artifacts, flow, "cleansed_tables")
    return Results(
        profile=profile,
        **({"analysis": analysis} if analysis else {}),
        offered=tuple(_value(artifacts, flow, "offered") or ()),
        targets=contracts(flow),
        findings=(*(intake.findings if intake else ()), *(cleansed.findings if cleansed else ())),
        plan=_value(artifacts, flow, "cleansing_plan"),
        verdicts=tuple(_value(artifacts, flow, "validated_tables") or ()),
        quality=_value(artifacts, flow, "quality_report"),
        risk=_value(artifacts, flow, "risk_assessment"),
    )


def advice(artifacts: Artifacts, flow: Flow) -> list[Advice]:
    """What agents said when the flow ran; none of those that have not been asked."""
    found = (_value(artifacts, flow, agent) for agent in AGENTS)
    return [each for each in found if isinstance(each, Advice)]


def _value(artifacts: Artifacts, flow: Flow, stage: str) -> Any:
    try:
        folder = artifacts.reading(flow, stage)
    except FileNotFoundError:
        return None
    return values.read(folder)
