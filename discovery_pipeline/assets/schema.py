"""Schema analysis as an asset."""

import dagster as dg

from discovery_pipeline.assets import charts, contract
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.partitions import flow_asset
from discovery_pipeline.engine import schema
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.profiling.model import Profile


@flow_asset(
    "schema",
    kinds={"duckdb", "pandera"},
    check_specs=[
        contract.spec("schema_analysis"),
        contract.watch("no_orphans", "schema_analysis", "What rows refer to is there."),
    ],
)
def schema_analysis(
    context: dg.AssetExecutionContext, desk: Desk, source_tables: Intake, column_profile: Profile
) -> dg.MaterializeResult:
    """The schema that the data really has: keys, references, hierarchies, dependencies, rules."""
    from discovery_pipeline.engine.schema.contract import References, frame

    with desk.stage(context) as stage:
        found = schema.analyse(stage.con, source_tables.tables, column_profile)
    orphans = [
        {
            "from": f"{key.table}.{', '.join(key.columns)}",
            "to": f"{key.ref_table}.{', '.join(key.ref_columns)}",
            "orphans": key.orphans,
        }
        for key in sorted(found.foreign_keys, key=lambda key: -key.orphans)
        if key.orphans
    ]
    return dg.MaterializeResult(
        value=found,
        metadata={
            "dagster/column_schema": contract.column_schema(References),
            "primary_keys": sum(key.rank == 1 for key in found.primary_keys),
            "foreign_keys": len(found.foreign_keys),
            "hierarchies": len(found.hierarchies),
            "functional_dependencies": len(found.functional_dependencies),
            "business_rules": len(found.business_rules),
            "references": charts.bars(
                {f"{', '.join(key.columns)} → {key.ref_table}": key.coverage for key in found.foreign_keys},
                "Rows whose reference is there",
                share=True,
            ),
        },
        check_results=[
            contract.held(References, [frame(found)]),
            contract.watched(
                "no_orphans",
                f"{counted(sum(k['orphans'] for k in orphans), 'row refers', 'rows refer')} to what isn't there",
                orphans,
            ),
        ],
    )
