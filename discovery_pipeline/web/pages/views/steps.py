"""Steps: the way of a flow through its pages, in an order that never changes."""

from __future__ import annotations

from dataclasses import dataclass

from discovery_pipeline.flow.state import ENDED, Flow, Phase, PhaseStatus


@dataclass(frozen=True, slots=True)
class Step:
    """One step on top of a flow's pages."""

    title: str
    href: str  # empty where there is nothing to see yet
    state: str  # done, busy, wait, bad, or none of these
    said: str  # the state in words
    here: bool


_WAY = (
    ("Upload", "cmdb-import", Phase.DATA_IMPORT),
    ("Mapping", "field-mapping", Phase.FIELD_MAPPING),
    ("Cleansing", "cleansing", Phase.CLEANSING),
    ("Validation", "validation", Phase.VALIDATION),
)
_STATES = {
    PhaseStatus.COMPLETED: ("done", "done"),
    PhaseStatus.RUNNING: ("busy", "being worked on"),
    PhaseStatus.WAITING_FOR_REVIEW: ("wait", "waits for you"),
    PhaseStatus.FAILED: ("bad", "failed"),
    PhaseStatus.SKIPPED: ("done", "skipped"),
}


def steps(flow: Flow, path: str = "") -> tuple[Step, ...]:
    """The steps of that flow; the one of the page at `path` is marked."""
    found = []
    for title, page, phase in _WAY:
        state, said = _STATES.get(flow.phases[phase].status, ("", "not yet"))
        if flow.status in ENDED and state in ("busy", "wait"):
            state, said = "", flow.status.value
        reached = phase.place <= flow.current_phase.place or page == "cmdb-import"
        href = f"/discovery/{page}/{flow.id}" if reached else ""
        found.append(Step(title, href, state, said, path.startswith(f"/discovery/{page}/")))
    delivered = flow.phases[Phase.VALIDATION].status is PhaseStatus.COMPLETED
    href = f"/discovery/report/{flow.id}" if delivered else ""
    return (*found, Step("Report", href, "done" if delivered else "", "there" if delivered else "not yet", False))
