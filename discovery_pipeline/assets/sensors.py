"""Sensors: what starts runs, and what hears how they ended. Each asks and hands over; none works on data."""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import timedelta
from itertools import islice
from typing import Any

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from discovery_pipeline.assets import dry_runs, endings, reasons, scratch
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.instance import settle
from discovery_pipeline.assets.landing import NO_INBOX, Watch, request
from discovery_pipeline.assets.tags import PARTITION_TAG, REQUEST_TAG
from discovery_pipeline.assets.upkeep import forget_archived
from discovery_pipeline.errors import FlowNotFoundError
from discovery_pipeline.flow.state import Flow, Phase

CLAIMER = "flow_sensor"
UNCLAIMED = timedelta(seconds=10)
"""How long a request waits for the warm runner, which takes a fraction of a second, before the sensor takes it."""
TICK_SECONDS = 20.0
"""After so long a tick launches no more; Dagster gives up one that takes a minute."""
FOLDERS = 100
"""Of the landing zone that one run receives; the next tick asks for the next ones, and runs work side by side."""
BEGINS: dict[Any, Phase] = {"discover": Phase.DATA_IMPORT, "deliver": Phase.CLEANSING}
"""The phase that a job's first step begins."""
FORGOTTEN = 20
"""Archived flows that one tick has Dagster forget; the nightly maintenance takes all that are left."""
FAILED, CANCELLED = "The run failed: {}", "The run was cancelled in Dagster. Start it again."
NEVER_BEGUN = "The run that it waited for ended before it began. Start it again."


@dg.sensor(
    job_name="receive",
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Has the files of the landing zone received, once nothing in their folder has changed for a while.",
)
def upload_sensor(context: dg.SensorEvaluationContext, desk: Desk) -> dg.SensorResult | dg.SkipReason:
    """Asks what stands in the inbox; the cursor holds how each folder looked, and since when."""
    if desk.settings.inbox is None:
        return dg.SkipReason(NO_INBOX)
    from discovery_pipeline.store import landing
    from discovery_pipeline.store.events.outbox import Cursor
    from discovery_pipeline.store.files.inbox import Inbox

    inbox, now = Inbox(desk.settings.inbox), time.time()
    before: dict[str, Any] = json.loads(context.cursor or "{}")
    refused = Cursor.parse(before.get("refused"))
    if not dry_runs.is_dry(context):
        refused = landing.return_refused(desk.store, inbox, refused)
    known = {name: Watch(**watch) for name, watch in before.get("folders", {}).items()}
    folders = {each.id: known.get(each.id, Watch(each.stamp, now)).seen(each.stamp, now) for each in inbox.arrivals()}
    resting = (item for item in folders.items() if item[1].due(now, desk.settings.inbox_rest_seconds))
    due = dict(islice(resting, FOLDERS))
    folders |= {name: replace(watch, asked=now) for name, watch in due.items()}
    return dg.SensorResult(
        run_requests=[request(due)] if due else [],
        skip_reason=None if due else f"Nothing to receive yet; folders that hold files: {len(folders)}.",
        cursor=json.dumps({"refused": str(refused), "folders": {name: asdict(each) for name, each in folders.items()}}),
    )


def flow_sensor(prefix: Sequence[str]) -> dg.SensorDefinition:
    """The sensor that launches what the warm runner doesn't; `prefix` is that of the assets' keys."""

    @dg.sensor(
        name="flow_sensor",
        minimum_interval_seconds=5,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Queues the runs that were requested (an upload, an approval, a retry) and that nobody launched.",
    )
    def waiting(context: dg.SensorEvaluationContext, desk: Desk) -> dg.SkipReason:
        """Asks the table of run requests. A request's row is its lock, and its run's id follows from its own."""
        from discovery_pipeline.assets.queueing import enqueue
        from discovery_pipeline.store import requests

        async def launch(wanted: requests.RunRequest) -> bool:
            try:
                async with requests.claiming(desk.store.flows, wanted, CLAIMER) as mine:
                    if mine is not None:
                        await asyncio.to_thread(enqueue, context, mine, prefix)
                    return mine is not None
            except dg.DagsterError as error:  # it is noted with the request, and the others go on
                context.log.error(f"The run of flow {wanted.slug} can't be queued: {error}")
                return False

        until = time.monotonic() + TICK_SECONDS
        launched = 0
        waiting = desk.store.wait_for(requests.open_requests(desk.store.flows, older_than=UNCLAIMED))
        if dry_runs.is_dry(context):
            return dry_runs.skipped(f"Requested runs that would be queued: {len(waiting)}.")
        for wanted in waiting:
            launched += desk.store.wait_for(launch(wanted))
            if time.monotonic() > until:
                break
        return dg.SkipReason(f"Requested runs that were queued: {launched}.")

    return waiting


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Fails phases and runs whose process died without a word, so that they can be started again.",
)
def dead_run_sensor(context: dg.SensorEvaluationContext, desk: Desk) -> dg.SkipReason:
    """Asks which phases have lost their run, before they began or since, and which runs their process."""
    if dry_runs.is_dry(context):
        return dry_runs.skipped("The sensor fails what is dead when it looks by itself.")
    phases, runs = desk.store.sweep(lambda flow: _why(context.instance, flow)), settle(context.instance, desk.store)
    phases += _never_begun(context.instance, desk)
    scratch.sweep(desk.settings.root)  # what dead runs wrote
    forget_archived(context.instance, desk.store, FORGOTTEN)
    return dg.SkipReason(
        f"Phases that had lost their run: {len(phases)}; runs that had lost their process: {len(runs)}."
    )


