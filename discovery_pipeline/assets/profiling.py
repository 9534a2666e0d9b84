"""Profiling as an asset."""

from datetime import UTC, datetime

import dagster as dg

from discovery_pipeline.assets import charts, contract
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.partitions import flow_asset
from discovery_pipeline.engine import profiling
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.flow.events import EventType

MOSTLY_NULL = 0.9


@flow_asset(
    "profiling",
    kinds={"duckdb", "pandera"},
    check_specs=[
        contract.spec("column_profile"),
        contract.watch(
            "mostly_filled", "column_profile", f"No column is null in {MOSTLY_NULL:.0%} of its rows or more."
        ),
    ],
)
def column_profile(context: dg.AssetExecutionContext, desk: Desk, source_tables: Intake) -> dg.MaterializeResult:
    """What every column looks like: type, meaning, nulls, distribution, patterns, quality."""
    from discovery_pipeline.engine.profiling.contract import ColumnProfiles, frame

    with desk.stage(context) as stage:
        found = profiling.profile(stage.con, source_tables.tables, today=datetime.now(UTC).date())
        stage.store.append_event(stage.flow, EventType.PROFILE_COMPLETED, {"tables": len(found.tables)})
    columns = frame(found)
    empty = [
        {"table": row.table, "column": row.column, "null": f"{row.null_ratio:.0%}"}
        for row in columns[columns["null_ratio"] >= MOSTLY_NULL].sort_values("null_ratio", ascending=False).itertuples()
    ]
    return dg.MaterializeResult(
        value=found,
        metadata={
            "dagster/column_schema": contract.column_schema(ColumnProfiles),
            "dagster/row_count": len(columns),
            "personal_data_columns": sum(c.pii is not None for t in found.tables for c in t.columns),
            "quality": quality(found),
        },
        check_results=[
            contract.held(ColumnProfiles, [columns]),
            contract.watched(
                "mostly_filled",
                f"{counted(len(empty), 'column is', 'columns are')} null in {MOSTLY_NULL:.0%} of their rows or more",
                empty,
            ),
        ],
    )


def quality(found: Profile) -> dg.MetadataValue:
    """How good each table is, on the mean of its columns."""
    scores = {t.name: sum(c.quality.score for c in t.columns) / len(t.columns) for t in found.tables if t.columns}
    return charts.bars(scores, "Quality by table", share=True)
