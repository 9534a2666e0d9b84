"""The desk: what an asset needs to work on a flow, injected as a Dagster resource.

It resolves a partition key to its flow, opens DuckDB, and moves the flow's phases through the store,
so that a run started anywhere (the UI, a sensor, the command line) tells the same story.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import duckdb
from pydantic import PrivateAttr

from discovery_pipeline.agents import running
from discovery_pipeline.assets import scratch
from discovery_pipeline.assets.runner import locks
from discovery_pipeline.assets.tags import PARTITION_TAG
from discovery_pipeline.engine import duck
from discovery_pipeline.engine.disk import room
from discovery_pipeline.engine.intake.model import Choice
from discovery_pipeline.engine.targets.contract import Target
from discovery_pipeline.engine.validation.demands import Demand
from discovery_pipeline.errors import DiscoveryError, FlowNotFoundError
from discovery_pipeline.flow.commands import StartPhase
from discovery_pipeline.flow.contracts import contracts
from discovery_pipeline.flow.machine import happens
from discovery_pipeline.flow.state import READING, Flow, Phase, PhaseStatus
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.files.artifacts import UPLOADS
from discovery_pipeline.store.files.values import Value, read

if TYPE_CHECKING:
    from discovery_pipeline.store.blocking import Store

DEMANDS = "demands"
"""Under which the user's rules are kept with the flow's state."""
ENDS = {
    "mapping_suggestions": Phase.DATA_IMPORT,
    "cleansed_tables": Phase.CLEANSING,
    "target_files": Phase.VALIDATION,
}
"""The assets with whose publication a phase ends."""
MUCH = 100 << 20
"""Bytes by which the process may have grown after a stage, before memory is given back."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One asset at work on one flow."""

    flow: Flow
    store: "Store"
    con: duckdb.DuckDBPyConnection
    scratch: Path

    @property
    def targets(self) -> tuple[Target, ...]:
        """The systems the flow delivers to."""
        return contracts(self.flow)

    def target(self, name: str) -> Target:
        """One of them, by its name."""
        return next(target for target in self.targets if target.name == name)

    @property
    def demands(self) -> tuple[Demand, ...]:
        """What the user asks of the data, beside what the targets do."""
        return tuple(Demand.model_validate(said) for said in self.flow.data.get(DEMANDS, ()))

    @property
    def chosen(self) -> tuple[Choice, ...]:
        """How people want files to be read."""
        return tuple(Choice.model_validate(said) for said in self.flow.data.get(READING, ()))

    @property
    def uploads(self) -> list[Path]:
        """The flow's files as they came, by name."""
        return sorted(self.store.artifacts.reading(self.flow, UPLOADS).iterdir())

    def folder(self, asset: str) -> Path:
        """Where the files of an asset's value are written before they are published."""
        place = self.scratch / asset
        place.mkdir(parents=True, exist_ok=True)
        return place


