"""Queueing: a run request becomes a run in Dagster's queue, from a code server of any deployment.

The run is created here and not yielded by the sensor, because a yielded run has an id of its own: by the request's id,
whoever launches the request again finds the run that is there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg
from dagster._api.list_repositories import sync_list_repositories_grpc
from dagster._core.code_pointer import CodePointer
from dagster._core.origin import DEFAULT_DAGSTER_ENTRY_POINT, RepositoryPythonOrigin
from dagster._core.remote_origin import CodeLocationOrigin, GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from discovery_pipeline.assets.runner import starting
from discovery_pipeline.assets.runner.starting import Origin
from discovery_pipeline.errors import ServerError

if TYPE_CHECKING:
    from discovery_pipeline.store.requests import RunRequest


def enqueue(context: dg.SensorEvaluationContext, request: RunRequest, prefix: Sequence[str] = ()) -> dg.DagsterRun:
    """Have the request's run wait in the queue; whatever of that is done already isn't done again."""
    run = starting.created(context.instance, lambda: _origin(context, prefix), request)
    return starting.queue(context.instance, run)


def _origin(context: dg.SensorEvaluationContext, prefix: Sequence[str]) -> Origin:
    location, repository = context.code_location_origin, context.repository_def
    if location is None or repository is None:
        raise ServerError("Runs are queued by a sensor that a Dagster daemon evaluates.")
    remote = RemoteRepositoryOrigin(location, repository.name)
    return Origin(repository, remote, _code(location, repository.name), tuple(prefix))


def _code(location: CodeLocationOrigin, repository: str) -> RepositoryPythonOrigin:
    """How a run's worker loads the code: as the code server that asks did."""
    if isinstance(location, GrpcServerCodeLocationOrigin):
        served = sync_list_repositories_grpc(location.create_client())
        return RepositoryPythonOrigin(
            executable_path=served.executable_path or sys.executable,
            code_pointer=served.repository_code_pointer_dict[repository],
            container_image=served.container_image,
            entry_point=served.entry_point or DEFAULT_DAGSTER_ENTRY_POINT,
            container_context=served.container_context,
        )
    loaded = location.loadable_target_origin
    return RepositoryPythonOrigin(
        executable_path=loaded.executable_path or sys.executable,
        code_pointer=_pointer(loaded),
        entry_point=DEFAULT_DAGSTER_ENTRY_POINT,
    )


def _pointer(loaded: LoadableTargetOrigin) -> CodePointer:
    attribute = loaded.attribute or "defs"
    if loaded.python_file:
        return CodePointer.from_python_file(loaded.python_file, attribute, loaded.working_directory)
    if loaded.package_name:
        return CodePointer.from_python_package(loaded.package_name, attribute, loaded.working_directory)
    return CodePointer.from_module(str(loaded.module_name), attribute, loaded.working_directory)