def _tell_failed(context: dg.RunStatusSensorContext, desk: Desk) -> None:
    """Hears of runs that failed."""
    failure = context.for_run_failure()
    said = reasons.of_steps(failure.get_step_failure_events()) or failure.failure_event.message
    _ended(context, desk, FAILED.format(said or "no reason is known."))


def _tell_cancelled(context: dg.RunStatusSensorContext, desk: Desk) -> None:
    """Hears of runs that somebody cancelled."""
    _ended(context, desk, CANCELLED)


failed_run_sensor = dry_runs.RunEndSensor(
    "failed_run_sensor",
    dg.DagsterRunStatus.FAILURE,
    _tell_failed,
    minimum_interval_seconds=5,
    description="Tells a flow that its run failed, with the reason, where the run couldn't tell it itself.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
cancelled_run_sensor = dry_runs.RunEndSensor(
    "cancelled_run_sensor",
    dg.DagsterRunStatus.CANCELED,
    _tell_cancelled,
    minimum_interval_seconds=5,
    description="Tells a flow that its run was cancelled, so that it can be started again.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)


def sensors(prefix: Sequence[str]) -> list[dg.SensorDefinition]:
    """Every sensor that starts runs or hears of their ends."""
    return [upload_sensor, flow_sensor(prefix), dead_run_sensor, failed_run_sensor, cancelled_run_sensor]


def _never_begun(instance: dg.DagsterInstance, desk: Desk) -> list[Flow]:
    """Fail phases that wait for a run which has ended; the flows.

    The run's end is told at once, but fails no flow on which another run still works: one that may leave the phase to
    the run that came after it.
    """
    from discovery_pipeline.store import requests

    waiting = desk.store.wait_for(requests.unbegun(desk.store.flows, BEGINS))
    if not waiting:
        return []
    going_on = [*NOT_FINISHED_STATUSES, dg.DagsterRunStatus.SUCCESS]
    there = set(instance.get_run_ids(dg.RunsFilter([each.run_id for each in waiting], statuses=going_on)))
    gone = [each for each in waiting if each.run_id not in there]
    ended = (_failed(desk, each.slug, NEVER_BEGUN, BEGINS[each.job]) for each in gone)
    return [flow for flow in ended if flow is not None]


def _why(instance: dg.DagsterInstance, flow: Flow) -> str | None:
    """How the flow's newest run ended, if it did: the sensor that is told of ends may come later, or miss one."""
    for run in instance.get_runs(dg.RunsFilter(tags={PARTITION_TAG: flow.slug}), limit=1):
        if run.status is dg.DagsterRunStatus.CANCELED:
            return CANCELLED
        if run.status is dg.DagsterRunStatus.FAILURE and (said := endings.reason(instance, run.run_id)):
            return FAILED.format(said)
    return None


def _ended(context: dg.RunStatusSensorContext, desk: Desk, reason: str) -> None:
    """Fail the flow's phase if the run left it running, and nobody works on it now."""
    run = context.dagster_run
    if (slug := run.tags.get(PARTITION_TAG)) is None:
        return
    # A run by hand may be of one asset, which begins no phase; one that was requested would have begun it.
    requested = REQUEST_TAG in run.tags and run.parent_run_id is None
    _failed(desk, slug, reason, BEGINS.get(run.job_name) if requested else None)


def _failed(desk: Desk, slug: str, reason: str, begins: Phase | None) -> Flow | None:
    with suppress(FlowNotFoundError):
        return desk.store.fail_if_dead(desk.flow(slug), reason, begins)
