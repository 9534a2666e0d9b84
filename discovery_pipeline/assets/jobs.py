"""The two jobs of a flow: before the review, and after it."""

from __future__ import annotations

import dagster as dg

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

discover = dg.define_asset_job(
    "discover",
    selection=dg.AssetSelection.assets(*DISCOVER),
    description="From the upload to the suggestions that wait for a review.",
)
deliver = dg.define_asset_job(
    "deliver",
    selection=dg.AssetSelection.assets(*DELIVER),
    description="From the approved mapping to the files that the target takes.",
)
