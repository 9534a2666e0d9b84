"""Risk as an asset."""

import dagster as dg

from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.partitions import flow_asset
from discovery_pipeline.engine import risk
from discovery_pipeline.engine.cleansing.model import Cleansed
from discovery_pipeline.engine.mapping.model import Mapping
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.risk.model import LEVELS, Facts
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.validation.model import Verdict

GRAVE = 6
"""Likelihood times impact (1 to 9) from which a person should look before the move."""


@flow_asset(
    group_name="risk",
    kinds={"duckdb"},
    check_specs=[dg.AssetCheckSpec("no_grave_risk", asset="risk_assessment")],
)
def risk_assessment(
    context: dg.AssetExecutionContext,
    desk: Desk,
    column_profile: Profile,
    schema_analysis: SchemaAnalysis,
    approved_mapping: list[Mapping],
    cleansed_tables: Cleansed,
    validated_tables: list[Verdict],
) -> dg.MaterializeResult:
    """What may go wrong in the move: data loss, performance, continuity, compliance, each with its numbers."""
    with desk.stage(context) as stage:
        facts = Facts(
            tables=cleansed_tables.tables,
            profile=column_profile,
            analysis=schema_analysis,
            mappings=tuple(approved_mapping),
            targets={target.name: target for target in stage.targets},
            verdicts=tuple(validated_tables),
            patches=cleansed_tables.patches,
        )
        found = risk.assess(stage.con, facts)
    grave = sum(one.gravity >= GRAVE for one in found.risks)
    return dg.MaterializeResult(
        value=found,
        metadata={"risks": len(found.risks)}
        | {f"impact_{level}": sum(one.impact == level for one in found.risks) for level in LEVELS},
        check_results=[
            dg.AssetCheckResult(
                passed=not grave,
                asset_key="risk_assessment",
                check_name="no_grave_risk",
                severity=dg.AssetCheckSeverity.WARN,
                description=f"{grave} grave risks",
            )
        ],
    )
