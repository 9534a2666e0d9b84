"""The jobs of a flow: before the review, and after it. Those that schedules start stand with the schedules."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

DISCOVER = ("source_tables", "column_profile", "schema_analysis", "mapping_suggestions")
DELIVER = (
    "approved_mapping",
    "cleansing_plan",
    "cleansed_tables",
    "patch_log",
    "validated_tables",
    "rejected_rows",
    "quality_report",
    "risk_assessment",
    "target_files",
)


def of_assets(
    name: str,
    assets: Sequence[str],
    prefix: Sequence[str],
    description: str,
) -> UnresolvedAssetJobDefinition:
    """A job of these assets, whose keys begin with `prefix`."""
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*([*prefix, asset] for asset in assets)),
        description=description,
        # One process a run: a stage is seconds of work, and a process of its own costs as much again.
        executor_def=dg.in_process_executor,
    )


def jobs(prefix: Sequence[str]) -> list[UnresolvedAssetJobDefinition]:
    """The two jobs of a flow."""
    discover = "From the upload to the suggestions that wait for a review."
    deliver = "From the approved mapping to the files that the target takes."
    return [
        of_assets("discover", DISCOVER, prefix, discover),
        of_assets("deliver", DELIVER, prefix, deliver),
    ]
