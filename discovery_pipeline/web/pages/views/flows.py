"""Flows as lines of the list and as heads of their pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from discovery_pipeline.flow.state import FlowStatus, Phase
from discovery_pipeline.web.services.flows import FlowView
from discovery_pipeline.web.services.systems import SOURCES, TargetView

_SOURCES = {name.casefold(): name for name in SOURCES}

LABELS: Mapping[str, str] = {
    "aws": "AWS", "aws-mgn": "AWS MGN", "azure": "Azure", "google": "Google Cloud", "servicenow": "ServiceNow",
}  # fmt: skip
"""What the built-in targets are called on the pages; a target of another name is called by that."""

_MOODS = {
    FlowStatus.COMPLETED: "good",
    FlowStatus.FAILED: "bad",
    FlowStatus.WAITING_FOR_REVIEW: "warn",
}
_DOING = {
    Phase.INITIALIZATION: "new",
    Phase.DATA_IMPORT: "reading and matching",
    Phase.FIELD_MAPPING: "waits for a review",
    Phase.CLEANSING: "cleansing",
    Phase.VALIDATION: "validating and delivering",
}
_PAGES = {
    Phase.INITIALIZATION: "cmdb-import",
    Phase.DATA_IMPORT: "cmdb-import",
    Phase.FIELD_MAPPING: "field-mapping",
    Phase.CLEANSING: "cleansing",
    Phase.VALIDATION: "validation",
}
_NEXT = {
    Phase.INITIALIZATION: "Upload",
    Phase.DATA_IMPORT: "Upload",
    Phase.FIELD_MAPPING: "Review",
    Phase.CLEANSING: "Look",
    Phase.VALIDATION: "Results",
}


@dataclass(frozen=True, slots=True)
class ShownFlow:
    """What a page says of a flow."""

    id: str
    name: str
    slug: str
    source: str
    target: str
    mood: str
    status_said: str
    by: str
    updated_at: datetime
    href: str
    next: str


@dataclass(frozen=True, slots=True)
class TargetOption:
    """A target to choose; value and label are one, so that either finds it."""

    value: str
    title: str


def shown_flow(flow: FlowView) -> ShownFlow:
    """The flow in words, with the way to the page where it stands."""
    ended = flow.status in (FlowStatus.CANCELLED, FlowStatus.ARCHIVED)
    return ShownFlow(
        id=flow.flow_id,
        name=flow.name,
        slug=flow.slug,
        source=source_label(flow.source_system),
        target=", ".join(label(name) for name in flow.target_system.split(",")),
        mood=_MOODS.get(flow.status, ""),
        status_said=_standing(flow),
        by=flow.created_by,
        updated_at=flow.updated_at,
        href=f"/discovery/{_PAGES[flow.current_phase]}/{flow.flow_id}",
        next="" if ended else _NEXT[flow.current_phase],
    )


def target_options(known: Iterable[TargetView]) -> list[TargetOption]:
    """Every target, the most common first, then the engagement's own."""
    common = list(LABELS)
    ordered = sorted(known, key=lambda each: (common.index(each.name) if each.name in LABELS else 99, each.name))
    return [TargetOption(label(each.name), each.title) for each in ordered]


def doing(phase: Phase) -> str:
    """What is done in a phase, in words."""
    return _DOING[phase]


def label(name: str) -> str:
    """What a target is called on the pages."""
    return LABELS.get(name, name)


def source_label(name: str) -> str:
    """What a source is called on the pages."""
    return _SOURCES.get(name.casefold(), name)


def _standing(flow: FlowView) -> str:
    if flow.status is FlowStatus.COMPLETED:
        return "delivered"
    if flow.status in (FlowStatus.CANCELLED, FlowStatus.ARCHIVED):
        return flow.status.value
    if flow.status is FlowStatus.FAILED:
        return f"{_DOING[flow.current_phase]} failed"
    waiting = flow.current_phase is Phase.DATA_IMPORT and flow.phases[Phase.DATA_IMPORT.value].started_at is None
    return "at upload" if waiting else _DOING[flow.current_phase]
