"""Validation as assets: what each target takes, what it doesn't, and how good the data is."""

import math
from collections import Counter
from datetime import UTC, datetime

import dagster as dg

from discovery_pipeline.assets import charts, contract, lineage
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.partitions import code_version, flow_asset
from discovery_pipeline.assets.reuse import Parts
from discovery_pipeline.engine import profiling, validation
from discovery_pipeline.engine.cleansing.model import Cleansed
from discovery_pipeline.engine.findings import Severity
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping.model import Mapping
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.shares import percent
from discovery_pipeline.engine.validation import asked, demands
from discovery_pipeline.engine.validation.model import REJECTED_COLUMNS, QualityReport, Verdict
from discovery_pipeline.engine.validation.quality import quality
from discovery_pipeline.engine.validation.rejections import together
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Phase


@flow_asset(
    "validation",
    kinds={"duckdb", "pandera"},
    check_specs=[
        contract.gate("nothing_lost", "validated_tables", "For each target, rows in = delivered + rejected."),
        contract.watch("all_valid", "validated_tables", "Every row is taken by every target."),
    ],
)
def validated_tables(
    context: dg.AssetExecutionContext, desk: Desk, cleansed_tables: Cleansed, approved_mapping: list[Mapping]
) -> dg.MaterializeResult:
    """The rows each target takes, in its own fields, held to the pandera schema of its contract."""
    with desk.stage(context, starts=Phase.VALIDATION) as stage:
        parts = Parts.of(stage, "validated_tables")
        former = {v.target: v for v in desk.value(stage.flow, "validated_tables") or () if isinstance(v, Verdict)}
        verdicts = [
            _verdict(parts, cleansed_tables, mapping, former.get(mapping.target)) for mapping in approved_mapping
        ]
        parts.write()
        stage.store.append_event(
            stage.flow,
            EventType.VALIDATION_COMPLETED,
            {v.target: {"delivered": v.rows_delivered, "rejected": v.rows_rejected} for v in verdicts},
        )
    rejected, blanked = sum(v.rows_rejected for v in verdicts), sum(v.blanked for v in verdicts)
    lost = {v.target: v.rows_in - v.rows_delivered - v.rows_rejected for v in verdicts}
    return dg.MaterializeResult(
        value=verdicts,
        metadata={
            "dagster/column_schema": lineage.target_columns(approved_mapping, stage.targets),
            "dagster/column_lineage": lineage.mapped(
                approved_mapping, lineage.beside(context.asset_key, "cleansed_tables")
            ),
            "dagster/row_count": sum(v.rows_delivered for v in verdicts),
            "taken_over": len(parts.reused),
            "valid": charts.bars(
                {v.target: v.rows_delivered / v.rows_in for v in verdicts if v.rows_in}, "Rows taken", share=True
            ),
        }
        | {f"{v.target}_delivered": v.rows_delivered for v in verdicts}
        | {f"{v.target}_rejected": v.rows_rejected for v in verdicts}
        | {f"{v.target}_blanked_cells": v.blanked for v in verdicts},
        check_results=[
            dg.AssetCheckResult(passed=not any(lost.values()), check_name="nothing_lost", metadata=lost),
            contract.watched(
                "all_valid",
                f"{counted(rejected, 'row')} rejected, {counted(blanked, 'value')} left empty",
                _reasons(verdicts),
                passed=not rejected,
            ),
        ],
    )


def _reasons(verdicts: list[Verdict]) -> list[dict[str, str | int]]:
    """What keeps rows and values from targets, most frequent first."""
    found = [(verdict.target, finding) for verdict in verdicts for finding in verdict.findings]
    found.sort(key=lambda each: (each[1].severity.rank, -each[1].count))
    return [
        {
            "target": target,
            "table": f.table,
            "column": f.column or "",
            "rule": f.rule,
            "severity": f.severity.value,
            "rows": f.count,
        }
        for target, f in found
    ]


def _rejecting(verdicts: list[Verdict]) -> Counter[str]:
    """How many rows each rule keeps from a target."""
    return Counter(
        {
            f"{v.target}: {f.column or f.table}, {f.rule}": f.count
            for v in verdicts
            for f in v.findings
            if f.severity is Severity.ERROR
        }
    )


