"""Schedules: what is done although nobody asked."""

from collections.abc import Sequence

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from discovery_pipeline.assets import tags
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.jobs import of_assets
from discovery_pipeline.assets.sources import SOURCES
from discovery_pipeline.settings import Settings


def jobs(prefix: Sequence[str]) -> list[UnresolvedAssetJobDefinition]:
    """The jobs that schedules start; `prefix` is that of the assets' keys."""
    maintain = "Archives what is finished or stale, and lets Dagster forget it."
    watch = "Profiles a registered database again, and tells what has drifted."
    tell = "Tells how all flows stand."
    return [
        of_assets("maintain", ["maintenance"], prefix, maintain),
        of_assets("watch_sources", ["source_profile"], prefix, watch),
        of_assets("tell_digest", ["quality_digest"], prefix, tell),
    ]


def schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """When they start, in UTC."""
    running = dg.DefaultScheduleStatus.RUNNING

    @dg.schedule(
        name="sources_schedule",
        job_name="watch_sources",
        cron_schedule=settings.sources_cron,
        default_status=running,
        description="Profiles every registered database again.",
    )
    def sources_schedule(context: dg.ScheduleEvaluationContext, desk: Desk) -> list[dg.RunRequest] | dg.SkipReason:
        """One run a database, so that one that is away stops no other."""
        from discovery_pipeline.store import sources

        known = desk.store.wait_for(sources.known(desk.store.flows))
        if not known:
            return dg.SkipReason("No database is registered.")
        context.instance.add_dynamic_partitions(SOURCES, [source.slug for source in known])
        return [
            dg.RunRequest(
                run_key=f"{context.scheduled_execution_time:%Y%m%dT%H%M}:{source.slug}",
                partition_key=source.slug,
                tags=tags.of_engagement(source.tenant),
            )
            for source in known
        ]

    return [
        dg.ScheduleDefinition(
            name="maintenance_schedule",
            job_name="maintain",
            cron_schedule=settings.maintenance_cron,
            default_status=running,
            description="Archives what is finished or stale, by night.",
        ),
        sources_schedule,
        dg.ScheduleDefinition(
            name="digest_schedule",
            job_name="tell_digest",
            cron_schedule=settings.digest_cron,
            default_status=running,
            description="Tells how all flows stand, by week.",
        ),
    ]
