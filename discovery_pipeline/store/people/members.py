"""Members: who belongs to which engagement, and when they joined and left. `accounts` lets them in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.errors import TenantAccessError
from discovery_pipeline.flow.tenant import AUTO_APPROVAL, ORCHESTRATOR, Tenant
from discovery_pipeline.store.people import accounts
from discovery_pipeline.store.people.accounts import UserRole
from discovery_pipeline.store.schema.people import (
    client_accounts,
    engagements,
    membership_changes,
    memberships,
    users,
)

RUNS = frozenset({AUTO_APPROVAL, ORCHESTRATOR})
"""Users that runs act as."""
_PLACES = select(
    engagements.c.client_account_id, engagements.c.id, client_accounts.c.name, engagements.c.name.label("engagement")
).join(client_accounts, client_accounts.c.id == engagements.c.client_account_id)


async def dismiss(session: AsyncConnection, tenant: Tenant, login: str) -> bool:
    """End the user's membership in the engagement, and with it what their tokens and sessions open there.

    Tells whether there was one. Runs act as users of their own, who stay.
    """
    if login in RUNS:
        raise TenantAccessError(f"Runs act as {login}: it stays a member.", None, {"error_type": "tenant_access"})
    user = await session.scalar(select(users.c.id).where(users.c.login == login).with_for_update())
    former = await accounts.role_in(session, tenant, user) if user is not None else None
    if user is None or former is None:
        return False
    await session.execute(delete(memberships).where(*accounts.membership(tenant, user)))
    await accounts.note(session, tenant, login, former, None)
    return True


@dataclass(frozen=True, slots=True)
class Place:
    """An engagement by number and name."""

    client_account_id: int
    engagement_id: int
    client_account: str
    engagement: str


@dataclass(frozen=True, slots=True)
class Member:
    """A user of an engagement, and since when they have been in it."""

    login: str
    role: UserRole
    place: Place
    since: datetime


async def places(session: AsyncConnection) -> list[Place]:
    """Every engagement of every account, by number."""
    return [Place(*row) for row in await session.execute(_PLACES.order_by(engagements.c.id))]


async def members(session: AsyncConnection) -> list[Member]:
    """Every membership, by engagement and login."""
    of_engagement = memberships.c.engagement_id == engagements.c.id
    wanted = (
        _PLACES.add_columns(users.c.login, memberships.c.role, memberships.c.created_at)
        .join(memberships, of_engagement)
        .join(users, users.c.id == memberships.c.user_id)
        .order_by(engagements.c.id, users.c.login)
    )
    return [Member(row[4], row[5], Place(*row[:4]), row[6]) for row in await session.execute(wanted)]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a membership, as it was written down."""

    login: str
    former_role: UserRole | None
    role: UserRole | None
    client_account_id: int
    engagement_id: int
    changed_by: str
    changed_at: datetime


async def history(session: AsyncConnection) -> list[Change]:
    """Every change of a membership, oldest first."""
    c = membership_changes.c
    wanted = select(
        c.login, c.former_role, c.role, c.client_account_id, c.engagement_id, c.changed_by, c.changed_at
    ).order_by(c.id)
    return [Change(*row) for row in await session.execute(wanted)]
