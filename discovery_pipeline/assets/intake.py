"""Intake as an asset."""

import dagster as dg

from discovery_pipeline.assets import charts, contract, lineage
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.partitions import flow_asset
from discovery_pipeline.engine import intake
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.errors import DiscoveryError, InputRefused
from discovery_pipeline.flow.state import Phase


@flow_asset(
    "intake",
    kinds={"duckdb", "parquet", "pandera"},
    check_specs=[
        contract.spec("source_tables"),
        contract.watch("all_read", "source_tables", "Every file and every row could be read."),
    ],
)
def source_tables(context: dg.AssetExecutionContext, desk: Desk) -> dg.MaterializeResult:
    """The flow's files as tables of text, with every row that can't be read kept beside them."""
    from discovery_pipeline.engine.intake.contract import SourceTables, frame

    with desk.stage(context, starts=Phase.DATA_IMPORT) as stage:
        found = intake.read(stage.con, stage.uploads, stage.folder("source_tables"), chosen=stage.chosen)
        stage.store.record_imports(stage.flow, *found.files)
        if not found.tables:
            raise _refusal(found)
    tables = frame(found)
    refused = [file for file in found.files if file.status == "refused"]
    rejected = int(tables["rejected"].sum())
    unread = [{"table": each.table.name, "rows": each.rejected_count} for f in found.files for each in f.tables]
    unread = [row for row in unread if row["rows"]] + [{"table": file.media_type or "?", "rows": 0} for file in refused]
    return dg.MaterializeResult(
        value=found,
        metadata={
            "dagster/column_schema": lineage.source_columns(found.tables),
            "dagster/row_count": int(tables["rows"].sum()),
            "tables": len(tables),
            "refused_files": len(refused),
            "rejected_rows": rejected,
            "rows": charts.bars({table.name: float(table.row_count) for table in found.tables}, "Rows by table"),
        },
        check_results=[
            contract.held(SourceTables, [tables]),
            contract.watched(
                "all_read", f"{counted(len(refused), 'file')} refused, {counted(rejected, 'row')} can't be read", unread
            ),
        ],
    )


def _refusal(found: Intake) -> DiscoveryError:
    """Why nothing could be read, file by file."""
    if not found.files:
        return DiscoveryError("The flow has no files. Upload one, then run it again.")
    *others, last = (InputRefused(file.file, file.reason or "It can't be read.") for file in found.files)
    return DiscoveryError(" ".join(["No file could be read.", *map(str, others), str(last)])) if others else last
