"""Delivery as an asset."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import dagster as dg

from discovery_pipeline.agents.gathering import named
from discovery_pipeline.agents.tasks import AGENTS
from discovery_pipeline.assets import agents, charts, contract, lineage
from discovery_pipeline.assets import deltas as since
from discovery_pipeline.assets.deltas import RESULTS
from discovery_pipeline.assets.desk import Desk, Stage
from discovery_pipeline.assets.partitions import code_version, flow_asset
from discovery_pipeline.assets.reuse import Parts
from discovery_pipeline.engine import delivery
from discovery_pipeline.engine.cleansing.model import Cleansed, PatchLog
from discovery_pipeline.engine.delivery import report
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping import approving
from discovery_pipeline.engine.mapping.model import Approval, Mapping, Suggestions
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.risk.model import RiskAssessment
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.targets.contract import Target
from discovery_pipeline.engine.validation.model import QualityReport, Verdict
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.store.files.destinations import Results, of_flow

READ = (
    "source_tables", "column_profile", "schema_analysis", "mapping_suggestions", "approved_mapping", "cleansed_tables",
    "patch_log", "validated_tables", "quality_report", "risk_assessment",
)  # fmt: skip
"""The stages that a delivery is made of, beside what agents say."""


@flow_asset(
    "delivery",
    kinds={"duckdb", "csv"},
    check_specs=[contract.gate("complete", "target_files", "The files hold every row that validation let through.")],
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
    made = _Made(
        source_tables,
        column_profile,
        schema_analysis,
        mapping_suggestions,
        approved_mapping,
        cleansed_tables,
        patch_log,
        validated_tables,
        quality_report,
        risk_assessment,
    )
    with desk.stage(context) as stage:
        parts = Parts.of(stage, "target_files")
        done, changes = _done(desk, parts, made)
        parts.write()
        if place := of_flow(desk.settings, stage.flow):
            place.publish(Results(stage.folder("target_files") / RESULTS, done, stage.targets))
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
            "written": charts.bars(_rows_by_file(done), "Rows by file"),
        }
        | {f"{target}_rows": count for target, count in rows.items()}
        | since.counted(changes)
        | {"files": sum(len(each.files) for each in done), "taken_over": bool(parts.reused)},
        check_results=[dg.AssetCheckResult(passed=rows == expected, check_name="complete")],
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """What a delivery is made of: the values of READ, in its order."""

    intake: Intake
    profile: Profile
    analysis: SchemaAnalysis
    offered: list[Suggestions]
    approved: list[Mapping]
    cleansed: Cleansed
    patches: PatchLog
    verdicts: list[Verdict]
    quality: QualityReport
    risk: RiskAssessment


def _done(desk: Desk, parts: Parts, made: _Made) -> tuple[list[delivery.Delivery], dict[str, delivery.Delta]]:
    """What is delivered, and what it changes of an earlier delivery: as it was, where it is made of the same things."""
    from discovery_pipeline.agents.narrative import narrative

    stage, before = parts.stage, desk.value(parts.stage.flow, "target_files")
    # What agents say, not their advice: that also holds by which engine they said it, and for how many tokens.
    told = narrative(agents.given(desk, stage.flow, *AGENTS), named(made.profile))
    read = parts.of_stages(*READ)
    same = parts.same("files", code_version("delivery"), stage.flow.name, *stage.targets, *read, told)
    # What is held against another delivery is made again: that one may have been, too.
    if same and since.asked(stage) is None and isinstance(before, list):
        parts.link("files")
        return [one for one in before if isinstance(one, delivery.Delivery)], {}
    return _written(stage, made, told)


def _written(
    stage: Stage, made: _Made, told: report.Narrative | None
) -> tuple[list[delivery.Delivery], dict[str, delivery.Delta]]:
    """The files of every target with what stands beside them, and what they change of an earlier delivery."""
    into = stage.folder("target_files") / RESULTS
    done = [delivery.deliver(stage.con, verdict, stage.target(verdict.target), into) for verdict in made.verdicts]
    changes = since.deltas(stage, made.verdicts, into)
    noticed = (finding for each in done for finding in each.findings)
    made = replace(made, quality=made.quality.model_copy(update={"findings": (*made.quality.findings, *noticed)}))
    page = report.render(stage.con, _contents(stage, made, done, told))
    delivery.bundle(
        stage.con,
        delivery.Bundle(
            verdicts=tuple(made.verdicts),
            mappings=tuple(made.approved),
            unreadable=made.intake.rejected,
            patches=(made.patches.path,),
            documents={
                "profile.json": made.profile,
                "quality.json": made.quality,
                "risk.json": made.risk,
                "report.html": page,
                **changes,
            },
        ),
        into,
    )
    return done, changes


def _contents(
    stage: Stage, made: _Made, done: list[delivery.Delivery], told: report.Narrative | None
) -> report.Contents:
    """What the report tells of the flow."""
    return report.Contents(
        title=stage.flow.name,
        made_at=datetime.now(UTC),
        intake=made.intake,
        profile=made.profile,
        analysis=made.analysis,
        targets=tuple(
            report.TargetStory(
                target=stage.target(verdict.target),
                suggestions=offered,
                approval=_approval(offered, mapping, stage.target(verdict.target)),
                verdict=verdict,
                files=written.files,
            )
            for offered, mapping, verdict, written in _by_target(made.offered, made.approved, made.verdicts, done)
        ),
        patches=made.cleansed.patches,
        quality=made.quality,
        risk=made.risk,
        findings=made.quality.findings,
        narrative=told,
    )


def _by_target(
    offered: list[Suggestions], approved: list[Mapping], verdicts: list[Verdict], done: list[delivery.Delivery]
) -> list[tuple[Suggestions, Mapping, Verdict, delivery.Delivery]]:
    """What belongs to one target, together; in the order of the verdicts."""
    suggestions = {each.target: each for each in offered}
    mappings = {each.target: each for each in approved}
    return [(suggestions[v.target], mappings[v.target], v, each) for v, each in zip(verdicts, done, strict=True)]


def _approval(offered: Suggestions, mapping: Mapping, target: Target) -> Approval:
    """The decision, and what of the offer is left to decide."""
    return Approval(mapping=mapping, waiting=approving.waiting(offered, target, mapping))


def _rows_by_file(done: list[delivery.Delivery]) -> dict[str, int]:
    return {f"{each.target}: {file.path}": file.row_count for each in done for file in each.files}
