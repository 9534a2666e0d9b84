"""From a run request to a Dagster run that works or stands in Dagster's queue.

A run that there is room for is launched at once; another is queued, and the daemon launches it when one has ended. The
limits are those of dagster.yaml, for both. The daemon may look at the same moment as we do, so that for some seconds
one run more than the limit may work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.launcher.base import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.storage.dagster_run import ACTIVE_RUN_STATUSES
from dagster._utils.tags import TagConcurrencyLimitsCounter

from discovery_pipeline.assets import tags
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.assets.runner import place
from discovery_pipeline.assets.runner.launcher import WarmRunLauncher

if TYPE_CHECKING:
    from discovery_pipeline.store.requests import RunRequest

REPOSITORY = "__repository__"
"""How Dagster calls what a code location's Definitions hold."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the code of runs comes from: the definitions, what Dagster calls them, and how a worker loads them."""

    repository: dg.RepositoryDefinition
    remote: RemoteRepositoryOrigin
    python: RepositoryPythonOrigin
    prefix: tuple[str, ...] = ()  # of the assets' keys

    def create(self, instance: dg.DagsterInstance, request: RunRequest) -> dg.DagsterRun:
        """The request's run, as a new one that nobody has launched."""
        return instance.create_run_for_job(
            self.repository.get_job(request.job),
            run_id=request.run_id,
            tags=_tags(request),
            asset_selection={dg.AssetKey([*self.prefix, asset]) for asset in request.selection} or None,
            remote_job_origin=self.remote.get_job_origin(request.job),
            job_code_origin=JobPythonOrigin(request.job, self.python),
        )


def start(instance: dg.DagsterInstance, origin: Origin, request: RunRequest) -> dg.DagsterRun:
    """Have the request's run work, or wait in the queue; whatever of that is done already isn't done again."""
    run = created(instance, lambda: origin, request)
    if run.status is dg.DagsterRunStatus.NOT_STARTED and _room(instance, run):
        instance.launch_run(run.run_id, workspace=None)  # pyright: ignore[reportArgumentType] - our launcher needs none
        return run
    return queue(instance, run)


def created(instance: dg.DagsterInstance, origin: Callable[[], Origin], request: RunRequest) -> dg.DagsterRun:
    """The request's run, and its flow's partition; both may be there already."""
    instance.add_dynamic_partitions(FLOWS, [request.slug])
    return instance.get_run_by_id(request.run_id) or origin().create(instance, request)


def queue(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun:
    """Have the run wait in the queue, unless it was launched."""
    if run.status is dg.DagsterRunStatus.NOT_STARTED:
        instance.submit_run(run.run_id, workspace=None)  # pyright: ignore[reportArgumentType] - a queue needs none
    elif run.status is dg.DagsterRunStatus.STARTING and isinstance(instance.run_launcher, WarmRunLauncher):
        # Whoever began to launch it may have died before it had a worker; of ours, a run never gets two.
        instance.run_launcher.launch_run(LaunchRunContext(run, workspace=None))
    return run


def origin(code: ReconstructableRepository) -> Origin:
    """The origin of a code location on this machine."""
    remote = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(place.LOCATION), REPOSITORY)
    return Origin(code.get_definition(), remote, code.get_python_origin())


def code_location(file: Path) -> ReconstructableRepository:
    """The code location of that file, as every process can load it; one that has loaded it has it at once."""
    return ReconstructableRepository.for_file(str(file), place.ATTRIBUTE, str(file.parent))


def _tags(request: RunRequest) -> dict[str, str]:
    return tags.of_flow(request.slug, request.tenant) | {
        tags.PARTITION_TAG: request.slug,
        tags.REQUEST_TAG: str(request.id),
        tags.REASON_TAG: request.reason[:255],
        tags.USER_TAG: request.tenant.by,
    }


def _room(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether Dagster's queue would launch the run now, with nobody waiting there who came before it."""
    limits = instance.get_concurrency_config().run_queue_config
    if limits is None:
        return True
    most = limits.max_concurrent_runs  # below zero: any number
    before = dg.RunsFilter(statuses=[*ACTIVE_RUN_STATUSES, dg.DagsterRunStatus.QUEUED])
    others = instance.get_runs(before, limit=most if most >= 0 else None)  # thousands may wait
    if 0 <= most <= len(others):
        return False
    return not TagConcurrencyLimitsCounter(limits.tag_concurrency_limits, others).is_blocked(run)
