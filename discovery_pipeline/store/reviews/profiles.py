"""Mapping profiles of a tenant: every version is kept, none is changed or taken away.

Renaming appends: all versions under the new name, and a line under the old one that says where they went.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.engine.mapping.profiles import MappingProfile
from discovery_pipeline.errors import MappingError
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store.postgres.operation import flow_operation
from discovery_pipeline.store.schema.work import mapping_profiles

if TYPE_CHECKING:
    from discovery_pipeline.store.flows import Flows

_MOVED = "renamed_to"


@dataclass(frozen=True, slots=True)
class SavedProfile:
    """A version of a profile, and who kept it when."""

    id: int
    profile: MappingProfile
    created_by: str
    created_at: datetime


@flow_operation("save mapping profile")
async def save(flows: Flows, tenant: Tenant, profile: MappingProfile) -> SavedProfile:
    """Keep a profile as the next version of its name; what the newest version says already is not kept twice.

    Raises
    ------
    MappingError
        The name is that of a profile for another kind of source or another target.
    """
    async with flows.sessions.transaction(tenant) as session:
        before = (await session.execute(_versions(profile.name).limit(1))).first()
        known = _read(before) if before else None
        if known and _same(known.profile, profile):
            return known
        if known:
            _check_kind(known.profile, profile)
        numbered = profile.model_copy(update={"version": 1 + await _last_number(session, profile.name)})
        new = insert(mapping_profiles).values(**_row(tenant, numbered), created_by=tenant.by)
        return _read((await session.execute(new.returning(mapping_profiles))).one())


@flow_operation("rename mapping profile")
async def rename(flows: Flows, tenant: Tenant, name: str, new_name: str) -> SavedProfile:
    """Give a profile another name, with all its versions; who asks for the old one gets it. Returns the newest.

    Raises
    ------
    MappingError
        The tenant has no such profile, or already one of the new name.
    """
    async with flows.sessions.transaction(tenant) as session:
        kept = [_read(row) for row in await session.execute(_versions(name))][::-1]
        if not kept:
            raise MappingError(f"There is no mapping profile {name!r}.")
        if (await session.execute(_versions(new_name).limit(1))).first():
            raise MappingError(f"There is a mapping profile {new_name!r} already. Choose another name.")
        last = await _last_number(session, new_name)
        carried = [
            one.profile.model_copy(update={"name": new_name, "version": last + n}) for n, one in enumerate(kept, 1)
        ]
        gone = kept[-1].profile.model_copy(update={"version": 1 + await _last_number(session, name)})
        moved = {**_row(tenant, gone), "content": {_MOVED: new_name}, "created_by": tenant.by}
        await session.execute(insert(mapping_profiles), [
            {**_row(tenant, profile), "created_by": one.created_by, "created_at": one.created_at}
            for profile, one in zip(carried, kept, strict=True)
        ])  # fmt: skip
        await session.execute(insert(mapping_profiles).values(**moved))
        return _read((await session.execute(_versions(new_name).limit(1))).one())


@flow_operation("read mapping profile")
async def get(flows: Flows, tenant: Tenant, name: str, version: int | None = None) -> SavedProfile:
    """That version of a profile; without one, the newest.

    Raises
    ------
    MappingError
        The tenant has no such profile, or no such version of it.
    """
    async with flows.sessions.transaction(tenant) as session:
        wanted = _versions(await _current(session, name))
        if version is not None:
            wanted = wanted.where(mapping_profiles.c.version == version)
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
    async with flows.sessions.transaction(tenant) as session:
        return await kept(session, source_system, target_system)


async def kept(
    session: AsyncConnection, source_system: str | None = None, target_system: str | None = None
) -> list[SavedProfile]:
    """As `newest` answers, within a transaction."""
    latest = select(func.max(mapping_profiles.c.id)).group_by(mapping_profiles.c.name)
    there = mapping_profiles.c.id.in_(latest), ~mapping_profiles.c.content.has_key(_MOVED)
    wanted = select(mapping_profiles).where(*there).order_by(mapping_profiles.c.id.desc())
    if source_system is not None:
        wanted = wanted.where(mapping_profiles.c.source_system == source_system)
    if target_system is not None:
        wanted = wanted.where(mapping_profiles.c.target_system == target_system)
    return [_read(row) for row in await session.execute(wanted)]


@flow_operation("list mapping profiles")
async def versions(flows: Flows, tenant: Tenant, name: str) -> list[SavedProfile]:
    """Every version of a profile, the newest first; empty where there is none."""
    async with flows.sessions.transaction(tenant) as session:
        return [_read(row) for row in await session.execute(_versions(await _current(session, name)))]


def _versions(name: str) -> Any:
    """What is kept under a name since it was given away last, the newest first."""
    other = mapping_profiles.alias()
    given_away = select(func.max(other.c.id)).where(other.c.name == name, other.c.content.has_key(_MOVED))
    since = mapping_profiles.c.id > func.coalesce(given_away.scalar_subquery(), 0)
    kept = select(mapping_profiles).where(mapping_profiles.c.name == name, since)
    return kept.order_by(mapping_profiles.c.version.desc())


async def _current(session: AsyncConnection, name: str) -> str:
    """What the profile of that name is called now."""
    passed = {name}
    while not (await session.execute(_versions(name).limit(1))).first():
        gone = select(mapping_profiles.c.content).where(mapping_profiles.c.name == name)
        moved = (await session.execute(gone.order_by(mapping_profiles.c.id.desc()).limit(1))).scalar()
        if moved is None or moved[_MOVED] in passed:
            break
        name = moved[_MOVED]
        passed.add(name)
    return name


async def _last_number(session: AsyncConnection, name: str) -> int:
    """The number that was given last under a name; 0 before the first."""
    number = select(func.max(mapping_profiles.c.version)).where(mapping_profiles.c.name == name)
    return (await session.execute(number)).scalar() or 0


def _row(tenant: Tenant, profile: MappingProfile) -> dict[str, Any]:
    return {
        "client_account_id": tenant.client_account_id,
        "engagement_id": tenant.engagement_id,
        "name": profile.name,
        "version": profile.version,
        "source_system": profile.source_system,
        "target_system": profile.target_system,
        "content": profile.model_dump(mode="json"),
    }


def _check_kind(known: MappingProfile, new: MappingProfile) -> None:
    """Refuse a version for other exports: it would take the profile away from those that it is for."""
    if known.target_system != new.target_system:
        raise MappingError(
            f"{new.name!r} is a mapping profile for {known.target_system}. Choose another name for one for"
            f" {new.target_system}."
        )
    if known.source_system != new.source_system:
        raise MappingError(
            f"{new.name!r} is a mapping profile for exports of {known.source_system}. Choose another name for one for"
            f" exports of {new.source_system}."
        )


def _same(one: MappingProfile, other: MappingProfile) -> bool:
    return one.model_copy(update={"version": other.version}) == other


def _read(row: Row[Any]) -> SavedProfile:
    return SavedProfile(row.id, MappingProfile.model_validate(row.content), row.created_by, row.created_at)
