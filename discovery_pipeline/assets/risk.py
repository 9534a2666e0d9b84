"""Risk as an asset."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import dagster as dg

from discovery_pipeline.agents.gathering import Results
from discovery_pipeline.assets import agents, charts, contract
from discovery_pipeline.assets.agents import ANSWERED, answered
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.partitions import code_version, flows, of_stage
from discovery_pipeline.assets.reuse import Parts
from discovery_pipeline.engine import risk
from discovery_pipeline.engine.cleansing.model import Cleansed, CleansingPlan
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping.model import Mapping, Suggestions
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.risk.model import LEVELS, Facts, RiskAssessment
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.validation.model import QualityReport, Verdict
from discovery_pipeline.flow.advice import Advice

GRAVE = 6
"""Likelihood times impact (1 to 9) from which a person should look before the move."""


_kept = dg.Out(io_manager_key="artifacts")


@dg.op(out={"assessed": _kept, "risk_brief": _kept})
def assess(
    context: dg.OpExecutionContext,
    desk: Desk,
    io_manager: dg.ResourceParam[Any],  # never used: Dagster asks for it where a graph is materialized alone
    source_tables: Intake,
    column_profile: Profile,
    schema_analysis: SchemaAnalysis,
    mapping_suggestions: list[Suggestions],
    approved_mapping: list[Mapping],
    cleansing_plan: CleansingPlan,
    cleansed_tables: Cleansed,
    validated_tables: list[Verdict],
    quality_report: QualityReport,
) -> Iterator[dg.Output[Any]]:
    """Find the risks, and put together what agents may know."""
    from discovery_pipeline.store.people.members import RUNS
    from discovery_pipeline.store.reviews import mappings

    with desk.stage(context) as stage:
        reviewed = stage.store.wait_for(mappings.review(stage.store.flows, stage.flow))
        people = tuple(login for login in reviewed.by if login not in RUNS)
        facts = Facts(
            tables=cleansed_tables.tables,
            profile=column_profile,
            analysis=schema_analysis,
            mappings=tuple(approved_mapping),
            targets={target.name: target for target in stage.targets},
            verdicts=tuple(validated_tables),
            patches=cleansed_tables.patches,
            signed_by=people,
        )
        parts, before = Parts.of(stage, "assessed"), desk.value(stage.flow, "assessed")
        read = parts.of_stages(
            "column_profile", "schema_analysis", "approved_mapping", "cleansed_tables", "validated_tables"
        )
        if parts.same("risks", code_version("risk"), *read, *stage.targets, people) and isinstance(
            before, RiskAssessment
        ):
            found = parts.take_over("risks", before)
        else:
            found = risk.assess(stage.con, facts)
        parts.write()
        results = Results(
            profile=column_profile,
            analysis=schema_analysis,
            offered=tuple(mapping_suggestions),
            targets=stage.targets,
            findings=(*source_tables.findings, *cleansed_tables.findings),
            plan=cleansing_plan,
            verdicts=tuple(validated_tables),
            quality=quality_report,
            risk=found,
        )
    told = agents.briefed(context, desk, results)
    yield dg.Output(found, "assessed", metadata={"risks": len(found.risks), "taken_over": bool(parts.reused)})
    yield dg.Output(told, "risk_brief")


@dg.op(out={"result": _kept, "contract": _kept, "no_grave_risk": _kept, ANSWERED: _kept})
def conclude(assessed: RiskAssessment, advice: Advice) -> Iterator[dg.Output[Any] | dg.AssetCheckResult]:
    """Let the assessment stand: an agent puts risks in order and says why, and neither adds nor removes one."""
    from discovery_pipeline.engine.risk.contract import Risks, frame

    places = Counter(f"{one.category.replace('_', ' ')}, {one.impact} impact" for one in assessed.risks)
    grave = [
        {"category": one.category, "likelihood": one.likelihood, "impact": one.impact}
        for one in sorted(assessed.risks, key=lambda one: -one.gravity)
        if one.gravity >= GRAVE
    ]
    yield dg.Output(
        assessed,
        metadata={
            "dagster/column_schema": contract.column_schema(Risks),
            "dagster/row_count": len(assessed.risks),
            "risks": charts.bars(places, "Risks by what they would harm"),
        }
        | {f"impact_{level}": sum(one.impact == level for one in assessed.risks) for level in LEVELS},
    )
    yield contract.held(Risks, [frame(assessed)])
    yield contract.watched("no_grave_risk", f"{len(grave)} grave risks", grave)
    yield answered([advice])


@dg.graph_asset(
    partitions_def=flows,
    **of_stage("risk"),
    kinds={"duckdb", "pandera"},
    check_specs=[
        contract.spec("risk_assessment"),
        contract.watch("no_grave_risk", "risk_assessment", "No risk is both likely and heavy."),
        agents.check("risk_assessment"),
    ],
)
def risk_assessment(
    source_tables: Any,
    column_profile: Any,
    schema_analysis: Any,
    mapping_suggestions: Any,
    approved_mapping: Any,
    cleansing_plan: Any,
    cleansed_tables: Any,
    validated_tables: Any,
    quality_report: Any,
) -> dict[str, Any]:
    """What may go wrong in the move: data loss, performance, continuity, compliance, each with its numbers."""
    assessed, told = assess(
        source_tables,
        column_profile,
        schema_analysis,
        mapping_suggestions,
        approved_mapping,
        cleansing_plan,
        cleansed_tables,
        validated_tables,
        quality_report,
    )
    result, kept, grave, heard = conclude(assessed, agents.risk_agent(told))
    return {
        "result": result,
        "risk_assessment_contract": kept,
        "risk_assessment_no_grave_risk": grave,
        "risk_assessment_agents_answered": heard,
    }
