"""The code location: assets, jobs and resources for one home."""

from __future__ import annotations

import dagster as dg

from discovery_pipeline.assets import cleansing, delivery, intake, mapping, profiling, risk, schema, validation
from discovery_pipeline.assets.artifacts import artifacts
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.jobs import deliver, discover
from discovery_pipeline.assets.landing import receive
from discovery_pipeline.assets.sensors import (
    cancelled_run_sensor,
    dead_run_sensor,
    failed_run_sensor,
    flow_sensor,
    upload_sensor,
)
from discovery_pipeline.settings import Settings


def build(settings: Settings) -> dg.Definitions:
    """Everything Dagster knows of the product.

    Parts of this may be merged into another project's Definitions; nothing is opened until a run works.
    """
    return dg.Definitions(
        assets=dg.load_assets_from_modules([intake, profiling, schema, mapping, cleansing, validation, risk, delivery]),
        jobs=[discover, deliver, receive],
        sensors=[upload_sensor, flow_sensor(()), dead_run_sensor, failed_run_sensor, cancelled_run_sensor],
        resources={"desk": Desk(home=str(settings.root)), "artifacts": artifacts},
        # One process a run: a stage is seconds of work, and a process of its own costs as much again.
        executor=dg.in_process_executor,
    )
