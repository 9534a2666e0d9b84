"""Run requests: what shall be run, written with the decision that wants it, and launched once.

A request is a row. Whoever launches it holds that row's lock from before the launch until it is marked, and the run's
id follows from the request's: a launcher that dies in between leaves a request that the next one launches again, under
the same id, which Dagster knows already.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID, uuid4, uuid5

from sqlalchemy import Row, and_, case, func, or_, select, text, true, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.errors import FlowNotFoundError
from discovery_pipeline.flow.commands import Tell
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import ENDED, Flow, Phase, PhaseStatus
from discovery_pipeline.flow.tenant import ClientAccountId, EngagementId, FlowId, Tenant
from discovery_pipeline.store import rows
from discovery_pipeline.store.schema.flows import discovery_flows, flow_phases
from discovery_pipeline.store.schema.work import run_requests
from discovery_pipeline.store.state import FlowStateManager

if TYPE_CHECKING:
    from discovery_pipeline.store.flows import Flows

Job = Literal["discover", "deliver"]

CHANNEL = "discovery_run_requests"
"""What a new request notifies. A bell only: what is to be launched stands in the table."""
ATTEMPTS = 5
"""Failed launches after which a request is given up."""

REQUESTED, LAUNCHED, FAILED = "requested", "launched", "failed"
RUN_IDS = UUID("5f3a9c52-64d4-4a67-9a1e-3c2f5d8e7b10")
"""The name space of run ids."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A job to be run on a flow. Without a selection of assets, all of the job."""

    id: UUID
    flow_id: FlowId
    slug: str
    tenant: Tenant
    job: Job
    selection: tuple[str, ...]
    reason: str
    requested_at: datetime

    @property
    def run_id(self) -> str:
        """The id of its Dagster run: always the same for the same request."""
        return str(uuid5(RUN_IDS, str(self.id)))


async def request(
    states: FlowStateManager, flow: Flow, job: Job, reason: str, selection: Sequence[str] = ()
) -> RunRequest:
    """Ask for a run, in the caller's transaction: decision and request are both there, or neither.

    While an earlier request for the job on this flow waits to be launched, that one is the answer. One that is being
    launched at this moment isn't: its run may have looked at the flow before the caller's decision is there.
    """
    flow = await rows.find(states.session, flow, lock=True)
    new = upsert(run_requests).values(
        **rows.tenant_columns(flow),
        id=uuid4(),
        flow_id=flow.id,
        job=job,
        selection=list(selection),
        reason=reason,
        requested_by=states.tenant.by,
    )
    # As text: a prepared statement would have a parameter there, by which PostgreSQL doesn't know the index.
    waiting = {"index_elements": ["flow_id", "job"], "index_where": text(f"status = '{REQUESTED}'")}
    made = (await states.session.execute(new.on_conflict_do_nothing(**waiting).returning(run_requests))).one_or_none()
    if made is None:
        same = (run_requests.c.flow_id == flow.id) & (run_requests.c.job == job) & (run_requests.c.status == REQUESTED)
        return _read((await states.session.execute(select(run_requests).where(same))).one(), flow.slug)
    asked = {"request_id": str(made.id), "job": job, "reason": reason}
    await states.update_state(flow.id, Tell(EventType.RUN_REQUESTED, asked))
    return _read(made, flow.slug)


async def open_requests(flows: Flows, older_than: timedelta = timedelta(0), limit: int = 100) -> list[RunRequest]:
    """Requests of every tenant that nobody has launched, oldest first."""
    wanted = (
        select(run_requests, discovery_flows.c.slug)
        .join(discovery_flows, discovery_flows.c.id == run_requests.c.flow_id)
        .where(run_requests.c.status == REQUESTED, run_requests.c.requested_at <= func.now() - older_than)
        .order_by(run_requests.c.requested_at)
        .limit(limit)
    )
    async with flows.sessions.orchestrating() as session:
        return [_read(row, row.slug) for row in await session.execute(wanted)]


async def unbegun(flows: Flows, begins: Mapping[Job, Phase]) -> list[RunRequest]:
    """Newest requests of flows of every tenant, launched or given up, whose job's first phase has yet to begin."""
    flow, phase = discovery_flows.c, flow_phases.c
    mine = select(run_requests).where(run_requests.c.flow_id == flow.id)
    last = mine.order_by(run_requests.c.requested_at.desc()).limit(1).lateral()
    waits = and_(phase.discovery_flow_id == flow.id, phase.name == flow.current_phase)
    awaited = or_(*((last.c.job == job) & (flow.current_phase == first.value) for job, first in begins.items()))
    wanted = (
        select(last, flow.slug)
        .select_from(discovery_flows.join(flow_phases, waits).join(last, true()))
        .where(phase.status == PhaseStatus.PENDING.value, flow.status.not_in([each.value for each in ENDED]))
        .where(last.c.status != REQUESTED, awaited)
    )
    async with flows.sessions.orchestrating() as session:
        return [_read(row, row.slug) for row in await session.execute(wanted)]


