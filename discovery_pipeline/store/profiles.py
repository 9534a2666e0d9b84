"""Mapping profiles of a tenant: every version is kept, none is changed or taken away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select

from discovery_pipeline.engine.mapping.profiles import MappingProfile
from discovery_pipeline.errors import MappingError
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.operation import flow_operation
from discovery_pipeline.store.schema.work import mapping_profiles


@dataclass(frozen=True, slots=True)
class SavedProfile:
    """A version of a profile, and who kept it when."""

    id: int
    profile: MappingProfile
    created_by: str
    created_at: datetime


@flow_operation("save mapping profile")
async def save(flows: Flows, tenant: Tenant, profile: MappingProfile) -> SavedProfile:
    """Keep a profile as the next version of its name; what the newest version says already is not kept twice."""
    async with flows.sessions.transaction(tenant) as session:
        before = (await session.execute(_versions(profile.name).limit(1))).first()
        known = _read(before) if before else None
        if known and _same(known.profile, profile):
            return known
        numbered = profile.model_copy(update={"version": known.profile.version + 1 if known else 1})
        new = insert(mapping_profiles).values(
            client_account_id=tenant.client_account_id,
            engagement_id=tenant.engagement_id,
            name=numbered.name,
            version=numbered.version,
            source_system=numbered.source_system,
            target_system=numbered.target_system,
            content=numbered.model_dump(mode="json"),
            created_by=tenant.by,
        )
        return _read((await session.execute(new.returning(mapping_profiles))).one())


@flow_operation("read mapping profile")
async def get(flows: Flows, tenant: Tenant, name: str, version: int | None = None) -> SavedProfile:
    """That version of a profile; without one, the newest.

    Raises
    ------
    MappingError
        The tenant has no such profile, or no such version of it.
    """
    wanted = _versions(name)
    if version is not None:
        wanted = wanted.where(mapping_profiles.c.version == version)
    async with flows.sessions.transaction(tenant) as session:
        row = (await session.execute(wanted.limit(1))).first()
    if row is None:
        which = f"version {version} of the mapping profile" if version is not None else "mapping profile"
        raise MappingError(f"There is no {which} {name!r}.")
    return _read(row)


@flow_operation("list mapping profiles")
async def newest(
    flows: Flows, tenant: Tenant, source_system: str | None = None, target_system: str | None = None
) -> list[SavedProfile]:
    """The newest version of each profile, the one kept last first; for one kind of source and target, if wanted."""
    latest = select(func.max(mapping_profiles.c.id)).group_by(mapping_profiles.c.name)
    wanted = select(mapping_profiles).where(mapping_profiles.c.id.in_(latest)).order_by(mapping_profiles.c.id.desc())
    if source_system is not None:
        wanted = wanted.where(mapping_profiles.c.source_system == source_system)
    if target_system is not None:
        wanted = wanted.where(mapping_profiles.c.target_system == target_system)
    async with flows.sessions.transaction(tenant) as session:
        return [_read(row) for row in await session.execute(wanted)]


@flow_operation("list mapping profiles")
async def versions(flows: Flows, tenant: Tenant, name: str) -> list[SavedProfile]:
    """Every version of a profile, the newest first; empty where there is none."""
    async with flows.sessions.transaction(tenant) as session:
        return [_read(row) for row in await session.execute(_versions(name))]


def _versions(name: str) -> Any:
    return select(mapping_profiles).where(mapping_profiles.c.name == name).order_by(mapping_profiles.c.version.desc())


def _same(one: MappingProfile, other: MappingProfile) -> bool:
    return one.model_copy(update={"version": other.version}) == other


def _read(row: Row[Any]) -> SavedProfile:
    return SavedProfile(row.id, MappingProfile.model_validate(row.content), row.created_by, row.created_at)


__all__ = ["SavedProfile", "get", "newest", "save", "versions"]
