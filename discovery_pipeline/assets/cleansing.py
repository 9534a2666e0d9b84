"""Cleansing as assets: the plan, the mended tables, and the log of every change."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb

from discovery_pipeline.assets import charts, contract, lineage
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.mapping import approved_mapping
from discovery_pipeline.assets.partitions import code_version, flow_asset, flows, of_stage
from discovery_pipeline.assets.reuse import Parts
from discovery_pipeline.engine import cleansing, duck
from discovery_pipeline.engine.cleansing.decisions import Decisions
from discovery_pipeline.engine.cleansing.model import PATCH_COLUMNS, Cleansed, CleansingPlan
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.tables import Tables
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Phase


@flow_asset(
    "cleansing",
    kinds={"duckdb", "pandera"},
    deps=[approved_mapping],
    check_specs=[contract.spec("cleansing_plan")],
)
def cleansing_plan(
    context: dg.AssetExecutionContext,
    desk: Desk,
    source_tables: Intake,
    column_profile: Profile,
    schema_analysis: SchemaAnalysis,
) -> dg.MaterializeResult:
    """Which rules will mend which columns, in their order."""
    from discovery_pipeline.engine.cleansing.contract import PlannedRules, frame

    with desk.stage(context, starts=Phase.CLEANSING) as stage:
        cells = sum(table.row_count * len(table.columns) for table in source_tables.tables)
        tier = "suggest" if cells <= desk.settings.suggest_cells else "auto"
        parts, before = Parts.of(stage, "cleansing_plan"), desk.value(stage.flow, "cleansing_plan")
        read = parts.of_stages("source_tables", "column_profile", "schema_analysis")
        if parts.same("rules", code_version("cleansing"), *read, tier) and isinstance(before, CleansingPlan):
            found = parts.take_over("rules", before)
        else:
            found = cleansing.plan(stage.con, source_tables.tables, column_profile, schema_analysis, tier=tier)
        parts.write()
    tiers, rules = Counter(rule.tier for rule in found.rules), Counter(rule.rule for rule in found.rules)
    return dg.MaterializeResult(
        value=found,
        metadata={
            "dagster/column_schema": contract.column_schema(PlannedRules),
            "dagster/row_count": len(found.rules),
            "taken_over": bool(parts.reused),
            "rules": charts.bars(rules, "Columns by rule"),
        }
        | {f"{tier}_rules": tiers[tier] for tier in sorted(tiers)},
        check_results=[contract.held(PlannedRules, [frame(found)])],
    )


@dg.multi_asset(
    partitions_def=flows,
    outs={
        "cleansed_tables": dg.AssetOut(
            **of_stage("cleansing"),
            io_manager_key="artifacts",
            kinds={"duckdb", "parquet"},
            description="The same tables, rows and columns, with cells mended.",
        ),
        "patch_log": dg.AssetOut(
            **of_stage("cleansing"),
            io_manager_key="artifacts",
            kinds={"parquet", "pandera"},
            description="Every changed cell: before, after, by which rule, how surely, why.",
        ),
    },
    check_specs=[
        contract.gate("nothing_lost", "cleansed_tables", "Same tables, same number of rows."),
        contract.spec("patch_log"),
    ],
)
def cleansed(
    context: dg.AssetExecutionContext, desk: Desk, source_tables: Intake, cleansing_plan: CleansingPlan
) -> Iterator[dg.MaterializeResult]:
    """Mend the cells that sure rules can mend, and those that people decided on; log each change."""
    from discovery_pipeline.engine.cleansing.contract import Patches

    mended, logged = (context.asset_key_for_output(asset) for asset in ("cleansed_tables", "patch_log"))
    with desk.stage(context) as stage:
        decisions = stage.store.cleansing_decisions(stage.flow)
        parts = Parts.of(stage, "cleansed_tables")
        done = _done(desk, parts, source_tables, cleansing_plan, decisions)
        parts.write()
        log = stage.folder("patch_log") / done.patches.path.name
        os.link(done.patches.path, log)
        kept = contract.held(Patches, contract.batches(stage.con, log, PATCH_COLUMNS), logged)
        changed = _changed(stage.con, log)
        stage.store.append_event(stage.flow, EventType.CLEANSING_COMPLETED, {"patches": done.patches.count})
    yield dg.MaterializeResult(
        asset_key=logged,
        value=done.patches.model_copy(update={"path": log}),
        metadata={
            "dagster/column_schema": contract.column_schema(Patches),
            "dagster/row_count": done.patches.count,
            "rules": charts.bars(done.patches.by_rule, "Changed cells by rule"),
        },
        check_results=[kept],
    )
    yield dg.MaterializeResult(
        asset_key=mended,
        value=done,
        metadata={
            "dagster/column_schema": lineage.mended_columns(done.tables, changed),
            "dagster/column_lineage": lineage.unchanged(done.tables, lineage.beside(mended, "source_tables")),
            "dagster/row_count": sum(table.row_count for table in done.tables),
            "changed_cells": done.patches.count,
            "columns": charts.bars(changed, "Changed cells by column"),
            "for_a_person": len(done.findings),
            "taken_over": bool(parts.reused),
            "decided_by_people": len(decisions.rules) + len(decisions.values) + len(decisions.cells),
        },
        check_results=[_nothing_lost(mended, source_tables.tables, done.tables)],
    )


def _done(desk: Desk, parts: Parts, source: Intake, plan: CleansingPlan, decisions: Decisions) -> Cleansed:
    """The mended tables: as they were, where they are made of the same things."""
    stage, before = parts.stage, desk.value(parts.stage.flow, "cleansed_tables")
    same = parts.same("tables", code_version("cleansing"), *parts.of_stages("source_tables"), plan, decisions)
    if same and isinstance(before, Cleansed):
        return parts.take_over("tables", before)
    return cleansing.cleanse(stage.con, source.tables, plan, stage.folder("cleansed_tables"), decisions=decisions)


def _nothing_lost(mended: dg.AssetKey, before: Tables, after: Tables) -> dg.AssetCheckResult:
    """Whether every row that came is there still."""
    came, there = ({table.name: table.row_count for table in tables} for tables in (before, after))
    return dg.AssetCheckResult(
        passed=came == there,
        asset_key=mended,
        check_name="nothing_lost",
        metadata={"rows_before": sum(came.values()), "rows_after": sum(there.values())},
    )


def _changed(con: duckdb.DuckDBPyConnection, log: Path) -> dict[str, int]:
    """How many cells changed, by `table.column`."""
    counted = con.execute(f"""SELECT "table" || '.' || "column", count(*) FROM {duck.parquet(log)} GROUP BY ALL""")
    return dict(counted.fetchall())