class Desk(dg.ConfigurableResource):
    """State and artifacts of one home. Settings come from the environment, so that no secret stands in run config."""

    home: str

    _store: Any = PrivateAttr(default=None)
    _settings: Settings | None = PrivateAttr(default=None)
    _values: dict[Path, Value] = PrivateAttr(default_factory=dict)
    _flows: dict[str, Flow] = PrivateAttr(default_factory=dict)
    _duck: duckdb.DuckDBPyConnection | None = PrivateAttr(default=None)
    _slim: int = PrivateAttr(default=0)  # bytes that were resident as DuckDB started

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Desk"]:
        """Open the store for a run, and hold its flow's lock while the run works."""
        # Imported here: SQLAlchemy would double the time in which the code location loads.
        from discovery_pipeline.store.blocking import open_store

        self._settings = Settings(home=Path(self.home))
        running.warm_up(self._settings.agents)
        with self._at_work(context, self._settings.root), open_store(self._settings) as store:
            self._store = store
            slug = context.run.tags.get(PARTITION_TAG) if context.run else None
            try:
                if slug and _known(store, slug):
                    with store.run_lock(slug):
                        yield self
                else:
                    yield self
            finally:
                self._store = None
                self._values.clear()
                self._flows.clear()
                if self._duck is not None:
                    self._duck.close()
                    self._duck = None
                if context.run:
                    scratch.remove(self._settings.root, context.run.run_id)

    def _at_work(self, context: dg.InitResourceContext, home: Path) -> AbstractContextManager[None]:
        """Say that the run lives, where the process that executes it was not started for it: `dg launch`, a test."""
        return locks.working(home, context.run.run_id) if context.run else nullcontext()

    @property
    def store(self) -> "Store":
        """The open store. Raises outside a run."""
        if self._store is None:
            raise RuntimeError("the desk is open only while a run works")
        return self._store

    @property
    def settings(self) -> Settings:
        """The settings the store was opened with."""
        return self.store.settings

    def flow(self, slug: str) -> Flow:
        """The flow of a partition key."""
        return self.store.flow(None, slug)

    def begun(self, slug: str) -> Flow:
        """The flow of a partition key as the run first saw it: for what never changes of it, without asking again."""
        if slug not in self._flows:
            self._flows[slug] = self.flow(slug)
        return self._flows[slug]

    def value(self, flow: Flow, stage: str) -> Value | None:
        """The newest value that a stage published for the flow, read once a run; None where there is none yet."""
        try:
            folder = self.store.artifacts.reading(flow, stage)
        except FileNotFoundError:
            return None
        if folder not in self._values:
            self._values[folder] = read(folder)
        return self._values[folder]

    @contextmanager
    def stage(
        self, context: dg.AssetExecutionContext | dg.OpExecutionContext, *, starts: Phase | None = None
    ) -> Iterator[Stage]:
        """Work on the partition's flow; the first asset of a phase starts it, in a run that makes its last one, too.

        Where somebody makes a part of a phase by hand, the flow stays where it is until the last asset is made.
        An error fails the phase that runs, and so does whoever stops the run. One that a person can act on fails the
        step with its sentence, without a retry; any other rises.
        """
        place = scratch.of_run(self.settings.root, context.run.run_id)
        flow = self._beginning(context, starts)
        try:
            with room(self.settings.root), self._connected(place) as con, duck.stoppable(con):
                yield Stage(flow, self.store, con, place)
            self._slim_down()
        except BaseException as error:
            if flow.phases[flow.current_phase].status is PhaseStatus.RUNNING:
                self.store.fail_phase(flow, flow.current_phase, {"error": _reason(error), "run_id": context.run.run_id})
            if duck.stopped(error):
                raise KeyboardInterrupt from error
            if isinstance(error, DiscoveryError):
                raise dg.Failure(str(error), allow_retries=False) from None
            raise

    def _beginning(self, context: dg.AssetExecutionContext | dg.OpExecutionContext, starts: Phase | None) -> Flow:
        """The flow, with the phase begun that the stage starts, or that the run will end and that doesn't run yet."""
        slug = context.partition_key
        try:
            flow = self.flow(slug)
            phase = starts or flow.current_phase
            if phase in _ended_by(context):
                if starts or flow.phases[phase].status in {PhaseStatus.PENDING, PhaseStatus.FAILED}:
                    flow = self.store.start_phase(flow, phase)
            elif starts:
                happens(StartPhase(starts), flow)  # refused where the flow isn't so far
        except FlowNotFoundError:
            said = f"There is no flow '{slug}'. Pick one that `discovery flows list` shows."
            raise dg.Failure(said, allow_retries=False) from None
        except DiscoveryError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        return flow

    def _connected(self, place: Path) -> duckdb.DuckDBPyConnection:
        """A stage's own connection to the run's DuckDB, which takes 20 ms to start."""
        if self._duck is None:
            limits = {"threads": self.settings.threads, "memory_limit": self.settings.memory_limit}
            self._duck = duck.connect(**limits, scratch=place / "duckdb")
            self._slim = _resident()
        return self._duck.cursor()

    def _slim_down(self) -> None:
        """Give memory back to the system after a stage that took much: DuckDB and Arrow keep what they freed."""
        if self._duck is not None and _resident() > self._slim + MUCH:
            import pyarrow as pa

            self._duck.close()
            self._duck = None
            pa.default_memory_pool().release_unused()


def _ended_by(context: dg.AssetExecutionContext | dg.OpExecutionContext) -> set[Phase]:
    """The phases whose last asset is made in this run."""
    made = {key.path[-1] for key in context.job_def.asset_layer.selected_asset_keys}
    return {phase for asset, phase in ENDS.items() if asset in made}


def _resident() -> int:
    import psutil

    return psutil.Process().memory_info().rss


def _reason(error: BaseException) -> str:
    """Why a phase failed, for a person; of an error that nobody foresaw, only its kind: its text may hold values."""
    if duck.stopped(error) or not isinstance(error, Exception):
        return "The run was stopped. Start it again."
    return str(error) if isinstance(error, DiscoveryError | dg.Failure) else type(error).__name__


def _known(store: "Store", slug: str) -> bool:
    try:
        store.flow(None, slug)
    except FlowNotFoundError:
        return False
    return True
