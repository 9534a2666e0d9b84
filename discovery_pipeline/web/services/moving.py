"""Moving on: whoever submits to a flow that isn't any more as they saw it is told what happened meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from discovery_pipeline.errors import StaleVersionError
from discovery_pipeline.flow.events import Event, EventType
from discovery_pipeline.flow.state import Flow, Phase, PhaseStatus
from discovery_pipeline.store import rows
from discovery_pipeline.store.state import FlowStateManager
from discovery_pipeline.web.faults import NotWaiting
from discovery_pipeline.web.services.caller import Caller

CHANGES = 20
"""Events that are told of at most."""


async def refuse(states: FlowStateManager, flow: Flow, who: Caller, version: int | None) -> bool:
    """Whether the review is over by the caller's own submission; refused where it is elsewhere, or by another's."""
    if version is not None and version != flow.version:
        raise await on(states, flow, version)
    review = flow.phases[Phase.FIELD_MAPPING]
    if review.status is PhaseStatus.WAITING_FOR_REVIEW or (
        review.status is PhaseStatus.COMPLETED and version is not None
    ):
        return False
    if review.status is not PhaseStatus.COMPLETED:
        raise NotWaiting(
            f"Flow {flow.slug} waits for no mapping: it is {flow.status.value}, at {flow.current_phase.value}."
        )
    last = _last_submission(await rows.story(states.session, flow.id))
    if last is None or last.by != who.login:
        raise await on(states, flow)
    return True


async def on(states: FlowStateManager, flow: Flow, version: int | None = None) -> StaleVersionError:
    """What happened since the suggestions were made, for whoever didn't see it."""
    story = await rows.story(states.session, flow.id)
    offered = max((i for i, event in enumerate(story) if event.type is EventType.MAPPING_SUGGESTED), default=-1)
    changed = [_happened(event) for event in story[offered + 1 :] if event.type is not EventType.STATE_UPDATED]
    last = _last_submission(story[offered + 1 :])
    who = f" {last.by} submitted a mapping at {last.at:%H:%M:%S} UTC." if last else ""
    seen = f", not {version} as you saw it" if version is not None else ""
    return StaleVersionError(
        f"Flow {flow.slug} moved on: it is at version {flow.version}{seen}, in {flow.current_phase.value}.{who} Load "
        "it again; to change a mapping that was submitted, submit with the flow's version, as `version` or If-Match.",
        flow.id,
        {"error_type": "stale", "version": flow.version, "expected_version": version, "status": flow.status.value,
         "current_phase": flow.current_phase.value, "changed": changed[-CHANGES:]},
    )  # fmt: skip


def _last_submission(story: Sequence[Event]) -> Event | None:
    return next((event for event in reversed(story) if event.type is EventType.MAPPING_SUBMITTED), None)


def _happened(event: Event) -> dict[str, Any]:
    return {"event": event.type.value, "by": event.by, "at": event.at.isoformat()}
