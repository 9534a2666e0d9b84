"""The audit: who changed what on a flow, when, and why. It is only ever added to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.schema.flows import flow_state_audits


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a flow's state."""

    id: int
    previous_state: Mapping[str, Any] | None
    new_state: Mapping[str, Any]
    by: str
    at: datetime
    reason: str


async def changes(session: AsyncConnection, flow: Flow, after: int = 0, limit: int = 200) -> list[Change]:
    """A page of the flow's changes that come after that number, oldest first."""
    mine = (flow_state_audits.c.flow_id == flow.id) & (flow_state_audits.c.id > after)
    wanted = select(flow_state_audits).where(mine).order_by(flow_state_audits.c.id).limit(limit)
    return [
        Change(row.id, row.previous_state, row.new_state, row.changed_by, row.changed_at, row.reason)
        for row in await session.execute(wanted)
    ]
