"""The store for callers without an event loop: the command line and Dagster's assets.

Every change goes the one way, through FlowStateManager; this module only waits for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from discovery_pipeline import log
from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.mapping.memory import Memory
from discovery_pipeline.engine.mapping.model import Mapping as FieldMapping
from discovery_pipeline.engine.mapping.model import Suggestions
from discovery_pipeline.flow.commands import CancelFlow, Command, FailPhase, Keep, StartPhase, Tell
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Flow, FlowStatus, Phase
from discovery_pipeline.flow.tenant import AUTO_APPROVAL, ORCHESTRATOR, Tenant
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.events.outbox import Cursor, Posted
from discovery_pipeline.store.files.artifacts import Artifacts
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.listing import Place
from discovery_pipeline.store.loop import Loop
from discovery_pipeline.store.people.accounts import NewToken, UserRole
from discovery_pipeline.store.postgres.connection import connected, prepare
from discovery_pipeline.store.postgres.databases import Databases, Role
from discovery_pipeline.store.postgres.query import ask
from discovery_pipeline.store.postgres.session import Sessions
from discovery_pipeline.store.recovery import StateRecovery
from discovery_pipeline.store.reviews import decisions
from discovery_pipeline.store.rows import FlowRef

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from discovery_pipeline.engine.cleansing.decisions import Decisions
    from discovery_pipeline.engine.intake.model import FileRead  # its room imports DuckDB

T = TypeVar("T")


class Store:
    """State and artifacts of one home. Safe to share between threads; close it, or use it in a `with`.

    A method that takes a flow (its id, its slug, or as it was read) acts for that flow's own tenant.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.artifacts = Artifacts.of(settings)
        with ExitStack() as opening:
            self.databases: Databases = opening.enter_context(connected(settings))
            new = prepare(self.databases)
            self._loop = Loop()
            opening.callback(self._loop.close)
            sessions = Sessions(self.databases)
            opening.callback(lambda: self.wait_for(sessions.close()))
            self.flows = Flows(sessions)
            self._recovery = StateRecovery(self.flows)
            if new:
                self.default_tenant()
            self._open = opening.pop_all()

    def __enter__(self) -> Store:
        """Itself; it is open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of connections; the embedded server stops when its last user leaves."""
        self._open.close()

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine over `flows` on the store's own loop."""
        return self._loop.run(work)

    def operate(self, call: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What the call gives in one transaction of the operator, who sees every tenant."""

        async def within() -> T:
            async with self.flows.sessions.operating() as session:
                return await call(session)

        return self.wait_for(within())

    @property
    def dagster_url(self) -> str:
        """Where Dagster keeps its storage."""
        return self.databases.text(Role.ORCHESTRATOR, "dagster", driver="psycopg2")

    def query(self, statement: str, role: Role = Role.OWNER) -> list[tuple[Any, ...]]:
        """The rows of one statement of SQL; the owner sees every tenant."""
        return ask(self.databases, statement, role).rows

    def default_tenant(self) -> Tenant:
        """The account and engagement that exist after the first start."""
        return self.wait_for(self.flows.default_tenant())

    def tenant(self, account: int, engagement: int | None = None) -> Tenant:
        """The engagement of that number; without one, the account's first."""
        return self.wait_for(self.flows.tenant(account, engagement))

    def create_token(self, tenant: Tenant, role: UserRole, days: int | None = None) -> NewToken:
        """A new token with a user of its own; it is worth nothing after so many days."""
        return self.wait_for(self.flows.create_token(tenant, role, days))

    def revoke_token(self, token: str) -> bool:
        """Make the token worthless. Tells whether it was worth something."""
        return self.wait_for(self.flows.revoke_token(token))

    def create_flow(
        self,
        tenant: Tenant,
        name: str,
        source_system: str,
        target_system: str,
        metadata: Mapping[str, Any] | None = None,
    ) -> Flow:
        """A new flow, initialized and ready for data. Several targets are separated by commas."""
        return self.wait_for(self.flows.create(tenant, name, source_system, target_system, metadata))

    def flow(self, tenant: Tenant | None, ref: FlowRef) -> Flow:
        """The flow of that slug or id; without a tenant, whoever's it is.

        Raises
        ------
        FlowNotFoundError
            There is none for this tenant.
        """
        return self.wait_for(self.flows.get(tenant, ref))

    def list_flows(
        self, tenant: Tenant | None = None, *, status: FlowStatus | None = None, limit: int = 1000
    ) -> list[Flow]:
        """Flows, newest first; without a tenant, all tenants'."""
        return self.wait_for(self.flows.list(tenant, status=status, limit=limit))

    def start_phase(self, ref: FlowRef, phase: Phase | str, *, by: str = ORCHESTRATOR) -> Flow:
        """Set the phase running. A failed one is retried; an earlier one is re-opened, and later ones start over.

        Does nothing where the phase runs already.

        Raises
        ------
        InvalidTransitionError
            The flow isn't that far, waits for a review, or has ended.
        """
        return self._update(ref, StartPhase(Phase(phase)), by)

    def complete_phase(
        self, ref: FlowRef, phase: Phase | str, result: Mapping[str, Any] | None = None, *, by: str = ORCHESTRATOR
    ) -> Flow:
        """The running phase is done: data_import leads to the review, validation completes the flow.

        Where files came while the run of the result's `run_id` read others, data_import waits for the next run instead.
        """
        return self._for(ref, by, lambda tenant: self.flows.complete_phase(tenant, ref, Phase(phase), result or {}))

    def fail_phase(
        self, ref: FlowRef, phase: Phase | str, result: Mapping[str, Any] | None = None, *, by: str = ORCHESTRATOR
    ) -> Flow:
        """The running phase failed, and the flow with it, until the phase is retried. `result` says why."""
        return self._update(ref, FailPhase(Phase(phase), result or {}), by)

    def cancel(self, ref: FlowRef, why: str = "", *, by: str) -> Flow:
        """End the flow without a result."""
        return self._update(ref, CancelFlow(why), by)

    def record_imports(self, ref: FlowRef, *files: FileRead, by: str = ORCHESTRATOR) -> list[int]:
        """Keep what came of these files; their ids. The same bytes again give the first import's id."""
        return self._for(ref, by, lambda tenant: self.flows.record_imports(tenant, ref, files))

    def record_suggestions(self, ref: FlowRef, suggestions: Suggestions, *, by: str = ORCHESTRATOR) -> None:
        """Keep what the matcher offers for one target."""
        self._for(ref, by, lambda tenant: self.flows.record_suggestions(tenant, ref, suggestions))

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
        agreed = [mapping] if isinstance(mapping, FieldMapping) else list(mapping)
        return self._for(ref, by, lambda tenant: self.flows.submit_mapping(tenant, ref, agreed, expected_version))

    def approved_mappings(self, ref: FlowRef) -> dict[str, FieldMapping]:
        """The approved mapping of each target; empty until there is a review's decision."""
        return self._for(ref, ORCHESTRATOR, lambda tenant: self.flows.approved_mappings(tenant, ref))

    def remembered(self, flow: Flow, target: str) -> Memory:
        """What the flow's tenant decided before on pairs for this kind of source and that target."""
        return self.wait_for(self.flows.remembered(flow.tenant, flow.source_system, target))

    def archive(self, ref: FlowRef, reason: str, *, by: str) -> Flow:
        """Move a flow that came to its end into the history, for good.

        Raises
        ------
        InvalidTransitionError
            The flow goes on, or a run works on it.
        """
        return self._for(ref, by, lambda tenant: self.flows.archive(tenant, ref, reason))

    def record_quality(self, ref: FlowRef, findings: Iterable[Finding]) -> None:
        """Replace the open quality issues of the flow by these."""
        self._for(ref, ORCHESTRATOR, lambda tenant: self.flows.record_quality(tenant, ref, findings))

    def keep(self, ref: FlowRef, patch: Mapping[str, Any], *, by: str = ORCHESTRATOR) -> Flow:
        """Keep something of the caller's with the flow's state; a None takes the key away."""
        return self._update(ref, Keep(patch), by)

    def cleansing_decisions(self, ref: FlowRef) -> Decisions:
        """What people decided on rules, values and cells."""

        async def read(tenant: Tenant) -> Decisions:
            return decisions.cleansing((await self.flows.decisions(tenant, ref)).values())

        return self._for(ref, ORCHESTRATOR, read)

    def append_event(
        self,
        ref: FlowRef,
        event_type: EventType | str,
        data: Mapping[str, Any] | None = None,
        *,
        by: str = ORCHESTRATOR,
    ) -> None:
        """Tell a fact that leaves the state as it is: profile.completed, delivery.completed, run.requested, …"""
        self._update(ref, Tell(EventType(event_type), data or {}), by)

    def events_after(
        self, cursor: Cursor, *, types: frozenset[EventType] | None = None, limit: int = 200
    ) -> list[Posted]:
        """A page of events of every tenant that come after the cursor, oldest first."""
        return self.wait_for(self.flows.events_after(cursor, types=types, limit=limit))

    def recover(self, ref: FlowRef) -> dict[str, Any]:
        """The flow's whole state, rebuilt and found in order; see StateRecovery.recover."""
        return self.wait_for(self._recovery.recover(ref))

    def check(self, ref: FlowRef) -> list[str]:
        """Each rule that row, phases, audit and events of the flow break together."""
        return self.wait_for(self._recovery.check(ref))

    def check_all(self) -> Iterator[tuple[Flow, list[str]]]:
        """Every flow of every tenant, newest first, with the rules that it breaks; see StateRecovery.check_page."""
        before = None
        while page := self.wait_for(self._recovery.check_page(before)):
            yield from page
            before = Place.of(page[-1][0])

    def repair(self, ref: FlowRef) -> list[str]:
        """Mend the flow from its events; what stays broken is told."""
        return self.wait_for(self._recovery.repair(ref))

    def sweep(self, why: Callable[[Flow], str | None] = lambda _: None) -> list[Flow]:
        """Fail every phase whose run died; the flows, failed and retryable. See StateRecovery.sweep."""
        return self.wait_for(self._recovery.sweep(why))

    def fail_if_dead(self, flow: Flow, error: str, begins: Phase | None = None) -> Flow | None:
        """Fail the flow's running phase unless a run works on it; see StateRecovery.fail_if_dead."""
        return self.wait_for(self._recovery.fail_if_dead(flow, error, begins))

    def is_run(self, ref: FlowRef) -> bool:
        """Whether a run works on the flow."""
        return self.wait_for(self.flows.is_run(ref))

    @contextmanager
    def run_lock(self, ref: FlowRef) -> Iterator[None]:
        """Hold the flow's session-level lock while a run works on it: a running phase without it is a dead one.

        Raises
        ------
        FlowOperationError
            Another run works on the flow.
        """
        held = self.flows.running(ref)
        self.wait_for(held.__aenter__())
        try:
            yield
        finally:
            self.wait_for(held.__aexit__(None, None, None))

    def _update(self, ref: FlowRef, command: Command, by: str) -> Flow:
        return self._for(ref, by, lambda tenant: self.flows.update(tenant, ref, command))

    def _for(self, ref: FlowRef, by: str, work: Callable[[Tenant], Awaitable[T]]) -> T:
        """Do the work as `by`, for the tenant whose flow it is."""

        async def acting() -> T:
            return await work(await self.flows.tenant_of(ref, by))

        return self.wait_for(acting())


def open_store(settings: Settings) -> Store:
    """The store of that home: server started, databases there, migrations applied.

    Raises
    ------
    ServerError
        PostgreSQL can't be started or reached, or its data is of a newer version.
    """
    log.configure(settings.log_level)
    return Store(settings)
