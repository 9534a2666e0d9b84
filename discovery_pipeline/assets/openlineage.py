"""Lineage for others: when a run has ended, how, and what it made of what, in OpenLineage's words.

Where it goes is OpenLineage's own configuration (OPENLINEAGE_URL, openlineage.yml): HTTP, Kafka, a file, the console. A
run is told at least once: again, as a whole and with the same ids, until the collector has accepted all of it.
What is said of a run stands in `openlineage_events`.
"""

import json
import time
from dataclasses import asdict, dataclass

import dagster as dg

from discovery_pipeline.assets import dry_runs, endings, openlineage_events
from discovery_pipeline.settings import Settings

ENDS = (dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_CANCELED)
TICK_SECONDS = 20.0
"""After so long, a tick leaves the other runs to the next."""
REFUSALS = 5
"""So often a run is sent to a collector that answers that it won't have it."""
PASSING = {401, 403, 404, 408, 425, 429}
"""Refusals that have to do with the collector and not with the run."""


def lineage_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor that tells of runs that ended; it sleeps unless the settings wake it."""

    @dg.sensor(
        name="lineage_sensor",
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING if settings.lineage else dg.DefaultSensorStatus.STOPPED,
        description="Sends the lineage of finished runs to an OpenLineage collector, each until it is accepted.",
    )
    def lineage_sensor_(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        """Reads finished runs from where it stood; the cursor moves past a run when the collector has all of it."""
        if dry_runs.is_dry(context):
            return dry_runs.skipped("The sensor tells the collector when it looks by itself.")
        since = time.monotonic()
        place = Place(**json.loads(context.cursor)) if context.cursor else Place(endings.newest(context.instance, ENDS))
        told, said = 0, ""
        for ended in endings.since(context.instance, place.after, ENDS):
            try:
                _tell(context.instance, ended.event_log_entry.run_id)
            except OSError as error:  # as every error of the wire is
                place, given_up = place.missed(ended.storage_id, refused=_refused(error))
                said = f" The collector doesn't accept a run ({type(error).__name__})."
                if given_up:
                    context.log.error(f"Run {ended.event_log_entry.run_id} is refused, and not told.")
                    continue
                break
            place, told = Place(ended.storage_id), told + 1
            if time.monotonic() - since > TICK_SECONDS:
                break
        return dg.SensorResult(skip_reason=f"{told} runs told.{said}", cursor=json.dumps(asdict(place)))

    return lineage_sensor_


@dataclass(frozen=True, slots=True)
class Place:
    """How far the collector has come: past an event of Dagster's, and how often it refused the next."""

    after: int
    refusals: int = 0

    def missed(self, storage_id: int, *, refused: bool) -> "tuple[Place, bool]":
        """Where one stands when a run was not accepted, and whether it is given up.

        A collector that is away is waited for. One that answers that it won't have a run is asked some times more:
        the runs after it don't wait for ever.
        """
        if not refused:
            return self, False
        if self.refusals + 1 < REFUSALS:
            return Place(self.after, self.refusals + 1), False
        return Place(storage_id), True


def _tell(instance: dg.DagsterInstance, run_id: str) -> None:
    """Send how a run of a flow went, and what it made."""
    run = instance.get_run_by_id(run_id)
    if run is None:
        return
    from openlineage.client import OpenLineageClient

    ended = openlineage_events.Ended(
        run,
        instance.get_run_stats(run_id),
        instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records,
        endings.reason(instance, run_id),
    )
    client = OpenLineageClient()
    try:
        for event in openlineage_events.events(ended):
            client.emit(event)
    finally:
        client.close()


def _refused(error: OSError) -> bool:
    """Whether the collector answered that it won't have what was sent; anything else may pass."""
    status = getattr(getattr(error, "response", None), "status_code", 0)
    return 400 <= status < 500 and status not in PASSING
