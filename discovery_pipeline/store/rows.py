"""Rows: how flows and events stand in their tables, and how they are read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.errors import FlowNotFoundError
from discovery_pipeline.flow.events import Event, EventType
from discovery_pipeline.flow.state import ORDER, RESERVED, Flow, FlowStatus, Phase, PhaseState, PhaseStatus
from discovery_pipeline.flow.tenant import ClientAccountId, EngagementId, FlowId
from discovery_pipeline.store.schema.flows import discovery_flows, discovery_flows_history, flow_events, flow_phases

FlowRef = FlowId | str | Flow
"""A flow by its id, its slug, or as it was read."""

PHASES = (
    select(func.jsonb_agg(func.to_jsonb(flow_phases.table_valued())))
    .where(flow_phases.c.discovery_flow_id == discovery_flows.c.id)
    .scalar_subquery()
    .label("phases")
)


async def find(session: AsyncConnection, ref: FlowRef, *, lock: bool = False) -> Flow:
    """The flow, as this session may see it.

    Raises
    ------
    FlowNotFoundError
        There is none of that id or slug among the rows this session sees.
    """
    wanted = _which(ref)
    if lock:
        await session.execute(wanted.with_only_columns(discovery_flows.c.id).with_for_update())
    found = await find_all(session, wanted)
    if not found:
        name = ref.slug if isinstance(ref, Flow) else ref
        raise FlowNotFoundError(f"There is no flow {name}. See `discovery flows list`.", ref, {"error_type": "missing"})
    return found[0]


async def find_archived(session: AsyncConnection, ref: FlowRef) -> Row[Any] | None:
    """What the history holds of a flow, as this session may see it; None where it was never archived."""
    history = discovery_flows_history
    return (await session.execute(select(history).where(_named(ref, history)))).one_or_none()


async def find_all(session: AsyncConnection, wanted: Select[Any]) -> list[Flow]:
    """The flows that the query over discovery_flows selects, in its order.

    Row and phases are read in one statement: with two, a flow that moves in between would be half the one and half the
    other.
    """
    return [_flow(row) for row in await session.execute(wanted.add_columns(PHASES))]


def _which(ref: FlowRef) -> Select[Any]:
    """The query for one flow."""
    return select(discovery_flows).where(_named(ref, discovery_flows))


def _named(ref: FlowRef, table: Table) -> ColumnElement[bool]:
    """By id or by slug. A slug that looks like an id is found, too."""
    if isinstance(ref, Flow):
        ref = ref.id
    by_slug = table.c.slug == str(ref)
    try:
        by_id = table.c.id == (ref if isinstance(ref, UUID) else UUID(ref))
    except ValueError:
        return by_slug
    return or_(by_id, by_slug)


def archived(kept: Row[Any]) -> tuple[Flow, list[Event]]:
    """A flow and its events from the history, where times and ids are text."""
    events = [
        Event(EventType(e["event_type"]), FlowId(kept.id), e["created_by"], _time(e["created_at"]), e["event_data"])
        for e in kept.events
    ]
    times = {name: _time(kept.flow[name]) for name in ("created_at", "updated_at")}
    row: Any = SimpleNamespace(**{**kept.flow, **times, "id": kept.id, "phases": kept.phases})
    return replace(_flow(row), status=FlowStatus.ARCHIVED, updated_at=events[-1].at), events


def _time(written: str) -> datetime:
    return datetime.fromisoformat(written)


def _flow(row: Row[Any]) -> Flow:
    phases = dict.fromkeys(ORDER, PhaseState()) | {Phase(each["name"]): _phase(each) for each in row.phases or ()}
    return Flow(
        id=FlowId(row.id),
        client_account_id=ClientAccountId(row.client_account_id),
        engagement_id=EngagementId(row.engagement_id),
        name=row.name,
        slug=row.slug,
        source_system=row.source_system,
        target_system=row.target_system,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        status=FlowStatus(row.status),
        current_phase=Phase(row.current_phase),
        phases=phases,
        data={key: value for key, value in row.state_data.items() if key not in RESERVED},
        metadata=row.flow_metadata,
        version=row.version,
    )


def _phase(row: Mapping[str, Any]) -> PhaseState:
    started, completed = row["started_at"], row["completed_at"]
    return PhaseState(
        PhaseStatus(row["status"]),
        datetime.fromisoformat(started) if started else None,
        datetime.fromisoformat(completed) if completed else None,
        row["result_data"],
    )


def tenant_columns(flow: Flow) -> dict[str, int]:
    """What every row of the flow's tenant begins with."""
    return {"client_account_id": flow.client_account_id, "engagement_id": flow.engagement_id}


