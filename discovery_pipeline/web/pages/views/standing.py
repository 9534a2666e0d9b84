"""Standing: how each phase of a flow stands, in words; and of a flow that stopped, why, what is kept, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from discovery_pipeline.flow.events import Event
from discovery_pipeline.flow.state import ARCHIVABLE, ENDED, Flow, FlowStatus, Phase, PhaseState, PhaseStatus
from discovery_pipeline.web.pages.templating import ago
from discovery_pipeline.web.pages.views.flows import doing
from discovery_pipeline.web.services import Caller

_SAID = {
    PhaseStatus.PENDING: "waiting to begin",
    PhaseStatus.RUNNING: "running",
    PhaseStatus.WAITING_FOR_REVIEW: "waits for a review",
    PhaseStatus.COMPLETED: "completed",
    PhaseStatus.FAILED: "failed",
    PhaseStatus.SKIPPED: "skipped",
}
_OPEN = frozenset({PhaseStatus.PENDING, PhaseStatus.RUNNING, PhaseStatus.WAITING_FOR_REVIEW})


@dataclass(frozen=True, slots=True)
class Stopped:
    """A flow that doesn't go on by itself."""

    said: str
    kept: str
    retried: bool  # whether its failed phase can be run again


def said(flow: Flow, phase: Phase) -> str:
    """How a phase stands, in words. Where the flow stopped, nothing is told to begin."""
    now = flow.phases[phase].status
    if flow.status in ENDED and now in _OPEN:
        return flow.status.value
    if flow.status is FlowStatus.FAILED and now is PhaseStatus.PENDING:
        return "not begun"
    return _SAID[now]


def delivering(flow: Flow) -> bool:
    """Whether a run cleanses and validates, or is about to."""
    return flow.status is FlowStatus.ACTIVE and flow.current_phase.place >= Phase.CLEANSING.place


def may_change(caller: Caller, flow: Flow) -> bool:
    """Whether buttons are of any use: the caller may press them, and the flow hasn't ended."""
    return caller.may("reviewer") and flow.status not in ENDED


def may_cancel(caller: Caller, flow: Flow) -> bool:
    """Whether the caller may end the flow without a result; one that is delivered has nothing left to cancel."""
    return may_change(caller, flow) and flow.status is not FlowStatus.COMPLETED


def may_archive(caller: Caller, flow: Flow) -> bool:
    """Whether the caller may put the flow away."""
    return caller.may("admin") and flow.status in ARCHIVABLE


def left(flow: Flow) -> str:
    """What there still is of a flow that is cancelled."""
    if flow.phases[Phase.DATA_IMPORT].status is PhaseStatus.PENDING:
        return "No file of it was read, and it takes none any more."
    return "Its files, and what was found and decided until then, are kept to look at. No run follows any more."


def stopped(flow: Flow, cancelled: Event | None) -> Stopped | None:
    """Why the flow doesn't go on; None where it does, or is delivered."""
    if flow.status is FlowStatus.FAILED:
        return _failed(flow)
    if flow.status not in ENDED:
        return None
    if cancelled is None:
        what = f"This discovery is {flow.status.value}."
    else:
        why = cancelled.data.get("why")
        what = f"{cancelled.by} cancelled this discovery, {ago(cancelled.at)}{f': {why}' if why else '.'}"
    return Stopped(what, left(flow), retried=False)


def _failed(flow: Flow) -> Stopped:
    phase = flow.current_phase
    kept = (
        "Your files are kept. Try again, or upload others."
        if phase is Phase.DATA_IMPORT
        else "The mapping and every decision are kept; what was delivered before stays until a run replaces it."
    )
    return Stopped(f"{doing(phase).capitalize()} failed. {_why(flow.phases[phase])}", kept, retried=True)


def _why(failed: PhaseState) -> str:
    """What a run said of its end. An error that nobody foresaw tells its name alone: its text may hold values."""
    told, run = str(failed.result.get("error") or ""), failed.result.get("run_id")
    log = f" The log of run {run} says where." if run else ""
    if not told:
        return f"Its run ended without a word.{log}"
    return f"An error that nobody foresaw ended it: {told}.{log}" if told.isidentifier() else told
