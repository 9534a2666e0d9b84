"""Parts of flows: the application hangs them on flows that it sees, before any constraint speaks.

Where a part is unique within its flow, inserting one with a stranger's flow met that constraint first, and told that the
stranger had one of that kind. Takes a short exclusive lock on three tables; no row is touched.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UNIQUE_WITHIN_A_FLOW = {"flow_phases": "discovery_flow_id", "data_imports": "flow_id", "run_requests": "flow_id"}


def upgrade() -> None:
    """Restrict what may be inserted."""
    for table, flow in UNIQUE_WITHIN_A_FLOW.items():
        op.execute(
            f"create policy own_flow on {table} as restrictive for insert to discovery_app "
            f"with check (exists (select from discovery_flows where discovery_flows.id = {table}.{flow}))"
        )


def downgrade() -> None:
    """Leave it to the foreign keys."""
    for table in UNIQUE_WITHIN_A_FLOW:
        op.execute(f"drop policy own_flow on {table}")
