"""The code location: assets, jobs, sensors, schedules and resources for one home."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from discovery_pipeline.assets import (
    cleansing,
    delivery,
    intake,
    jobs,
    landing,
    mapping,
    notifier,
    openlineage,
    profiling,
    risk,
    schedules,
    schema,
    sensors,
    sources,
    upkeep,
    validation,
)
from discovery_pipeline.assets.artifacts import artifacts
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.settings import Settings

STAGES = (intake, profiling, schema, mapping, cleansing, validation, risk, delivery)


def build(settings: Settings, key_prefix: Sequence[str] = ()) -> dg.Definitions:
    """Everything Dagster knows of the product; nothing is opened until a run works.

    Parameters
    ----------
    settings
        Of the home that runs work on.
    key_prefix
        What every asset's key begins with, so that the definitions can be merged into another project's:
        `dg.Definitions.merge(theirs, build(settings, key_prefix=["discovery"]))`.
    """
    prefix = list(key_prefix)
    upkeep_jobs = [landing.receive, *schedules.jobs(prefix)]
    return dg.Definitions(
        assets=dg.load_assets_from_modules([*STAGES, sources, upkeep], key_prefix=prefix or None),
        jobs=[*jobs.jobs(prefix), *upkeep_jobs],
        sensors=[
            *sensors.sensors(prefix),
            notifier.notifier(dg.AssetKey([*prefix, sources.STAGE]), {job.name for job in upkeep_jobs}),
            openlineage.lineage_sensor(settings),
        ],
        schedules=schedules.schedules(settings),
        resources={"desk": Desk(home=str(settings.root)), "artifacts": artifacts},
        # Also for what a person materializes without one of our jobs; another project keeps its own executor.
        executor=None if prefix else dg.in_process_executor,
    )
