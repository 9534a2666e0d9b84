"""Memory: what a tenant's people decided on pairs of a kind of source and a target, and on values, over all its flows.

What an unattended run took counts for nothing: nobody looked at it. A mapping kept under a name says what they decided,
too; what they decided after it was kept stands beside it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.engine.mapping.memory import Decided, Memory
from discovery_pipeline.engine.mapping.model import MappedField
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.flow.tenant import AUTO_APPROVAL
from discovery_pipeline.store.reviews import decisions, profiles
from discovery_pipeline.store.reviews.mappings import APPROVED, KEY, REJECTED, as_field
from discovery_pipeline.store.schema.flows import discovery_flows
from discovery_pipeline.store.schema.work import field_mappings, review_decisions

if TYPE_CHECKING:
    from discovery_pipeline.engine.cleansing.remembering import Before  # its room imports DuckDB

_Dated = tuple[datetime, Decided]


async def remembered(session: AsyncConnection, source_system: str, target_system: str) -> Memory:
    """The tenant's decisions, the oldest first: of two on one pair the newer counts."""
    found = [
        *[dated async for dated in _submitted(session, source_system, target_system)],
        *[dated async for dated in _refused(session, source_system, target_system)],
    ]
    found.sort(key=lambda dated: dated[0])
    kept = await profiles.kept(session, source_system, target_system)
    return Memory(
        decided=tuple(decided for _, decided in found),
        saved=tuple(saved.profile for saved in kept),
        since={str(saved.profile): tuple(d for at, d in found if at > saved.created_at) for saved in kept},
    )


async def _submitted(session: AsyncConnection, source_system: str, target_system: str) -> AsyncIterator[_Dated]:
    """What was approved, and what was taken back after it."""
    newest = (
        select(func.max(field_mappings.c.id))
        .join(discovery_flows, discovery_flows.c.id == field_mappings.c.flow_id)
        .where(
            discovery_flows.c.source_system == source_system,
            field_mappings.c.target_system == target_system,
            field_mappings.c.status.in_((APPROVED, REJECTED)),
            field_mappings.c.reviewed_by != AUTO_APPROVAL,
        )
        .group_by(*(field_mappings.c[name] for name in KEY))
    )
    for row in await session.execute(select(field_mappings).where(field_mappings.c.id.in_(newest))):
        yield row.reviewed_at, Decided(field=as_field(row), approved=row.status == APPROVED)


async def values(session: AsyncConnection, flow: Flow) -> tuple[Before, ...]:
    """What was decided on values in other flows of that kind of source, and holds there; the oldest first."""
    from discovery_pipeline.engine.cleansing.decisions import ValueDecision
    from discovery_pipeline.engine.cleansing.remembering import Before

    found = []
    elsewhere = discovery_flows.c.id != flow.id
    for row in await session.execute(_standing_in_flows(decisions.VALUE, flow.source_system).where(elsewhere)):
        table, column, value = json.loads(row.subject)
        said = {"table": table, "column": column, "value": value, "by": row.decided_by, "reason": row.reason}
        found.append(Before(ValueDecision.model_validate(said | row.after), row.name, row.decided_at))
    return tuple(found)


async def _refused(session: AsyncConnection, source_system: str, target_system: str) -> AsyncIterator[_Dated]:
    """What was offered and rejected in a review, and is rejected still."""
    for row in await session.execute(_standing_in_flows(decisions.MAPPING, source_system)):
        said = row.after
        if said.get("standing") == "rejected" and json.loads(row.subject)[0] == target_system:
            for field in said.get("fields", ()):
                yield row.decided_at, Decided(field=MappedField.model_validate(field), approved=False)


def _standing_in_flows(kind: str, source_system: str) -> Select[Any]:
    """Decisions of a kind that hold in flows of a kind of source, each with its flow's name; the oldest first."""
    of_flow = discovery_flows.c.id == review_decisions.c.flow_id
    newest = (
        select(func.max(review_decisions.c.id))
        .join(discovery_flows, of_flow)
        .where(discovery_flows.c.source_system == source_system, review_decisions.c.kind == kind)
        .group_by(review_decisions.c.flow_id, review_decisions.c.subject)
    )
    return (
        select(review_decisions, discovery_flows.c.name)
        .join(discovery_flows, of_flow)
        .where(review_decisions.c.id.in_(newest), review_decisions.c.after.is_not(None))
        .order_by(review_decisions.c.id)
    )
