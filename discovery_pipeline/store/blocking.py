"""The store for callers without an event loop: the command line and Dagster's assets.

Every change goes the one way, through FlowStateManager; this module only waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.intake.model import FileRead
from discovery_pipeline.engine.mapping.model import Mapping as FieldMapping
from discovery_pipeline.engine.mapping.model import Suggestions
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Flow, FlowStatus, Phase
from discovery_pipeline.flow.tenant import AUTO_APPROVAL, ORCHESTRATOR, FlowId, Tenant
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.artifacts import Artifacts

FlowRef = FlowId | str | Flow
"""A flow by its id, its slug, or as it was read."""


class Store:
    """State and artifacts of one home. Safe to share between threads; close it, or use it in a `with`.

    A method that takes a flow acts for that flow's own tenant; given `tenant`, another tenant's flow isn't found.
    """

    settings: Settings
    artifacts: Artifacts
    dagster_url: str  # postgresql+psycopg2://…, the `dagster` database

    def __enter__(self) -> Store: ...
    def __exit__(self, *_: object) -> None: ...
    def close(self) -> None:
        """Let go of connections; the embedded server stops when its last user leaves."""

    def default_tenant(self) -> Tenant:
        """The account and engagement that exist after the first start."""
        raise NotImplementedError

    def create_flow(
        self, tenant: Tenant, name: str, source_system: str, target_system: str, created_by: str = ""
    ) -> Flow:
        """A new flow, initialized and ready for data. Several targets are separated by commas."""
        raise NotImplementedError

    def flow(self, tenant: Tenant | None, ref: FlowRef) -> Flow:
        """The flow of that slug or id; without a tenant, whoever's it is.

        Raises
        ------
        FlowNotFoundError
            There is none for this tenant.
        """
        raise NotImplementedError

    def list_flows(
        self, tenant: Tenant | None = None, *, status: FlowStatus | None = None, limit: int = 1000
    ) -> list[Flow]:
        """Flows, newest first; without a tenant, all tenants'."""
        raise NotImplementedError

    def start_phase(self, ref: FlowRef, phase: Phase | str, *, by: str = ORCHESTRATOR) -> Flow:
        """Set the phase running. A failed one is retried; an earlier one is re-opened, and later ones start over.

        Does nothing where the phase runs already.

        Raises
        ------
        InvalidTransitionError
            The flow isn't that far, waits for a review, or has ended.
        """
        raise NotImplementedError

    def complete_phase(
        self, ref: FlowRef, phase: Phase | str, result: Mapping[str, Any] | None = None, *, by: str = ORCHESTRATOR
    ) -> Flow:
        """The running phase is done: data_import leads to the review, validation completes the flow."""
        raise NotImplementedError

    def fail_phase(
        self, ref: FlowRef, phase: Phase | str, result: Mapping[str, Any] | None = None, *, by: str = ORCHESTRATOR
    ) -> Flow:
        """The running phase failed, and the flow with it, until the phase is retried. `result` says why."""
        raise NotImplementedError

    def record_import(self, ref: FlowRef, file: FileRead, *, by: str = ORCHESTRATOR) -> int:
        """Keep what came of one file; its id. The same bytes again give the first import's id."""
        raise NotImplementedError

    def record_suggestions(self, ref: FlowRef, suggestions: Suggestions, *, by: str = ORCHESTRATOR) -> None:
        """Keep what the matcher offers for one target."""
        raise NotImplementedError

    def submit_mapping(
        self,
        ref: FlowRef,
        mapping: FieldMapping | Sequence[FieldMapping],
        *,
        by: str = AUTO_APPROVAL,
        expected_version: int | None = None,
    ) -> Flow:
        """Approve these mappings, one for each target, and move the flow to cleansing, in one transaction.

        Raises
        ------
        StaleVersionError
            The flow moved on since `expected_version`.
        InvalidTransitionError
            The flow waits for no review.
        """
        raise NotImplementedError

    def approved_mappings(self, ref: FlowRef) -> dict[str, FieldMapping]:
        """The approved mapping of each target; empty until there is a review's decision."""
        raise NotImplementedError

    def record_quality(self, ref: FlowRef, findings: Iterable[Finding]) -> None:
        """Replace the open quality issues of the flow by these."""
        raise NotImplementedError

    def append_event(
        self,
        ref: FlowRef,
        event_type: EventType | str,
        data: Mapping[str, Any] | None = None,
        *,
        by: str = ORCHESTRATOR,
    ) -> None:
        """Tell a fact that leaves the state as it is: profile.completed, delivery.completed, run.requested, …"""
        raise NotImplementedError

    @contextmanager
    def run_lock(self, ref: FlowRef) -> Iterator[None]:
        """Hold the flow's session-level lock while a run works on it: a running phase without it is a dead one."""
        raise NotImplementedError
        yield


def open_store(settings: Settings) -> Store:
    """The store of that home: server started, databases there, migrations applied."""
    raise NotImplementedError
