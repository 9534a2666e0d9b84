"""Mapping as assets: what is offered, and the gate that only a decision opens."""

import dagster as dg

from discovery_pipeline.assets import charts, contract, lineage
from discovery_pipeline.assets.artifacts import COMPLETES
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.partitions import flow_asset
from discovery_pipeline.engine import mapping
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.flow.state import Phase


@flow_asset(
    group_name="mapping",
    kinds={"duckdb"},
    metadata={COMPLETES: Phase.DATA_IMPORT.value},
    check_specs=[contract.spec("mapping_suggestions")],
)
def mapping_suggestions(
    context: dg.AssetExecutionContext,
    desk: Desk,
    source_tables: Intake,
    column_profile: Profile,
    schema_analysis: SchemaAnalysis,
) -> dg.MaterializeResult:
    """Which source column is offered for which target field, with confidence, reasons and transformation."""
    from discovery_pipeline.engine.mapping.contract import MappedFields, frame

    with desk.stage(context) as stage:
        offered = [
            mapping.suggest(stage.con, source_tables.tables, column_profile, schema_analysis, target)
            for target in stage.targets
        ]
        for suggestions in offered:
            stage.store.record_suggestions(stage.flow.id, suggestions)
    fields = [(s.target, field) for s in offered for field in s.assignment]
    return dg.MaterializeResult(
        value=offered,
        metadata={
            "dagster/column_schema": contract.column_schema(MappedFields),
            "offered": len(fields),
            "unmapped_source": sum(len(s.unmapped_source) for s in offered),
            "unmapped_target": sum(len(s.unmapped_target) for s in offered),
            "confidence": charts.bars(
                {f"{f.source_field} → {f.target_field}": f.confidence for _, f in fields}, "Confidence", share=True
            ),
        },
        check_results=[contract.held("mapping_suggestions", MappedFields, [frame(fields)])],
    )


@flow_asset(
    group_name="mapping",
    kinds={"postgres"},
    deps=[mapping_suggestions],
    check_specs=[contract.spec("approved_mapping")],
)
def approved_mapping(context: dg.AssetExecutionContext, desk: Desk) -> dg.MaterializeResult:
    """What was decided in the review, and when. Fails at once while the flow waits for it."""
    from discovery_pipeline.engine.mapping.contract import MappedFields, frame

    with desk.stage(context) as stage:
        decided = list(stage.store.approved_mappings(stage.flow.id).values())
        review = stage.flow.phases[Phase.FIELD_MAPPING]
        if not decided or review.completed_at is None:
            raise dg.Failure(
                f"Flow '{stage.flow.slug}' is waiting for review: approve its mappings first.", allow_retries=False
            )
    fields = [(m.target, field) for m in decided for field in m.fields]
    return dg.MaterializeResult(
        value=decided,
        metadata={
            "dagster/column_schema": contract.column_schema(MappedFields),
            "dagster/column_lineage": lineage.of(fields),
            "decided_at": dg.MetadataValue.timestamp(review.completed_at),
            "decided_by": str(review.result.get("by", "")),
            "mapped_fields": len(fields),
        },
        check_results=[contract.held("approved_mapping", MappedFields, [frame(fields)])],
    )
