"""Callers: who asks, for which engagement, and what they may do there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store.people.accounts import Membership, UserRole
from discovery_pipeline.web.faults import NotAuthorized

RANK: dict[UserRole, int] = {"viewer": 0, "reviewer": 1, "admin": 2}


@dataclass(frozen=True, slots=True)
class Caller:
    """One user in one engagement. Services take it instead of a tenant, so that none forgets the role."""

    tenant: Tenant
    role: UserRole
    memberships: tuple[Membership, ...] = ()  # all that the user has
    cookie: str | None = None  # the session's, where a browser asks

    @property
    def login(self) -> str:
        """Under which name they act."""
        return self.tenant.by

    @property
    def csrf_token(self) -> str:
        """What a browser's forms must carry. It follows from the cookie, which other sites can't read."""
        return csrf_token(self.cookie) if self.cookie else ""

    def may(self, role: UserRole) -> bool:
        """Whether they have at least this role."""
        return RANK[self.role] >= RANK[role]

    def must_be(self, role: UserRole) -> None:
        """Refuse who has less than this role.

        Raises
        ------
        NotAuthorized
            Says which role it takes.
        """
        if not self.may(role):
            raise NotAuthorized(f"That takes the role {role}; yours here is {self.role}. Ask whoever manages tokens.")


def csrf_token(cookie: str) -> str:
    """What forms of that session must carry."""
    return hashlib.sha256(f"csrf:{cookie}".encode()).hexdigest()
