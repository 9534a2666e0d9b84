"""Links: from Dagster's pages, and from notices, to the product's own."""

from __future__ import annotations

from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.settings import Settings

UPLOAD, REVIEW, CLEANSING, VALIDATION, REPORT = "cmdb-import", "field-mapping", "cleansing", "validation", "report"
OF_ASSETS = {
    "source_tables": UPLOAD,
    "column_profile": UPLOAD,
    "schema_analysis": UPLOAD,
    "mapping_suggestions": REVIEW,
    "approved_mapping": REVIEW,
    "cleansing_plan": CLEANSING,
    "cleansed_tables": CLEANSING,
    "patch_log": CLEANSING,
    "validated_tables": VALIDATION,
    "rejected_rows": VALIDATION,
    "quality_report": VALIDATION,
    "target_files": VALIDATION,
    "risk_assessment": REPORT,
}
"""The page that shows what an asset made."""
OF_PHASES = {
    Phase.DATA_IMPORT: UPLOAD,
    Phase.FIELD_MAPPING: REVIEW,
    Phase.CLEANSING: CLEANSING,
    Phase.VALIDATION: VALIDATION,
}
"""The page that shows how a phase stands."""


def page(settings: Settings, flow: Flow, name: str) -> str | None:
    """The address of a flow's page; None where no pages are served that we know of."""
    from discovery_pipeline.store import parts

    up = parts.running(settings.root) if settings.pages_url is None else None
    served = settings.pages_url or (up and up.address)
    return f"{served.rstrip('/')}/discovery/{name}/{flow.id}" if served else None


def run_page(settings: Settings, run_id: str) -> str | None:
    """The address of a run's page in Dagster; None where `discovery up` doesn't serve it."""
    from discovery_pipeline.store import parts

    up = parts.running(settings.root)
    return f"{up.dagster}/runs/{run_id}" if up and up.dagster else None