async def add(session: AsyncConnection, flow: Flow) -> None:
    """Write a new flow with its phases."""
    fixed = {
        "id": flow.id,
        "name": flow.name,
        "slug": flow.slug,
        "source_system": flow.source_system,
        "target_system": flow.target_system,
        "flow_metadata": dict(flow.metadata),
        "created_by": flow.created_by,
        "created_at": flow.created_at,
    }
    await session.execute(insert(discovery_flows).values(**tenant_columns(flow), **fixed, **_moving(flow)))
    await write_phases(session, flow, ORDER)


async def change(session: AsyncConnection, before: Flow, after: Flow) -> None:
    """Write what moved between two states of a flow."""
    await session.execute(update(discovery_flows).where(discovery_flows.c.id == after.id).values(**_moving(after)))
    await write_phases(session, after, [phase for phase in ORDER if before.phases[phase] != after.phases[phase]])


def _moving(flow: Flow) -> dict[str, Any]:
    return {
        "status": flow.status.value,
        "current_phase": flow.current_phase.value,
        "state_data": flow.state_data,
        "version": flow.version,
        "updated_at": flow.updated_at,
    }


async def write_phases(session: AsyncConnection, flow: Flow, phases: Iterable[Phase]) -> None:
    """Write these phases as they stand in the flow."""
    rows = [
        {
            **tenant_columns(flow),
            "discovery_flow_id": flow.id,
            "name": phase.value,
            "status": flow.phases[phase].status.value,
            "started_at": flow.phases[phase].started_at,
            "completed_at": flow.phases[phase].completed_at,
            "result_data": dict(flow.phases[phase].result),
        }
        for phase in phases
    ]
    if not rows:
        return
    written = upsert(flow_phases).values(rows)
    moving = {name: written.excluded[name] for name in ("status", "started_at", "completed_at", "result_data")}
    await session.execute(written.on_conflict_do_update(index_elements=["discovery_flow_id", "name"], set_=moving))


async def tell(session: AsyncConnection, flow: Flow, events: Sequence[Event]) -> None:
    """Append events of the flow, in their order."""
    if not events:
        return
    rows = [
        {
            **tenant_columns(flow),
            "flow_id": event.flow_id,
            "event_type": event.type.value,
            "event_data": dict(event.data),
            "created_by": event.by,
            "created_at": event.at,
        }
        for event in events
    ]
    await session.execute(insert(flow_events).values(rows))


async def story(session: AsyncConnection, flow_id: FlowId) -> list[Event]:
    """Every event of the flow, in order."""
    return (await stories(session, [flow_id]))[flow_id]


async def stories(session: AsyncConnection, flow_ids: Sequence[FlowId]) -> dict[FlowId, list[Event]]:
    """Every event of each flow, in order."""
    wanted = select(flow_events).where(flow_events.c.flow_id.in_(flow_ids)).order_by(flow_events.c.id)
    found: dict[FlowId, list[Event]] = {flow_id: [] for flow_id in flow_ids}
    for row in await session.execute(wanted):
        event = Event(EventType(row.event_type), FlowId(row.flow_id), row.created_by, row.created_at, row.event_data)
        found[event.flow_id].append(event)
    return found