@asynccontextmanager
async def claiming(flows: Flows, wanted: RunRequest, claimer: str) -> AsyncIterator[RunRequest | None]:
    """Launch the request inside the block; it is launched when the block ends, and tried again when the block raises.

    None is given where another claimer has it, or had it. What the block raises is noted with the request and rises.
    """
    failure: Exception | None = None
    async with flows.changing(wanted.tenant.acting(claimer)) as states:
        flow = await _flow(states.session, wanted)  # locked: who asks for the same run waits until this one is launched
        mine = flow is not None and await _locked(states.session, wanted)
        ended = f"the flow is {flow.status.value}" if flow and flow.status in ENDED else ""
        if mine and ended:
            await _note(states, wanted, claimer, {"status": FAILED, "error": ended})
        if ended or not mine:
            yield None
            return
        try:
            yield wanted
        except Exception as error:
            failure = error
        await _mark(states, wanted, claimer, failure)
    if failure is not None:
        raise failure


async def _locked(session: AsyncConnection, wanted: RunRequest) -> bool:
    free = (run_requests.c.id == wanted.id) & (run_requests.c.status == REQUESTED)
    row = select(run_requests.c.id).where(free).with_for_update(skip_locked=True)
    return (await session.execute(row)).one_or_none() is not None


async def _flow(session: AsyncConnection, wanted: RunRequest) -> Flow | None:
    """The request's flow; None where it was archived since, and its requests with it."""
    with suppress(FlowNotFoundError):
        return await rows.find(session, wanted.flow_id, lock=True)


async def _mark(states: FlowStateManager, wanted: RunRequest, claimer: str, failure: Exception | None) -> None:
    if failure is None:
        values = {"status": LAUNCHED, "run_id": wanted.run_id, "error": None}
    else:
        attempts = run_requests.c.attempts + 1
        status = case((attempts >= ATTEMPTS, FAILED), else_=REQUESTED)
        values = {"attempts": attempts, "status": status, "error": str(failure)}
    await _note(states, wanted, claimer, values)
    if failure is None:
        claimed = {"request_id": str(wanted.id), "job": wanted.job, "run_id": wanted.run_id}
        await states.update_state(wanted.flow_id, Tell(EventType.RUN_CLAIMED, claimed))


async def _note(states: FlowStateManager, wanted: RunRequest, claimer: str, values: dict[str, Any]) -> None:
    noted = values | {"claimed_by": claimer, "claimed_at": states.now().at}
    await states.session.execute(update(run_requests).where(run_requests.c.id == wanted.id).values(**noted))


def _read(row: Row, slug: str) -> RunRequest:
    tenant = Tenant(ClientAccountId(row.client_account_id), EngagementId(row.engagement_id), row.requested_by)
    return RunRequest(
        row.id, FlowId(row.flow_id), slug, tenant, row.job, tuple(row.selection), row.reason, row.requested_at
    )


async def overtaken(session: AsyncConnection, flow: Flow, run_id: str) -> bool:
    """Whether a run that reads the flow's files was asked for after that one, and has yet to begin."""
    mine = select(run_requests.c.claimed_at).where(run_requests.c.flow_id == flow.id, run_requests.c.run_id == run_id)
    since = func.coalesce(mine.scalar_subquery(), flow.phases[Phase.DATA_IMPORT].started_at)
    launched = (run_requests.c.status == LAUNCHED) & (run_requests.c.claimed_at > since)
    later = (run_requests.c.status == REQUESTED) | launched
    wanted = select(run_requests.c.id).where(run_requests.c.flow_id == flow.id, run_requests.c.job == "discover", later)
    return await session.scalar(wanted.limit(1)) is not None


async def newest(session: AsyncConnection, flow: Flow) -> Row | None:
    """The flow's newest request, as its row: job, status, run_id, error, requested_at; None where there was none."""
    mine = select(run_requests).where(run_requests.c.flow_id == flow.id)
    wanted = mine.order_by(run_requests.c.requested_at.desc()).limit(1)
    return (await session.execute(wanted)).one_or_none()
