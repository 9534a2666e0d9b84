"""What a flow is at one moment: its phases, their status, and where it stands.

How it gets there is decide (commands) and evolve (events).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from discovery_pipeline.flow.tenant import ClientAccountId, EngagementId, FlowId, Tenant


class Phase(StrEnum):
    """The phases of a flow, in order."""

    INITIALIZATION = "initialization"
    DATA_IMPORT = "data_import"
    FIELD_MAPPING = "field_mapping"
    CLEANSING = "cleansing"
    VALIDATION = "validation"

    @property
    def place(self) -> int:
        """0-based place in the order."""
        return ORDER.index(self)

    @property
    def later(self) -> tuple[Phase, ...]:
        """The phases after this one, in order."""
        return ORDER[self.place + 1 :]


ORDER = tuple(Phase)


class PhaseStatus(StrEnum):
    """How one phase stands."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING_FOR_REVIEW = "waiting_for_review"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"


class FlowStatus(StrEnum):
    """How the whole flow stands."""

    INITIALIZING = "initializing"
    ACTIVE = "active"
    WAITING_FOR_REVIEW = "waiting_for_review"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"


ENDED = frozenset({FlowStatus.CANCELLED, FlowStatus.ARCHIVED})
"""From these nothing moves a flow any more (a cancelled one may be archived)."""
ARCHIVABLE = frozenset({FlowStatus.COMPLETED, FlowStatus.FAILED, FlowStatus.CANCELLED})
"""Of these a person may say that nobody works on the flow any more."""


@dataclass(frozen=True, slots=True)
class PhaseState:
    """One phase: how it stands, since when, and what came of it."""

    status: PhaseStatus = PhaseStatus.PENDING
    started_at: datetime | None = None
    completed_at: datetime | None = None
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow as it stands. `data` holds what else callers keep with its state."""

    id: FlowId
    client_account_id: ClientAccountId
    engagement_id: EngagementId
    name: str
    slug: str
    source_system: str
    target_system: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    status: FlowStatus
    current_phase: Phase
    phases: Mapping[Phase, PhaseState]
    data: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1

    @property
    def tenant(self) -> Tenant:
        """Whose flow it is, with its creator acting."""
        return Tenant(self.client_account_id, self.engagement_id, self.created_by)

    @property
    def targets(self) -> tuple[str, ...]:
        """The target systems, in the order they were named."""
        return tuple(dict.fromkeys(t for t in (part.strip() for part in self.target_system.split(",")) if t))

    @property
    def state_data(self) -> dict[str, Any]:
        """The state as it stands in the row, the audit and the events: small, JSON, without times."""
        return {
            **self.data,
            "status": self.status.value,
            "current_phase": self.current_phase.value,
            "phases": {phase.value: self.phases[phase].status.value for phase in ORDER},
        }


READING = "reading"
"""Key of `data` under which it stands how people want files to be read."""
LAST_REPLACED = "last_replaced"
"""Key of `data` under which it stands which import took which one's place, so that the audit says so each time."""
RESERVED = frozenset({"status", "current_phase", "phases"})
"""Keys of `state_data` that only the machine writes."""
