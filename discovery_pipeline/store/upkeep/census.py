"""The census: counts over the whole database, of every tenant, for those who monitor a service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select, text

from discovery_pipeline.store.postgres.operation import flow_operation
from discovery_pipeline.store.postgres.session import Sessions
from discovery_pipeline.store.requests import REQUESTED
from discovery_pipeline.store.schema.flows import discovery_flows
from discovery_pipeline.store.schema.work import run_requests


@dataclass(frozen=True, slots=True)
class Census:
    """Flows by status, and runs that were asked for and didn't begin."""

    flows: Mapping[str, int]
    waiting: int


@flow_operation("count flows")
async def census(sessions: Sessions) -> Census:
    """How many there are now."""
    async with sessions.orchestrating() as session:
        status = discovery_flows.c.status
        flows = await session.execute(select(status, func.count()).group_by(status))
        open_ones = select(func.count()).where(run_requests.c.status == REQUESTED)
        return Census({name: count for name, count in flows}, await session.scalar(open_ones) or 0)


@flow_operation("read revision")
async def revision(sessions: Sessions) -> str:
    """Which migration the tables stand at."""
    async with sessions.operating() as session:
        return str(await session.scalar(text("select version_num from alembic_version")))
