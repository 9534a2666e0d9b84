"""Accounts: client accounts, engagements, users, their roles, and the tokens they come with."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Row, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.errors import TenantAccessError
from discovery_pipeline.flow.tenant import AUTO_APPROVAL, ORCHESTRATOR, ClientAccountId, EngagementId, Tenant
from discovery_pipeline.store.schema.people import (
    api_tokens,
    client_accounts,
    engagements,
    membership_changes,
    memberships,
    users,
)

UserRole = Literal["viewer", "reviewer", "admin"]

DEFAULT = "default"
OPERATOR = "operator"
TOKEN_BYTES = 32
TOKEN_PREFIX = "dp_"  # noqa: S105 - what a token begins with, so that scanners for leaked secrets know one


@dataclass(frozen=True, slots=True)
class Membership:
    """What one user may do in one engagement."""

    tenant: Tenant
    role: UserRole


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token as it is shown once; only its hash is kept."""

    token: str
    tenant: Tenant


async def ensure_default(session: AsyncConnection) -> Tenant:
    """The default account and engagement, with the operator and the users that runs act as; made if missing."""
    found = await find_engagement(session, DEFAULT, DEFAULT)
    if found is not None:
        return found
    await session.execute(upsert(client_accounts).values(name=DEFAULT).on_conflict_do_nothing())
    account = await session.scalar(select(client_accounts.c.id).where(client_accounts.c.name == DEFAULT))
    await session.execute(upsert(engagements).values(client_account_id=account, name=DEFAULT).on_conflict_do_nothing())
    tenant = await find_engagement(session, DEFAULT, DEFAULT)
    if tenant is None:
        raise TenantAccessError("The default engagement can't be made.", None, {"error_type": "unexpected"})
    roles: dict[str, UserRole] = {OPERATOR: "admin", AUTO_APPROVAL: "reviewer", ORCHESTRATOR: "reviewer"}
    for login, role in roles.items():
        await enrol(session, tenant, login, role)
    return tenant


async def names(session: AsyncConnection) -> tuple[str, str]:
    """What the session's account and engagement are called."""
    wanted = select(client_accounts.c.name, engagements.c.name.label("engagement")).join(
        engagements, engagements.c.client_account_id == client_accounts.c.id
    )
    row = (await session.execute(wanted)).one()
    return row.name, row.engagement


async def tenant(session: AsyncConnection, account: int, engagement: int | None, by: str = OPERATOR) -> Tenant:
    """The engagement of that number; without one, the account's first.

    Raises
    ------
    TenantAccessError
        There is no such engagement.
    """
    wanted = select(func.min(engagements.c.id)).where(engagements.c.client_account_id == account)
    if engagement is not None:
        wanted = wanted.where(engagements.c.id == engagement)
    found = await session.scalar(wanted)
    if found is None:
        raise TenantAccessError(
            f"There is no engagement {engagement or ''} of account {account}.", None, {"error_type": "tenant_access"}
        )
    return Tenant(ClientAccountId(account), EngagementId(found), by)


async def create_engagement(session: AsyncConnection, account: str, engagement: str) -> Tenant:
    """The engagement of that name of the account of that name; both are made if missing."""
    await session.execute(upsert(client_accounts).values(name=account).on_conflict_do_nothing())
    number = await session.scalar(select(client_accounts.c.id).where(client_accounts.c.name == account))
    made = upsert(engagements).values(client_account_id=number, name=engagement).on_conflict_do_nothing()
    await session.execute(made)
    found = await find_engagement(session, account, engagement)
    if found is None:
        raise TenantAccessError(f"Engagement {engagement!r} can't be made.", None, {"error_type": "unexpected"})
    return found


async def find_engagement(session: AsyncConnection, account: str, engagement: str) -> Tenant | None:
    """The engagement of that name of the account of that name; None where there is none."""
    wanted = (
        select(engagements.c.client_account_id, engagements.c.id)
        .join(client_accounts, client_accounts.c.id == engagements.c.client_account_id)
        .where(client_accounts.c.name == account, engagements.c.name == engagement)
    )
    row = (await session.execute(wanted)).one_or_none()
    return Tenant(ClientAccountId(row.client_account_id), EngagementId(row.id), OPERATOR) if row else None


