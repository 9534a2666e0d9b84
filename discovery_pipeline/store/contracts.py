"""Contracts that an engagement wrote for targets of its own. A flow keeps a copy of those that it began with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from discovery_pipeline.engine.targets import Target
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.postgres.operation import flow_operation
from discovery_pipeline.store.schema.work import target_contracts


@dataclass(frozen=True, slots=True)
class KeptContract:
    """A contract, and who kept it when."""

    target: Target
    kept_by: str
    kept_at: datetime


@flow_operation("keep contract")
async def keep(flows: Flows, tenant: Tenant, target: Target) -> KeptContract:
    """Keep a contract under its target's name, in the place of an earlier one."""
    said = {"contract": target.model_dump(mode="json", exclude_defaults=True), "kept_by": tenant.by}
    new = upsert(target_contracts).values(
        client_account_id=tenant.client_account_id, engagement_id=tenant.engagement_id, name=target.name, **said
    )
    made = new.on_conflict_do_update(constraint="uq_target_contracts_name", set_={**said, "kept_at": func.now()})
    async with flows.sessions.transaction(tenant) as session:
        return _read((await session.execute(made.returning(target_contracts))).one())


@flow_operation("list contracts")
async def kept(flows: Flows, tenant: Tenant) -> list[KeptContract]:
    """The engagement's contracts, by name."""
    async with flows.sessions.transaction(tenant) as session:
        found = await session.execute(select(target_contracts).order_by(target_contracts.c.name))
        return [_read(row) for row in found]


@flow_operation("remove contract")
async def remove(flows: Flows, tenant: Tenant, name: str) -> bool:
    """Forget a contract; flows that began with it keep it. Tells whether it was there."""
    async with flows.sessions.transaction(tenant) as session:
        done = delete(target_contracts).where(target_contracts.c.name == name).returning(target_contracts.c.id)
        return (await session.execute(done)).first() is not None


def _read(row: Row[Any]) -> KeptContract:
    return KeptContract(Target.model_validate(row.contract), row.kept_by, row.kept_at)
