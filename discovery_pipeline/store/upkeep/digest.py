"""The digest: how all flows stand, in counts. No name and no value of anybody's data is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from discovery_pipeline.store.postgres.databases import Databases
from discovery_pipeline.store.postgres.query import ask

FLOWS = "select status, count(*) from discovery_flows group by status order by status"
WAITING = """
select coalesce(extract(epoch from now() - min(started_at)) / 86400, 0)::int
from flow_phases where status = 'waiting_for_review'
"""
DELIVERED = """
select count(distinct flow_id) from flow_events
where event_type = 'delivery.completed' and created_at > now() - interval '7 days'
"""
ISSUES = """
select dimension || ', ' || severity, count(*)
from quality_issues where status = 'open' group by dimension, severity order by count(*) desc, 1
"""


@dataclass(frozen=True, slots=True)
class Digest:
    """Counts over every tenant."""

    flows: Mapping[str, int]  # by status
    waiting_days: int  # how long the review that has waited longest has waited
    delivered: int  # flows, in the last seven days
    issues: Mapping[str, int]  # open ones, by dimension and severity

    def text(self) -> str:
        """As Markdown, for people."""
        flows = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in self.flows.items()) or "none"
        lines = [
            f"- Flows: {flows}.",
            f"- Delivered in the last seven days: {self.delivered}.",
            f"- The oldest open review has waited {self.waiting_days} days.",
            f"- Open quality issues: {sum(self.issues.values())}.",
            *(f"    - {name}: {count}" for name, count in self.issues.items()),
        ]
        return "\n".join(lines)


def digest(databases: Databases) -> Digest:
    """How all flows stand now."""
    return Digest(
        flows=dict(ask(databases, FLOWS).rows),
        waiting_days=ask(databases, WAITING).rows[0][0],
        delivered=ask(databases, DELIVERED).rows[0][0],
        issues=dict(ask(databases, ISSUES).rows),
    )