async def enrol(session: AsyncConnection, tenant: Tenant, login: str, role: UserRole) -> int:
    """Give the user of that login, made if missing, this role in the engagement; the user's number."""
    await session.execute(upsert(users).values(login=login).on_conflict_do_nothing())
    user = (await session.execute(select(users.c.id).where(users.c.login == login).with_for_update())).scalar_one()
    former = await role_in(session, tenant, user)
    member = upsert(memberships).values(
        client_account_id=tenant.client_account_id, engagement_id=tenant.engagement_id, user_id=user, role=role
    )
    who = ["client_account_id", "engagement_id", "user_id"]
    await session.execute(member.on_conflict_do_update(index_elements=who, set_={"role": role}))
    await note(session, tenant, login, former, role)
    return user


async def role_in(session: AsyncConnection, tenant: Tenant, user: int) -> str | None:
    """The role of the user of that number; None where they are no member."""
    return await session.scalar(select(memberships.c.role).where(*membership(tenant, user)))


async def note(session: AsyncConnection, tenant: Tenant, login: str, former: str | None, role: str | None) -> None:
    """Write down a change, if it is one."""
    if former == role:
        return
    change = insert(membership_changes).values(
        client_account_id=tenant.client_account_id, engagement_id=tenant.engagement_id, login=login,
        former_role=former, role=role, changed_by=tenant.by,
    )  # fmt: skip
    await session.execute(change)


def membership(tenant: Tenant, user: int) -> tuple[ColumnElement[bool], ...]:
    """Which row says what the user may do in the engagement."""
    return (
        memberships.c.client_account_id == tenant.client_account_id,
        memberships.c.engagement_id == tenant.engagement_id,
        memberships.c.user_id == user,
    )


async def create_token(
    session: AsyncConnection, tenant: Tenant, role: UserRole, expires_at: datetime | None = None
) -> NewToken:
    """A new token with a user of its own, who has this role in the engagement."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    login = f"token-{hashed(token).hex()[:8]}"
    user = await enrol(session, tenant, login, role)
    await session.execute(
        insert(api_tokens).values(
            client_account_id=tenant.client_account_id, engagement_id=tenant.engagement_id,
            user_id=user, token_hash=hashed(token), expires_at=expires_at,
        )
    )  # fmt: skip
    return NewToken(token, tenant.acting(login))


async def revoke(session: AsyncConnection, token: str, now: datetime) -> bool:
    """Make the token worthless, or every token of that login. Tells whether there was one in force."""
    theirs = select(users.c.id).where(users.c.login == token)
    which = or_(api_tokens.c.token_hash == hashed(token), api_tokens.c.user_id.in_(theirs))
    revoked = update(api_tokens).where(which, api_tokens.c.revoked_at.is_(None)).values(revoked_at=now)
    return (await session.execute(revoked.returning(api_tokens.c.id))).first() is not None


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a token: whose it is, for what, and how long."""

    login: str
    role: UserRole
    client_account_id: int
    engagement_id: int
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> Literal["in force", "expired", "revoked"]:
        """Whether it opens anything."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "in force"


async def keys(session: AsyncConnection) -> list[Key]:
    """Every token of every tenant, newest first."""
    of_user = (memberships.c.user_id == api_tokens.c.user_id) & (
        memberships.c.engagement_id == api_tokens.c.engagement_id
    )
    wanted = (
        select(
            users.c.login, memberships.c.role, api_tokens.c.client_account_id, api_tokens.c.engagement_id,
            api_tokens.c.created_at, api_tokens.c.expires_at, api_tokens.c.revoked_at,
        )
        .join(users, users.c.id == api_tokens.c.user_id)
        .join(memberships, of_user)
        .order_by(api_tokens.c.id.desc())
    )  # fmt: skip
    return [Key(*row) for row in await session.execute(wanted)]


async def authenticate(session: AsyncConnection, token: str) -> tuple[Membership, ...]:
    """Every engagement that the token's user belongs to; none where the token is unknown, revoked or expired."""
    return memberships_in(await session.execute(text("select * from authenticate(:hash)"), {"hash": hashed(token)}))


def memberships_in(told: Iterable[Row]) -> tuple[Membership, ...]:
    """What the database's functions tell of a user: a row for each engagement."""
    return tuple(
        Membership(Tenant(ClientAccountId(row.client_account_id), EngagementId(row.engagement_id), row.login), row.role)
        for row in told
    )


def hashed(secret: str) -> bytes:
    """A token, code or cookie is 256 random bits: a plain hash of it can't be guessed back, and needs no salt."""
    return hashlib.sha256(secret.encode()).digest()
