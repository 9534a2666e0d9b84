"""Events: what happened to a flow, in the past tense, never edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from discovery_pipeline.flow.tenant import FlowId


class EventType(StrEnum):
    """Every kind of event."""

    FLOW_CREATED = "flow.created"
    STATE_UPDATED = "flow.state.updated"
    PHASE_STARTED = "flow.phase.started"
    PHASE_COMPLETED = "flow.phase.completed"
    PHASE_FAILED = "flow.phase.failed"
    PHASE_REOPENED = "flow.phase.reopened"
    IMPORT_ACCEPTED = "import.accepted"
    IMPORT_REJECTED = "import.rejected"
    PROFILE_COMPLETED = "profile.completed"
    MAPPING_SUGGESTED = "mapping.suggested"
    MAPPING_SUBMITTED = "mapping.submitted"
    MAPPING_APPROVED = "mapping.approved"
    MAPPING_REJECTED = "mapping.rejected"
    CLEANSING_COMPLETED = "cleansing.completed"
    VALIDATION_COMPLETED = "validation.completed"
    DELIVERY_COMPLETED = "delivery.completed"
    FLOW_FAILED = "flow.failed"
    FLOW_CANCELLED = "flow.cancelled"
    FLOW_ARCHIVED = "flow.archived"
    RUN_REQUESTED = "run.requested"
    RUN_CLAIMED = "run.claimed"
    REVIEW_DECIDED = "review.decided"


FACTS = frozenset(
    {
        EventType.IMPORT_REJECTED,
        EventType.PROFILE_COMPLETED,
        EventType.CLEANSING_COMPLETED,
        EventType.VALIDATION_COMPLETED,
        EventType.DELIVERY_COMPLETED,
        EventType.RUN_REQUESTED,
        EventType.RUN_CLAIMED,
        EventType.REVIEW_DECIDED,
    }
)
"""Events that tell of the work and leave the state as it is; callers may report them as they come."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one flow."""

    type: EventType
    flow_id: FlowId
    by: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
