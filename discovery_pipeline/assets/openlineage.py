"""Lineage for others: at the end of a run, what it made of what is told in OpenLineage's words, column by column.

Where it goes is OpenLineage's own configuration (OPENLINEAGE_URL, openlineage.yml): HTTP, Kafka, a file, the console. A
run is told at least once: again, as a whole and with the same ids, until the collector has accepted all of it.
Events are made of what Dagster has recorded of the run, so they hold names and counts, and no value of the data.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import dagster as dg

from discovery_pipeline import __version__
from discovery_pipeline.assets.jobs import DELIVER, DISCOVER
from discovery_pipeline.assets.lineage import AS_IT_IS
from discovery_pipeline.assets.tags import PARTITION_TAG
from discovery_pipeline.settings import Settings

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

NAMESPACE = "discovery_pipeline"
PRODUCER = f"urn:discovery-pipeline:{__version__}"
JOBS = {asset: job for job, assets in (("discover", DISCOVER), ("deliver", DELIVER)) for asset in assets}
"""By asset, the job that it is told of under: however it was materialized, it is the same to a collector."""
PAGE = 50
TICK_SECONDS = 20.0
"""After so long, a tick leaves the other runs to the next."""
SETTLED_SECONDS = 5.0
"""How old an event is before it is read: by then, whatever was written before it can be seen."""
REFUSALS = 5
"""So often a run is sent to a collector that answers that it won't have it."""
PASSING = {401, 403, 404, 408, 425, 429}
"""Refusals that have to do with the collector and not with the run."""


def lineage_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor that tells of runs that ended well; it sleeps unless the settings wake it."""

    @dg.sensor(
        name="lineage_sensor",
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING if settings.lineage else dg.DefaultSensorStatus.STOPPED,
        description="Sends the lineage of finished runs to an OpenLineage collector, each until it is accepted.",
    )
    def lineage_sensor_(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        """Reads finished runs from where it stood; the cursor moves past a run when the collector has all of it."""
        since = time.monotonic()
        place = Place(**json.loads(context.cursor)) if context.cursor else Place(_newest(context.instance))
        told, said = 0, ""
        for ended in _ended(context.instance, place.after):
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


def _ended(instance: dg.DagsterInstance, after: int) -> Sequence[dg.EventLogRecord]:
    """A page of runs that ended well, oldest first; not the very newest: they may be seen before earlier ones."""
    wanted = dg.RunStatusChangeRecordsFilter(
        dg.DagsterEventType.RUN_SUCCESS, after_storage_id=after, before_timestamp=time.time() - SETTLED_SECONDS
    )
    return instance.fetch_run_status_changes(wanted, limit=PAGE, ascending=True).records


def _newest(instance: dg.DagsterInstance) -> int:
    newest = instance.fetch_run_status_changes(dg.DagsterEventType.RUN_SUCCESS, limit=1).records
    return newest[0].storage_id if newest else 0


def _tell(instance: dg.DagsterInstance, run_id: str) -> None:
    """Send what a run made of a flow."""
    run = instance.get_run_by_id(run_id)
    if run is None or PARTITION_TAG not in run.tags:
        return
    from openlineage.client import OpenLineageClient

    made = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    found = [record.asset_materialization for record in made.records if record.asset_materialization]
    client = OpenLineageClient()
    try:
        for event in events(run, found, instance.get_run_stats(run_id).end_time):
            client.emit(event)
    finally:
        client.close()


def _refused(error: OSError) -> bool:
    """Whether the collector answered that it won't have what was sent; anything else may pass."""
    status = getattr(getattr(error, "response", None), "status_code", 0)
    return 400 <= status < 500 and status not in PASSING


def events(run: dg.DagsterRun, made: Iterable[dg.AssetMaterialization], ended: float | None) -> "Iterator[RunEvent]":
    """One COMPLETE event for each asset of a flow that a run made: of what, its columns, and where they are from."""
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import output_statistics_output_dataset as statistics
    from openlineage.client.facet_v2 import parent_run

    at = datetime.fromtimestamp(ended, UTC) if ended else datetime.now(UTC)
    partition = run.tags[PARTITION_TAG]
    for one in made:
        if (job := JOBS.get(one.asset_key.path[-1])) is None:
            continue
        parent = parent_run.ParentRunFacet(
            run=parent_run.Run(runId=run.run_id), job=parent_run.Job(namespace=NAMESPACE, name=job)
        )
        rows = _value(one.metadata, "dagster/row_count")
        outputs: dict[str, Any] = (
            {"outputStatistics": statistics.OutputStatisticsOutputDatasetFacet(rowCount=rows)} if rows else {}
        )
        yield RunEvent(
            eventType=RunState.COMPLETE,
            eventTime=at.isoformat(),
            run=Run(runId=str(uuid5(UUID(run.run_id), str(one.asset_key))), facets={"parent": parent}),
            job=Job(namespace=NAMESPACE, name=f"{job}.{one.asset_key.path[-1]}"),
            inputs=[InputDataset(namespace=NAMESPACE, name=name) for name in _inputs(one, partition)],
            outputs=[
                OutputDataset(
                    namespace=NAMESPACE,
                    name=_name(one.asset_key, partition),
                    facets=_facets(one, partition),
                    outputFacets=outputs,
                )
            ],
            producer=PRODUCER,
        )


def _facets(made: dg.AssetMaterialization, partition: str) -> dict[str, Any]:
    from openlineage.client.facet_v2 import column_lineage_dataset as lineage
    from openlineage.client.facet_v2 import dataset_version_dataset as versions
    from openlineage.client.facet_v2 import schema_dataset as schemas

    facets: dict[str, Any] = {}
    schema, deps = _value(made.metadata, "dagster/column_schema"), _value(made.metadata, "dagster/column_lineage")
    described: dict[str, str] = {}
    if schema is not None:
        described = {column.name: column.description or "" for column in schema.columns}
        fields = [schemas.SchemaDatasetFacetFields(name=c.name, type=c.type) for c in schema.columns]
        facets["schema"] = schemas.SchemaDatasetFacet(fields=fields)
    if deps is not None:
        facets["columnLineage"] = lineage.ColumnLineageDatasetFacet(
            fields={
                column: lineage.Fields(
                    inputFields=[_from(dep, partition, described.get(column, "")) for dep in sources]
                )
                for column, sources in deps.deps_by_column.items()
            }
        )
    if version := (made.tags or {}).get("dagster/data_version"):
        facets["version"] = versions.DatasetVersionDatasetFacet(datasetVersion=version)
    return facets


def _from(dep: dg.TableColumnDep, partition: str, how: str) -> Any:
    from openlineage.client.facet_v2 import column_lineage_dataset as lineage

    changed = "IDENTITY" if not how or how.endswith(AS_IT_IS) else "TRANSFORMATION"
    kind = lineage.Transformation(type="DIRECT", subtype=changed, description=how)
    return lineage.InputField(
        namespace=NAMESPACE, name=_name(dep.asset_key, partition), field=dep.column_name, transformations=[kind]
    )


def _inputs(made: dg.AssetMaterialization, partition: str) -> list[str]:
    """The datasets that Dagster recorded as those which this one was made of."""
    prefix = "dagster/input_data_version/"
    keys = (tag.removeprefix(prefix) for tag in made.tags or {} if tag.startswith(prefix))
    return sorted(_name(dg.AssetKey(key.split("/")), partition) for key in keys)


def _name(key: dg.AssetKey, partition: str) -> str:
    return f"{partition}/{'/'.join(key.path)}"


def _value(metadata: Mapping[str, Any], name: str) -> Any:
    found = metadata.get(name)
    return None if found is None else found.value
