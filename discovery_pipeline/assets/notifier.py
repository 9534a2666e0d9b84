"""The notifier: the sensor that sends notices of what flows, registered databases and upkeep have to tell."""

import json
from collections.abc import Collection, Iterator
from typing import Any

import dagster as dg

from discovery_pipeline.assets import dry_runs, endings
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.links import run_page
from discovery_pipeline.assets.notices import WORTH, Notice, NotSent, Post, of_event
from discovery_pipeline.assets.tags import PARTITION_TAG, RETRIED_TAG
from discovery_pipeline.engine.phrases import counted

PAGE = 50
FAILED = (dg.DagsterEventType.RUN_FAILURE,)

News = tuple[str, str | int, Notice | None]
"""One thing that happened: in which stream, how far that stream has been read with it, and what is to be told."""


def notifier(drifted: dg.AssetKey, upkeep: Collection[str]) -> dg.SensorDefinition:
    """The sensor that sends notices.

    Parameters
    ----------
    drifted
        The asset whose materializations tell of drift.
    upkeep
        The jobs that work on no flow: no flow's events say that one of these failed.
    """

    @dg.sensor(
        name="notifier",
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells people what waits for a review, failed, was delivered, or has drifted.",
    )
    def notifier_(context: dg.SensorEvaluationContext, desk: Desk) -> dg.SensorResult | dg.SkipReason:
        """Reads each stream from where it stood; the cursor moves past what happened when it is sent."""
        post = Post.of(desk.settings)
        if not post.ways:
            return dg.SkipReason("Nobody is told: neither DISCOVERY_NOTIFY_WEBHOOK nor DISCOVERY_NOTIFY_SMTP is set.")
        places = _now(context.instance, desk, drifted) | json.loads(context.cursor or "{}")
        if dry_runs.is_dry(context):
            news = _news(context.instance, desk, places, drifted, upkeep)
            return dry_runs.skipped(f"Notices that would be sent: {sum(notice is not None for *_, notice in news)}.")
        sent = 0
        try:
            for stream, place, notice in _news(context.instance, desk, places, drifted, upkeep):
                if notice:
                    post.send(notice)
                    sent += 1
                places[stream] = place
            said = f"{sent} notices were sent."
        except NotSent as fault:
            said = f"{sent} notices were sent; the next one waits. {fault}"
            context.log.warning(said)
        return dg.SensorResult(skip_reason=said, cursor=json.dumps(places))

    return notifier_


def _now(instance: dg.DagsterInstance, desk: Desk, drifted: dg.AssetKey) -> dict[str, Any]:
    """Where a notifier begins that was just switched on: nobody wants to hear of last year."""
    from discovery_pipeline.store.events.follow import Wanted, newest

    last = instance.fetch_materializations(drifted, limit=1).records
    return {
        "events": str(desk.store.wait_for(newest(desk.store.flows.sessions, Wanted()))),
        "drift": last[0].storage_id if last else 0,
        "failures": endings.newest(instance, FAILED),
    }


def _news(
    instance: dg.DagsterInstance, desk: Desk, places: dict[str, Any], drifted: dg.AssetKey, upkeep: Collection[str]
) -> Iterator[News]:
    """A page of each stream, oldest first."""
    from discovery_pipeline.store.events.outbox import Cursor

    for posted in desk.store.events_after(Cursor.parse(places["events"]), types=WORTH, limit=PAGE):
        flow = desk.store.flow(None, posted.event.flow_id)
        notice = of_event(posted.event, flow, f"event:{posted.cursor.id}", desk.settings)
        yield "events", str(posted.cursor), notice
    profiled = dg.AssetRecordsFilter(drifted, after_storage_id=places["drift"])
    for record in instance.fetch_materializations(profiled, limit=PAGE, ascending=True).records:
        yield "drift", record.storage_id, _drift(desk, record)
    for record in endings.since(instance, places["failures"], FAILED):
        ours = record.event_log_entry.job_name in upkeep
        yield "failures", record.storage_id, _failure(instance, desk, record.event_log_entry) if ours else None


def _drift(desk: Desk, record: dg.EventLogRecord) -> Notice | None:
    profile = record.asset_materialization
    if profile is None or not (changes := _told(profile, "changes")):
        return None
    rules = _told(profile, "changed")
    said = f"{counted(changes, 'change')} since the last profile: {rules}. The check no_drift lists them."
    link = run_page(desk.settings, record.run_id)
    return Notice(f"drift:{record.storage_id}", "drift", f"{profile.partition} has drifted", said, link)


def _told(made: dg.AssetMaterialization, name: str) -> Any:
    found = made.metadata.get(name)
    return None if found is None else found.value


def _failure(instance: dg.DagsterInstance, desk: Desk, ended: dg.EventLogEntry) -> Notice | None:
    """A run of upkeep that failed; nothing where Dagster tries it again."""
    run = instance.get_run_by_id(ended.run_id)
    if run is None or run.tags.get(RETRIED_TAG) == "true":
        return None
    of = f" for {run.tags[PARTITION_TAG]}" if PARTITION_TAG in run.tags else ""
    said = endings.reason(instance, run.run_id) or ended.message
    link = run_page(desk.settings, run.run_id)
    return Notice(f"run:{run.run_id}", "failed", f"{run.job_name} failed{of}", said, link)
