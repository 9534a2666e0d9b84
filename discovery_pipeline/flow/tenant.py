"""Tenants: whose flow it is, and who acts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NewType
from uuid import UUID

FlowId = NewType("FlowId", UUID)
ClientAccountId = NewType("ClientAccountId", int)
EngagementId = NewType("EngagementId", int)

AUTO_APPROVAL = "auto-approval"
"""The user in whose name an unattended run takes mappings above the threshold."""
ORCHESTRATOR = "orchestrator"
"""The user in whose name Dagster's runs move a flow."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One engagement of one client account, and the login of who acts for it."""

    client_account_id: ClientAccountId
    engagement_id: EngagementId
    by: str

    def acting(self, by: str) -> Tenant:
        """The same tenant, with someone else acting."""
        return replace(self, by=by)
