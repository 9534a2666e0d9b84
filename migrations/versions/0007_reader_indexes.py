"""Indexes for readers: a flow's events in their order, and lists of flows, newest first.

Each is built CONCURRENTLY, outside a transaction: reads and writes go on meanwhile. A build that was cut short leaves
an invalid index of that name; it is dropped and built anew.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_flow_events_flow_id_id": "flow_events (flow_id, id)",
    "idx_flows_newest": "discovery_flows (created_at, id)",
    "idx_flows_tenant_newest": "discovery_flows (client_account_id, engagement_id, created_at, id)",
}
INVALID = "select 1 from pg_index where indexrelid = to_regclass('{name}') and not indisvalid"


def upgrade() -> None:
    """Build what isn't there."""
    with op.get_context().autocommit_block():
        for name, on in INDEXES.items():
            if op.get_bind().exec_driver_sql(INVALID.format(name=name)).scalar():
                op.execute(f"drop index concurrently {name}")
            op.execute(f"create index concurrently if not exists {name} on {on}")


def downgrade() -> None:
    """Drop them; no row is touched."""
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.execute(f"drop index concurrently if exists {name}")
