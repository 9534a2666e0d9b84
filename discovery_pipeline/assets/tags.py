"""Tags of runs: what a run says of itself. Dagster's UI filters by them, and its queue shares out by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from discovery_pipeline.flow.tenant import Tenant

PARTITION_TAG = "dagster/partition"
"""Dagster's own: a run's flow, by its slug. One run works on a flow at a time, and another waits until it has ended."""
RETRIED_TAG = "dagster/will_retry"
"""Dagster's own, of a run that failed: whether it is tried again."""
MOST_RETRIES_TAG = "dagster/max_retries"
"""Dagster's own: how often a run is tried again that crashes; the runs that take it up have it from the first."""
FLOW_TAG = "discovery/flow"
ENGAGEMENT_TAG = "discovery/engagement"
"""By which concurrency is shared out: one client's backlog never starves another's."""
REQUEST_TAG = "discovery/request"
"""The run request that a run came of; without it, somebody started the run in Dagster.

Dagster copies a run's tags to whatever takes it up again, by hand or by itself: that run has a parent, and says for
whom the first of them was started.
"""
WAITS_TAG = "discovery/waits"
"""What a run waited for that could not go on: a review. It failed, as Dagster has no other word for that."""
REASON_TAG = "discovery/reason"
USER_TAG = "user"
"""Dagster's own: who asked for a run. Its pages say without it that a run was launched by hand."""


def of_engagement(tenant: Tenant) -> dict[str, str]:
    """Whose a run is."""
    return {ENGAGEMENT_TAG: f"{tenant.client_account_id}.{tenant.engagement_id}"}


def of_flow(slug: str, tenant: Tenant) -> dict[str, str]:
    """Which flow a run works on, and whose it is."""
    return {FLOW_TAG: slug} | of_engagement(tenant)
