"""Engagements: those that a caller belongs to, by name, so that people can go from one to another."""

from __future__ import annotations

from pydantic import BaseModel

from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store.people import accounts
from discovery_pipeline.store.people.accounts import UserRole
from discovery_pipeline.store.postgres.operation import flow_operation
from discovery_pipeline.store.postgres.session import Sessions
from discovery_pipeline.web.services.caller import Caller


class EngagementView(BaseModel):
    """An engagement, and what the caller may do there."""

    client_account_id: int
    engagement_id: int
    client_account: str
    engagement: str
    role: UserRole
    chosen: bool

    @property
    def key(self) -> str:
        """As the cookie and the form name it."""
        return f"{self.client_account_id}-{self.engagement_id}"

    @property
    def title(self) -> str:
        """Both names; one where they are the same."""
        return " · ".join(dict.fromkeys((self.client_account, self.engagement)))


class EngagementService:
    """Names of engagements, each asked for once: they don't change."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._names: dict[tuple[int, int], tuple[str, str]] = {}

    @flow_operation("read engagements")
    async def of(self, who: Caller) -> list[EngagementView]:
        """Every engagement that the caller belongs to, by name."""
        return sorted([await self._view(who, member) for member in who.memberships], key=lambda one: one.title)

    def title(self, who: Caller) -> str:
        """What the caller's engagement is called, as far as that was asked for before."""
        known = self._names.get(_place(who.tenant))
        return " · ".join(dict.fromkeys(known)) if known else f"Engagement {who.tenant.engagement_id}"

    async def _view(self, who: Caller, member: accounts.Membership) -> EngagementView:
        account, engagement = await self._named(member.tenant)
        return EngagementView(
            client_account_id=member.tenant.client_account_id,
            engagement_id=member.tenant.engagement_id,
            client_account=account,
            engagement=engagement,
            role=member.role,
            chosen=_place(member.tenant) == _place(who.tenant),
        )

    async def _named(self, tenant: Tenant) -> tuple[str, str]:
        if _place(tenant) not in self._names:
            async with self._sessions.transaction(tenant) as session:
                self._names[_place(tenant)] = await accounts.names(session)
        return self._names[_place(tenant)]


def _place(tenant: Tenant) -> tuple[int, int]:
    return tenant.client_account_id, tenant.engagement_id
