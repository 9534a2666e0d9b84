"""An unattended run: files in, a folder of results out, with two real Dagster runs and no person between them."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.events import JobFailureData

from discovery_pipeline.assets import instance as dagster_instance
from discovery_pipeline.assets import reasons, tags
from discovery_pipeline.assets.build import build
from discovery_pipeline.assets.deltas import DOCUMENT, RESULTS, SINCE
from discovery_pipeline.assets.desk import DEMANDS
from discovery_pipeline.assets.jobs import DELIVER, DISCOVER
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.assets.request import Request
from discovery_pipeline.assets.runner import locks
from discovery_pipeline.engine import duck, mapping
from discovery_pipeline.engine.cleansing.model import PatchLog
from discovery_pipeline.engine.delivery import Delta
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping.model import Approval
from discovery_pipeline.engine.mapping.profiles import MappingProfile, Unapplied
from discovery_pipeline.engine.risk.model import RiskAssessment
from discovery_pipeline.engine.targets.contract import Target
from discovery_pipeline.engine.validation.model import QualityReport, Verdict
from discovery_pipeline.errors import DiscoveryError
from discovery_pipeline.flow import contracts
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.files.artifacts import UPLOADS
from discovery_pipeline.store.files.destinations import Results
from discovery_pipeline.store.files.values import Value, read

Tell = Callable[[str, str], None]
"""Called with a step's name and 'started', 'finished' or 'failed'."""

STEPS = ("set_up", *DISCOVER, "approval", *DELIVER)
"""The steps that `Tell` hears of, in order."""


class RunFailed(DiscoveryError):
    """A step of the run failed; its sentence says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. `delivered` is false where the flow waits for its review."""

    flow: Flow
    approvals: tuple[Approval, ...]
    delivered: bool
    values: dict[str, Any] = field(default_factory=dict)
    left: tuple[Unapplied, ...] = ()  # what saved mappings say of columns that these files lack
    results: Path = Path()  # the folder of all files, as the home keeps them
    delta: Delta | None = None  # where one was asked for

    @property
    def missing(self) -> tuple[str, ...]:
        """What targets lack to be delivered to, one sentence a target or field."""
        return tuple(reason for approval in self.approvals for reason in approval.missing)

    @property
    def ready(self) -> tuple[Approval, ...]:
        """Those of the targets that lack nothing."""
        return tuple(approval for approval in self.approvals if not approval.missing)

    @property
    def intake(self) -> Intake:
        """What came in."""
        return self.values["source_tables"]

    @property
    def patches(self) -> PatchLog:
        """What cleansing changed."""
        return self.values["patch_log"]

    @property
    def verdicts(self) -> list[Verdict]:
        """What each target takes."""
        return self.values["validated_tables"]

    @property
    def quality(self) -> QualityReport:
        """How good the data was, and is."""
        return self.values["quality_report"]

    @property
    def risks(self) -> RiskAssessment:
        """What may go wrong in the move."""
        return self.values["risk_assessment"]

    @property
    def partly(self) -> bool:
        """Whether a target, a row or a file was left out."""
        refused = any(file.status == "refused" for file in self.intake.files)
        unread = any(read.rejected_count for file in self.intake.files for read in file.tables)
        return bool(refused or unread or self.missing) or any(verdict.rows_rejected for verdict in self.verdicts)


def run(settings: Settings, request: Request, tell: Tell) -> Outcome:
    """Create a flow for the files, discover, approve what is sure enough, and deliver.

    Raises
    ------
    RunFailed
        A step failed. The flow stays, failed and retryable, with all that was found before.
    KeyboardInterrupt
        Somebody asked it to stop. The flow stays as after a failure.
    """
    request.out.check()
    with open_store(settings) as store, dagster_instance.at_work(store.dagster_url, settings.root) as instance:
        store.sweep()
        dagster_instance.settle(instance, store)
        flow = _created(store, request)
        instance.add_dynamic_partitions(FLOWS, [flow.slug])
        tell("set_up", "finished")
        worker = _Worker(settings.root, build(settings), instance, flow, tell)
        worker.execute("discover")
        tell("approval", "started")
        left, approvals = _approvals(store, flow, request, settings.auto_approval)
        undelivered = Outcome(store.flow(None, flow.id), approvals, delivered=False, left=left)
        if not undelivered.ready or (undelivered.missing and not request.ready_only):
            tell("approval", "finished")
            return undelivered
        store.submit_mapping(flow.id, [approval.mapping for approval in undelivered.ready])
        tell("approval", "finished")
        worker.execute("deliver")
        values: dict[str, Any] = {asset: _value(store, flow, asset) for asset in _SUMMED}
        results = store.artifacts.reading(flow, "target_files") / RESULTS
        request.out.publish(Results(results, values["target_files"], request.targets))
        return replace(
            undelivered,
            flow=store.flow(None, flow.id),
            delivered=True,
            values=values,
            results=results,
            delta=_delta(results),
        )


_SUMMED = ("source_tables", "patch_log", "validated_tables", "quality_report", "risk_assessment", "target_files")
"""Assets whose values an outcome holds."""


