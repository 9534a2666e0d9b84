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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a step is looked at: a page, and the part of it that the step is about."""

    title: str
    page: str
    phase: Phase
    part: str = ""  # a query or an anchor


_WAY = (
    _Place("Upload", "cmdb-import", Phase.DATA_IMPORT),
    _Place("Header", "cmdb-import", Phase.DATA_IMPORT, "#read"),
    _Place("Mapping", "field-mapping", Phase.FIELD_MAPPING),
    _Place("Values", "field-mapping", Phase.FIELD_MAPPING, "?show=values"),
    _Place("Problems", "preview", Phase.FIELD_MAPPING, "#problems"),
    _Place("Preview", "preview", Phase.FIELD_MAPPING),
    _Place("Cleansing", "cleansing", Phase.CLEANSING),
    _Place("Validation", "validation", Phase.VALIDATION),
)
_LOOKED_AT = frozenset(("Values", "Problems", "Preview"))
"""Steps that wait for nobody: they show what the mapping comes to."""
_STATES = {
    PhaseStatus.COMPLETED: ("done", "done"),
    PhaseStatus.RUNNING: ("busy", "being worked on"),
    PhaseStatus.WAITING_FOR_REVIEW: ("wait", "waits for you"),
    PhaseStatus.FAILED: ("bad", "failed"),
    PhaseStatus.SKIPPED: ("done", "skipped"),
}


def steps(flow: Flow, path: str = "", query: str = "") -> tuple[Step, ...]:
    """The steps of that flow; the one of the page at `path` is marked."""
    here = _here(path, query)
    found = []
    for place in _WAY:
        state, said = _STATES.get(flow.phases[place.phase].status, ("", "not yet"))
        if flow.status in ENDED and state in ("busy", "wait"):
            state, said = "", flow.status.value
        if state == "wait" and place.title in _LOOKED_AT:
            state, said = "", "to look at"
        reached = place.phase.place <= flow.current_phase.place or place.page == "cmdb-import"
        href = f"/discovery/{place.page}/{flow.id}{place.part}" if reached else ""
        found.append(Step(place.title, href, state, said, place is here))
    delivered = flow.phases[Phase.VALIDATION].status is PhaseStatus.COMPLETED
    href = f"/discovery/report/{flow.id}" if delivered else ""
    return (*found, Step("Report", href, "done" if delivered else "", "there" if delivered else "not yet", False))


def _here(path: str, query: str) -> _Place | None:
    """The step of an address: of a part of a page where the address names it, else of the page."""
    its = [place for place in _WAY if path.startswith(f"/discovery/{place.page}/")]
    named = (place for place in its if place.part.startswith("?") and place.part[1:] in query.split("&"))
    return next(named, next((place for place in its if not place.part), None))
