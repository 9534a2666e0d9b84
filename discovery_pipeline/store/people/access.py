"""Access: how people come in. One-time codes for a first visit, sessions of browsers, logins that others vouch for.

Only hashes are kept of codes and cookies. The application can ask the database's functions whose they are; the tables
it can't see.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import delete, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.errors import TenantAccessError
from discovery_pipeline.store.people.accounts import Membership, hashed, memberships_in
from discovery_pipeline.store.postgres.operation import flow_operation
from discovery_pipeline.store.postgres.session import Sessions
from discovery_pipeline.store.schema.people import login_codes, users, web_sessions
from discovery_pipeline.store.state import Clock, utc_now

CODE_MINUTES = 15
SESSION_HOURS = 12
KEPT_DAYS = 30
"""Days after which codes and sessions that are worth nothing any more are forgotten."""
SECRET_BYTES = 32


class Access:
    """The door for people, beside the tokens of programs."""

    def __init__(self, sessions: Sessions, clock: Clock = utc_now) -> None:
        self._sessions, self._clock = sessions, clock

    @flow_operation("create login code")
    async def create_code(self, login: str, minutes: int = CODE_MINUTES) -> str:
        """A code that lets this user in once, and soon.

        Raises
        ------
        TenantAccessError
            There is no such user.
        """
        code, now = secrets.token_urlsafe(SECRET_BYTES), self._clock()
        async with self._sessions.operating() as session:
            await _forget(session, now - timedelta(days=KEPT_DAYS))
            user = await session.scalar(select(users.c.id).where(users.c.login == login))
            if user is None:
                raise TenantAccessError(f"There is no user {login}.", None, {"error_type": "tenant_access"})
            until = now + timedelta(minutes=minutes)
            await session.execute(insert(login_codes).values(user_id=user, code_hash=hashed(code), expires_at=until))
        return code

    @flow_operation("redeem login code")
    async def redeem_code(self, code: str) -> str | None:
        """Whose code it is, once; None where it is unknown, used or expired."""
        async with self._sessions.strangers() as session:
            asked = text("select redeem_login_code(:hash)")
            return await session.scalar(asked, {"hash": hashed(code)})

    @flow_operation("open session")
    async def open_session(self, login: str, hours: float = SESSION_HOURS) -> str | None:
        """The cookie of a new session of that user; None where there is no such user."""
        cookie = secrets.token_urlsafe(SECRET_BYTES)
        async with self._sessions.strangers() as session:
            opening = text("select open_session(:login, :hash, :until)")
            until = self._clock() + timedelta(hours=hours)
            opened = await session.scalar(opening, {"login": login, "hash": hashed(cookie), "until": until})
        return cookie if opened else None

    @flow_operation("read session")
    async def members_of_session(self, cookie: str) -> tuple[Membership, ...]:
        """Every engagement of the session's user; none where the session ended or never was."""
        async with self._sessions.strangers() as session:
            told = await session.execute(text("select * from members_of_session(:hash)"), {"hash": hashed(cookie)})
            return memberships_in(told)

    @flow_operation("close session")
    async def close_session(self, cookie: str) -> None:
        """End the session; ending it again does nothing."""
        async with self._sessions.strangers() as session:
            await session.execute(text("select close_session(:hash)"), {"hash": hashed(cookie)})

    @flow_operation("read memberships")
    async def members_of_login(self, login: str) -> tuple[Membership, ...]:
        """Every engagement of a user whose login somebody else vouches for."""
        async with self._sessions.strangers() as session:
            told = await session.execute(text("select * from members_of_login(:login)"), {"login": login})
            return memberships_in(told)


async def _forget(session: AsyncConnection, before: object) -> None:
    await session.execute(delete(login_codes).where(login_codes.c.expires_at < before))
    ended = or_(web_sessions.c.expires_at < before, web_sessions.c.ended_at < before)
    await session.execute(delete(web_sessions).where(ended))