def _created(store: Store, request: Request) -> Flow:
    """A new flow that holds its own copy of the files."""
    targets = ",".join(target.name for target in request.targets)
    acting = store.default_tenant().acting("discovery run")
    flow = store.create_flow(acting, request.name, request.source, targets, contracts.kept(request.targets))
    with store.artifacts.writing(flow, UPLOADS) as folder:
        for file in request.files:
            shutil.copyfile(file, _free(folder / file.name))
    kept: dict[str, Any] = {}
    if request.demands:
        kept[DEMANDS] = [demand.model_dump(mode="json", exclude_defaults=True) for demand in request.demands]
    if request.since:
        kept[SINCE] = request.since
    return store.keep(flow.id, kept, by="discovery run") if kept else flow


def _free(path: Path) -> Path:
    """The path, or a numbered one where a file of that name came from another folder already."""
    free, n = path, 2
    while free.exists():
        free, n = path.with_name(f"{path.stem}_{n}{path.suffix}"), n + 1
    return free


def _delta(results: Path) -> Delta | None:
    written = results / DOCUMENT
    return Delta.model_validate_json(written.read_text(encoding="utf-8")) if written.exists() else None


def _approvals(
    store: Store, flow: Flow, request: Request, threshold: float
) -> tuple[tuple[Unapplied, ...], tuple[Approval, ...]]:
    """What is sure enough for each target, with what saved mappings say; and what of these had no use."""
    intake: Any = _value(store, flow, "source_tables")
    looks: Any = _value(store, flow, "column_profile")
    offered: Any = _value(store, flow, "mapping_suggestions")
    by_name = {target.name: target for target in request.targets}
    left: list[Unapplied] = []
    approvals = []
    with duck.connect() as con:
        for suggestions in offered:
            target = by_name[suggestions.target]
            known = mapping.Known(profile=looks, memory=store.remembered(flow, target.name))
            followed = suggestions
            for profile in _about(target, request.profiles):
                applied = mapping.profiles.applied(con, profile, followed, intake.tables, target, known)
                followed = applied.suggestions
                left += applied.left
            approvals.append(mapping.approve(followed, target, threshold))
    return tuple(left), tuple(approvals)


def _about(target: Target, profiles: Sequence[MappingProfile]) -> list[MappingProfile]:
    """The profiles that are for that target, under any of its names."""
    names = {name.casefold() for name in (target.name, *target.aliases)}
    return [profile for profile in profiles if profile.target_system.casefold() in names]


def _value(store: Store, flow: Flow, asset: str) -> Value:
    return read(store.artifacts.reading(flow, asset))


class _Worker:
    """Runs jobs of one flow in this process, as Dagster runs that its UI shows."""

    def __init__(self, home: Path, defs: dg.Definitions, instance: dg.DagsterInstance, flow: Flow, tell: Tell) -> None:
        self._home, self._defs, self._instance, self._flow, self._tell = home, defs, instance, flow, tell

    def execute(self, job: str) -> None:
        run_id = str(uuid.uuid4())
        self._instance.add_event_listener(run_id, self._heard)
        with locks.working(self._home, run_id):
            result = self._defs.resolve_job_def(job).execute_in_process(
                instance=self._instance,
                partition_key=self._flow.slug,
                tags=tags.of_flow(self._flow.slug, self._flow.tenant),
                run_id=run_id,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        if _stopped(result):
            raise KeyboardInterrupt
        if not result.success:
            raise RunFailed(_reason(result))

    def _heard(self, entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None or event.step_key is None:
            return
        word = _WORDS.get(event.event_type)
        step, _, op = event.step_key.partition(".")
        if word and (not op or op in _ENDS.get(word, (op,))):
            for asset in _STEP_ASSETS.get(step, (step,)):
                self._tell(asset, word)


_WORDS = {
    dg.DagsterEventType.STEP_START: "started",
    dg.DagsterEventType.STEP_SUCCESS: "finished",
    dg.DagsterEventType.STEP_FAILURE: "failed",
}
_STEP_ASSETS = {"cleansed": ("cleansed_tables", "patch_log")}
"""Steps that make more than one asset."""
_ENDS = {"started": ("match", "assess"), "finished": ("arbitrate", "conclude")}
"""The first and the last op of an asset that is made by several; its others are not told of."""


def _stopped(result: dg.ExecuteInProcessResult) -> bool:
    """Whether it ended because somebody asked it to: Ctrl-C, or a signal."""
    errors = (event.step_failure_data.error for event in result.all_events if event.is_step_failure)
    return any(error is not None and error.cls_name in _STOPS for error in errors)


_STOPS = {dg.DagsterExecutionInterruptedError.__name__, KeyboardInterrupt.__name__}


def _reason(result: dg.ExecuteInProcessResult) -> str:
    """The sentence of the first step that failed, or what kept the run from its first step."""
    if said := reasons.of_steps(result.all_events):
        return said
    ended = next((e.event_specific_data for e in result.all_events if e.is_run_failure), None)
    if isinstance(ended, JobFailureData):
        return reasons.innermost(ended.error)
    return "The run failed before its first step."