def _verdict(parts: Parts, cleansed: Cleansed, mapping: Mapping, former: Verdict | None) -> Verdict:
    """What a target takes: the former verdict where nothing that it rests on has changed."""
    stage, target, today = parts.stage, parts.stage.target(mapping.target), datetime.now(UTC).date()
    asks = asked.resolved(stage.demands, cleansed.tables, mapping)
    mended = stage.store.artifacts.digest(stage.flow, "cleansed_tables")
    ages = today if asks else None  # only what somebody demands depends on the day
    if parts.same(mapping.target, code_version("validation"), mended, mapping, target, *asks, ages) and former:
        return parts.take_over(mapping.target, former, mapping.target)
    into = stage.folder("validated_tables") / mapping.target
    return validation.validate(stage.con, cleansed.tables, mapping, target, into, demands=asks, today=today)


@flow_asset(
    "validation",
    kinds={"parquet", "pandera"},
    check_specs=[contract.spec("rejected_rows")],
)
def rejected_rows(
    context: dg.AssetExecutionContext, desk: Desk, validated_tables: list[Verdict]
) -> dg.MaterializeResult:
    """Every row that a target does not take, with every reason, its file and its line."""
    from discovery_pipeline.engine.validation.contract import RejectedRows

    with desk.stage(context) as stage:
        log = together(stage.con, validated_tables, stage.folder("rejected_rows"))
        kept = contract.held(RejectedRows, contract.batches(stage.con, log.path, (*REJECTED_COLUMNS, "record")))
    return dg.MaterializeResult(
        value=log,
        metadata={
            "dagster/column_schema": contract.column_schema(RejectedRows),
            "dagster/row_count": log.count,
            "reasons": charts.bars(_rejecting(validated_tables), "Rows by reason"),
        },
        check_results=[kept],
    )


@flow_asset(
    "validation",
    kinds={"duckdb", "pandera"},
    check_specs=[
        contract.spec("quality_report"),
        contract.watch("better_than_before", "quality_report", "Cleansing made the data no worse."),
    ],
)
def quality_report(
    context: dg.AssetExecutionContext,
    desk: Desk,
    source_tables: Intake,
    column_profile: Profile,
    cleansed_tables: Cleansed,
    validated_tables: list[Verdict],
) -> dg.MaterializeResult:
    """How good the data was and is, by dimension, with what a person should still look at."""
    from discovery_pipeline.engine.validation.contract import QualityScores, frame

    with desk.stage(context) as stage:
        parts = Parts.of(stage, "quality_report")
        found = _quality(desk, parts, source_tables, column_profile, cleansed_tables, validated_tables)
        parts.write()
        stage.store.record_quality(stage.flow, found.findings)
    return dg.MaterializeResult(
        value=found,
        metadata={
            "dagster/column_schema": contract.column_schema(QualityScores),
            "dagster/row_count": len(found.dimensions),
            "before": _rounded(found.before),
            "after": _rounded(found.after),
            "findings": len(found.findings),
            "taken_over": bool(parts.reused),
            "dimensions": charts.bars({d.dimension: d.after for d in found.dimensions}, "Quality now", share=True),
        },
        check_results=[
            contract.held(QualityScores, [frame(found)]),
            dg.AssetCheckResult(
                passed=found.after >= found.before,
                check_name="better_than_before",
                severity=dg.AssetCheckSeverity.WARN,
                description=f"{percent(found.before)} before cleansing, {percent(found.after)} after",
            ),
        ],
    )


def _quality(
    desk: Desk, parts: Parts, source: Intake, profile: Profile, cleansed: Cleansed, verdicts: list[Verdict]
) -> QualityReport:
    """The scores, with all findings: as they were, where they are made of the same things on the same day."""
    stage, today = parts.stage, datetime.now(UTC).date()
    before = desk.value(stage.flow, "quality_report")
    read = parts.of_stages("source_tables", "column_profile", "cleansed_tables", "validated_tables")
    code = code_version("profiling"), code_version("validation")
    if parts.same("report", *code, *read, *stage.demands, today) and isinstance(before, QualityReport):
        return parts.take_over("report", before)
    # Demands of severity error rejected rows, and are among the verdicts' findings.
    milder = [demand for demand in stage.demands if demand.severity is not Severity.ERROR]
    findings = (
        *source.findings,
        *cleansed.findings,
        *(finding for verdict in verdicts for finding in verdict.findings),
        *demands.check(stage.con, cleansed.tables, milder, today=today),
    )
    return quality(profile, profiling.profile(stage.con, cleansed.tables, today=today), findings)


def _rounded(score: float) -> float:
    """A score to four digits, downwards: 1 is said only of what is perfect."""
    return math.floor(score * 10_000) / 10_000
