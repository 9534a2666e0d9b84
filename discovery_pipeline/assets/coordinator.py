"""The run coordinator of dagster.yaml: every run in Dagster's queue says whose it is, however it was started.

A requested run says so from its beginning. One that is started in Dagster's UI, by a backfill or by a retry knows no
more than its partition; here it is told the rest, so that the limit of an engagement's runs holds for it, too.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster import DagsterRun, Field, QueuedRunCoordinator, StringSource
from dagster._core.run_coordinator.base import SubmitRunContext
from dagster._serdes import ConfigurableClassData

from discovery_pipeline.assets import tags
from discovery_pipeline.errors import DiscoveryError, FlowNotFoundError
from discovery_pipeline.settings import Settings, read

if TYPE_CHECKING:
    from discovery_pipeline.store.blocking import Store

UNKNOWN = "Whose run this is can't be read now, so that it doesn't count among its engagement's: {reason}"


class EngagementRunCoordinator(QueuedRunCoordinator):
    """Dagster's queue, whose runs know their engagement."""

    def __init__(self, home: str | None = None, **queue: Any) -> None:
        super().__init__(**queue)
        self._home = home
        self._opening = threading.Lock()
        self._opened: Store | None = None

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """What dagster.yaml may say: as of any queue, and the home whose flows run; else the environment says which."""
        queue: Any = super().config_type()
        return {**queue, "home": Field(StringSource, is_required=False)}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Any:
        """As Dagster makes it from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Queue the run. Where the state can't be read, it is queued as it is, and will fail by itself."""
        run = context.dagster_run
        key = run.tags.get(tags.PARTITION_TAG)
        if key is not None and tags.ENGAGEMENT_TAG not in run.tags:
            try:
                self._instance.add_run_tags(run.run_id, self._tags(run, key))
            except DiscoveryError as error:
                self._instance.report_engine_event(UNKNOWN.format(reason=error), run, cls=type(self))
        return super().submit_run(context)

    def dispose(self) -> None:
        """Let go of the state."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _tags(self, run: DagsterRun, key: str) -> dict[str, str]:
        """The tags that follow from a run's partition; none for one that is nobody's, whose run fails by itself."""
        from discovery_pipeline.store import sources

        store = self._store()
        try:
            flow = store.flow(None, key)
            return tags.of_flow(flow.slug, flow.tenant)
        except FlowNotFoundError:
            registered = store.wait_for(sources.known(store.flows))
            return next((tags.of_engagement(source.tenant) for source in registered if source.slug == key), {})

    def _store(self) -> Store:
        """The state, opened at the first run that wants it and kept: a backfill queues hundreds."""
        from discovery_pipeline.store.blocking import open_store

        with self._opening:
            if self._opened is None:
                self._opened = open_store(Settings(home=Path(self._home)) if self._home else read())
            return self._opened
