"""Delivery as an asset."""

from datetime import UTC, datetime

import dagster as dg

from discovery_pipeline.agents.gathering import named
from discovery_pipeline.agents.tasks import AGENTS
from discovery_pipeline.assets import agents, lineage
from discovery_pipeline.assets import deltas as since
from discovery_pipeline.assets.artifacts import COMPLETES
from discovery_pipeline.assets.deltas import RESULTS
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.partitions import flow_asset
from discovery_pipeline.engine import delivery
from discovery_pipeline.engine.cleansing.model import Cleansed, PatchLog
from discovery_pipeline.engine.delivery import report
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping.model import Approval, Mapping, Suggestions
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.risk.model import RiskAssessment
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.validation.model import QualityReport, Verdict
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Phase


@flow_asset(
    "delivery",
    kinds={"duckdb", "csv"},
    metadata={COMPLETES: Phase.VALIDATION.value},
    check_specs=[
        dg.AssetCheckSpec(
            "complete",
            asset="target_files",
            blocking=True,
            description="The files hold every row that validation let through.",
        )
    ],
)
def target_files(
    context: dg.AssetExecutionContext,
    desk: Desk,
    source_tables: Intake,
    column_profile: Profile,
    schema_analysis: SchemaAnalysis,
    mapping_suggestions: list[Suggestions],
    approved_mapping: list[Mapping],
    cleansed_tables: Cleansed,
    patch_log: PatchLog,
    validated_tables: list[Verdict],
    quality_report: QualityReport,
    risk_assessment: RiskAssessment,
) -> dg.MaterializeResult:
    """The files that each target takes as they are, and beside them what people read."""
    from discovery_pipeline.agents.narrative import narrative

    with desk.stage(context) as stage:
        into = stage.folder("target_files") / RESULTS
        done = [
            delivery.deliver(stage.con, verdict, stage.target(verdict.target), into) for verdict in validated_tables
        ]
        changes = since.deltas(stage, validated_tables, into)
        page = report.render(
            stage.con,
            report.Contents(
                title=stage.flow.name,
                made_at=datetime.now(UTC),
                intake=source_tables,
                profile=column_profile,
                analysis=schema_analysis,
                targets=tuple(
                    report.TargetStory(
                        target=stage.target(verdict.target),
                        suggestions=offered,
                        approval=_approval(offered, mapping),
                        verdict=verdict,
                        files=written.files,
                    )
                    for offered, mapping, verdict, written in _by_target(
                        mapping_suggestions, approved_mapping, validated_tables, done
                    )
                ),
                patches=cleansed_tables.patches,
                quality=quality_report,
                risk=risk_assessment,
                findings=quality_report.findings,
                narrative=narrative(agents.given(desk, stage.flow, *AGENTS), named(column_profile)),
            ),
        )
        delivery.bundle(
            stage.con,
            delivery.Bundle(
                verdicts=tuple(validated_tables),
                mappings=tuple(approved_mapping),
                unreadable=source_tables.rejected,
                patches=(patch_log.path,),
                documents={
                    "profile.json": column_profile,
                    "quality.json": quality_report,
                    "risk.json": risk_assessment,
                    "report.html": page,
                    **changes,
                },
            ),
            into,
        )
        rows = {each.target: sum(file.row_count for file in each.files) for each in done}
        stage.store.append_event(stage.flow, EventType.DELIVERY_COMPLETED, rows)
    expected = {v.target: sum(valid.row_count for valid in v.valid) for v in validated_tables}
    return dg.MaterializeResult(
        value=done,
        metadata={
            "dagster/column_schema": lineage.target_columns(approved_mapping, stage.targets),
            "dagster/column_lineage": lineage.delivered(
                approved_mapping, lineage.beside(context.asset_key, "validated_tables")
            ),
            "dagster/row_count": sum(rows.values()),
        }
        | {f"{target}_rows": count for target, count in rows.items()}
        | since.counted(changes)
        | {"files": sum(len(each.files) for each in done)},
        check_results=[dg.AssetCheckResult(passed=rows == expected, check_name="complete")],
    )


def _by_target(
    offered: list[Suggestions], approved: list[Mapping], verdicts: list[Verdict], done: list[delivery.Delivery]
) -> list[tuple[Suggestions, Mapping, Verdict, delivery.Delivery]]:
    """What belongs to one target, together; in the order of the verdicts."""
    suggestions = {each.target: each for each in offered}
    mappings = {each.target: each for each in approved}
    return [(suggestions[v.target], mappings[v.target], v, each) for v, each in zip(verdicts, done, strict=True)]


def _approval(offered: Suggestions, mapping: Mapping) -> Approval:
    """The decision, and what of the offer was not taken."""
    taken = {(f.source_table, f.target_table, f.target_field) for f in mapping.fields}
    waiting = tuple(f for f in offered.assignment if (f.source_table, f.target_table, f.target_field) not in taken)
    return Approval(mapping=mapping, waiting=waiting)
