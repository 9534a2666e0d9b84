"""What OpenLineage's collectors are told of a run: that it began, what it made of what, column by column, how it ended.

Each asset is a run of its own to them, and the run of Dagster's its parent. Events are made of what Dagster has
recorded, so they hold names, counts and reasons, and no value of the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import dagster as dg
from dagster._core.storage.dagster_run import DagsterRunStatsSnapshot

from discovery_pipeline import __version__
from discovery_pipeline.assets.jobs import DELIVER, DISCOVER
from discovery_pipeline.assets.lineage import AS_IT_IS
from discovery_pipeline.assets.tags import PARTITION_TAG

if TYPE_CHECKING:
    from openlineage.client.event_v2 import InputDataset, OutputDataset, RunEvent, RunState

NAMESPACE = "discovery_pipeline"
PRODUCER = f"urn:discovery-pipeline:{__version__}"
JOBS = {asset: job for job, assets in (("discover", DISCOVER), ("deliver", DELIVER)) for asset in assets}
"""By asset, the job that it is told of under: however it was materialized, it is the same to a collector."""
BY_HAND = "by_hand"
"""The job of a run that somebody started in Dagster of assets that they picked."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that ended, as Dagster recorded it."""

    run: dg.DagsterRun
    stats: DagsterRunStatsSnapshot
    made: Sequence[dg.EventLogRecord]
    failure: str | None  # why, where a step failed

    @property
    def job(self) -> str:
        """Its job's name."""
        return self.run.job_name if self.run.job_name in JOBS.values() else BY_HAND

    @property
    def began(self) -> float:
        """When, in seconds since 1970; a run that never began ended at once."""
        return self.stats.start_time or self.ended

    @property
    def ended(self) -> float:
        """When, in seconds since 1970."""
        return self.stats.end_time or self.stats.launch_time or self.stats.enqueued_time or 0.0

    @property
    def assets(self) -> list[tuple[float, dg.AssetMaterialization]]:
        """What it made of a flow, and when."""
        found = [(record.timestamp, record.asset_materialization) for record in self.made]
        return [(at, one) for at, one in found if one and one.asset_key.path[-1] in JOBS]


def events(ended: Ended) -> Iterator[RunEvent]:
    """Everything to be told of a run, in its order; nothing of one that isn't a flow's."""
    from openlineage.client.event_v2 import Run, RunState
    from openlineage.client.facet_v2 import error_message_run, parent_run

    if PARTITION_TAG not in ended.run.tags or (ended.job == BY_HAND and not ended.assets):
        return
    run_id = ended.run.run_id
    parent = parent_run.ParentRunFacet(
        run=parent_run.Run(runId=run_id), job=parent_run.Job(namespace=NAMESPACE, name=ended.job)
    )
    yield _event(RunState.START, ended.began, Run(runId=run_id), ended.job)
    for at, one in ended.assets:
        made = Run(runId=str(uuid5(UUID(run_id), str(one.asset_key))), facets={"parent": parent})
        name, partition = f"{JOBS[one.asset_key.path[-1]]}.{one.asset_key.path[-1]}", ended.run.tags[PARTITION_TAG]
        yield _event(RunState.START, ended.began, made, name)
        yield _event(RunState.COMPLETE, at, made, name, _inputs(one, partition), [_output(one, partition)])
    match ended.run.status:
        case dg.DagsterRunStatus.SUCCESS:
            yield _event(RunState.COMPLETE, ended.ended, Run(runId=run_id), ended.job)
        case dg.DagsterRunStatus.CANCELED:
            yield _event(RunState.ABORT, ended.ended, Run(runId=run_id), ended.job)
        case _:
            said = error_message_run.ErrorMessageRunFacet(ended.failure or "no reason is known", "python")
            failed = Run(runId=run_id, facets={"errorMessage": said})
            yield _event(RunState.FAIL, ended.ended, failed, ended.job)


def _event(
    state: RunState,
    at: float,
    run: Any,
    job: str,
    inputs: Sequence[InputDataset] = (),
    outputs: Sequence[OutputDataset] = (),
) -> RunEvent:
    from openlineage.client.event_v2 import Job, RunEvent

    return RunEvent(
        eventType=state,
        eventTime=datetime.fromtimestamp(at, UTC).isoformat(),
        run=run,
        job=Job(namespace=NAMESPACE, name=job),
        inputs=list(inputs),
        outputs=list(outputs),
        producer=PRODUCER,
    )


def _output(made: dg.AssetMaterialization, partition: str) -> OutputDataset:
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.facet_v2 import output_statistics_output_dataset as statistics

    rows = _value(made.metadata, "dagster/row_count")
    counted: dict[str, Any] = (
        {} if rows is None else {"outputStatistics": statistics.OutputStatisticsOutputDatasetFacet(rowCount=rows)}
    )
    return OutputDataset(
        namespace=NAMESPACE,
        name=_name(made.asset_key, partition),
        facets=_facets(made, partition),
        outputFacets=counted,
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


def _inputs(made: dg.AssetMaterialization, partition: str) -> list[InputDataset]:
    """The datasets that Dagster recorded as those which this one was made of."""
    from openlineage.client.event_v2 import InputDataset

    prefix = "dagster/input_data_version/"
    keys = (tag.removeprefix(prefix) for tag in made.tags or {} if tag.startswith(prefix))
    names = sorted(_name(dg.AssetKey(key.split("/")), partition) for key in keys)
    return [InputDataset(namespace=NAMESPACE, name=name) for name in names]


def _name(key: dg.AssetKey, partition: str) -> str:
    return f"{partition}/{'/'.join(key.path)}"


def _value(metadata: Mapping[str, Any], name: str) -> Any:
    found = metadata.get(name)
    return None if found is None else found.value
