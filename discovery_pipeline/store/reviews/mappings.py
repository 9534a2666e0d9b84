"""Mappings: what was suggested, approved and rejected, as rows that are only ever added.

For one source column and one target field, the newest row counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.engine.mapping.model import MappedField, Mapping, Suggestions
from discovery_pipeline.flow.commands import OfferMappings, SubmitMappings
from discovery_pipeline.flow.state import Flow, PhaseStatus
from discovery_pipeline.flow.state import Phase as FlowPhase
from discovery_pipeline.store import rows
from discovery_pipeline.store.rows import FlowRef
from discovery_pipeline.store.schema.work import field_mappings
from discovery_pipeline.store.state import FlowStateManager

if TYPE_CHECKING:
    from discovery_pipeline.store.flows import Flows

SUGGESTED, APPROVED, REJECTED = "suggested", "approved", "rejected"
DEMANDS = "demands"
"""Under which the user's rules are kept with the flow's state."""
KEY = ("target_system", "source_table", "source_field", "target_table", "target_field")


async def suggest(states: FlowStateManager, flow_id: FlowRef, suggestions: Suggestions) -> None:
    """Keep what the matcher offers for one target."""
    flow = await rows.find(states.session, flow_id, lock=True)
    offered = [_row(flow, suggestions.target, field, SUGGESTED) for field in suggestions.assignment]
    await _add(states.session, offered)
    command = OfferMappings(suggestions.target, len(offered), len(suggestions.unmapped_source))
    await states.update_state(flow.id, command)


async def submit(
    states: FlowStateManager,
    flow_id: FlowRef,
    mappings: Sequence[Mapping],
    expected_version: int | None = None,
    demands: Sequence[dict[str, Any]] | None = None,
) -> Flow:
    """Approve these mappings, reject what was approved and isn't among them, and move the flow on.

    The same mappings again are the first submission's answer, whatever version the caller has seen. `demands` are the
    rules that come with them, as validation reads them; None leaves those that there are.
    """
    flow = await rows.find(states.session, flow_id, lock=True)
    held = flow.data.get(DEMANDS, []) if demands is None else list(demands)
    command = SubmitMappings({m.target: len(m.fields) for m in mappings}, fingerprint(mappings, held))
    if submitted(flow, command.fingerprint):
        return flow
    after = await states.update_state(flow.id, command, expected_version=expected_version)
    if held != flow.data.get(DEMANDS, []):
        after = await states.update_state(flow.id, {DEMANDS: held or None}, reason="rules that come with the mapping")
    now = states.now()
    reviewed = {"reviewed_by": now.by, "reviewed_at": now.at}
    approved = [_row(flow, m.target, field, APPROVED) | reviewed for m in mappings for field in m.fields]
    taken = {_key(row) for row in approved}
    dropped = [
        _again(row) | reviewed | {"status": REJECTED}
        for row in await newest(states.session, flow)
        if row.status == APPROVED and _key(row._mapping) not in taken
    ]
    await _add(states.session, [*dropped, *approved])
    return after


async def approved(session: AsyncConnection, flow_id: FlowRef) -> dict[str, Mapping]:
    """The approved mapping of each target, fields in the order of their submission; empty before there is one."""
    flow = await rows.find(session, flow_id)
    if flow.phases[FlowPhase.FIELD_MAPPING].status is not PhaseStatus.COMPLETED:
        return {}
    agreed: dict[str, list[MappedField]] = {
        target: [] for target in flow.phases[FlowPhase.FIELD_MAPPING].result.get("fields", {})
    }
    for row in await newest(session, flow):
        if row.status == APPROVED:
            agreed.setdefault(row.target_system, []).append(as_field(row))
    return {target: Mapping(target=target, fields=tuple(fields)) for target, fields in agreed.items()}


async def newest(session: AsyncConnection, flow: Flow) -> Sequence[Row[Any]]:
    """The row that counts, for each source column and target field, in order of time."""
    columns = [field_mappings.c[name] for name in KEY]
    latest = select(func.max(field_mappings.c.id)).where(field_mappings.c.flow_id == flow.id).group_by(*columns)
    wanted = select(field_mappings).where(field_mappings.c.id.in_(latest)).order_by(field_mappings.c.id)
    return (await session.execute(wanted)).all()


@dataclass(frozen=True, slots=True)
class Review:
    """Who decided on a flow's mappings, and how much."""

    by: tuple[str, ...]
    approved: int
    rejected: int
    changed: int  # approved ones that a person wrote or rewrote


async def review(flows: Flows, flow: Flow) -> Review:
    """What was decided on the flow's mappings, as it stands."""
    async with flows.sessions.transaction(flow.tenant) as session:
        decided = [row for row in await newest(session, flow) if row.reviewed_by]
    approved = [row for row in decided if row.status == APPROVED]
    return Review(
        by=tuple(sorted({row.reviewed_by for row in approved})),
        approved=len(approved),
        rejected=sum(row.status == REJECTED for row in decided),
        changed=sum(row.origin == "user" for row in approved),
    )


def fingerprint(mappings: Iterable[Mapping], demands: Sequence[dict[str, Any]] = ()) -> str:
    """A hash of what the mappings do and their rules ask: the same for the same fields, in any order."""
    lines = sorted(
        repr((m.target, f.source_table, f.source_field, f.target_table, f.target_field, f.transformation, f.data_type))
        for m in mappings
        for f in m.fields
    )
    lines += sorted(json.dumps(demand, sort_keys=True) for demand in demands)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def submitted(flow: Flow, what: str) -> bool:
    """Whether what was submitted last has that fingerprint."""
    review = flow.phases[FlowPhase.FIELD_MAPPING]
    return review.status is PhaseStatus.COMPLETED and review.result.get("fingerprint") == what


def _row(flow: Flow, target: str, field: MappedField, status: str) -> dict[str, Any]:
    return {
        **rows.tenant_columns(flow),
        "flow_id": flow.id,
        "target_system": target,
        **field.model_dump(exclude={"evidence"}),
        "evidence": list(field.evidence),
        "status": status,
        "reviewed_by": None,
        "reviewed_at": None,
    }


def _again(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in {"id", "created_at"}}


def _key(row: Any) -> tuple[str, ...]:
    return tuple(row[name] for name in KEY)


def as_field(row: Row[Any]) -> MappedField:
    """The field that a row says."""
    return MappedField.model_validate({name: row._mapping[name] for name in MappedField.model_fields})


async def _add(session: AsyncConnection, new: list[dict[str, Any]]) -> None:
    if new:
        await session.execute(insert(field_mappings), new)
