"""The indexes that operators' queries know by name, and one for every foreign key.

Each is built CONCURRENTLY, outside a transaction: reads and writes go on meanwhile. A build that was cut short leaves
an invalid index of that name; it is dropped and built anew.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEXES = {
    "idx_discovery_flows_client_flow": "discovery_flows (client_account_id, id)",
    "idx_discovery_flows_status_updated": "discovery_flows (status, updated_at)",
    "idx_discovery_flows_client_status_updated": "discovery_flows (client_account_id, status, updated_at desc)",
    "idx_active_flows": "discovery_flows (updated_at) where status in ('active', 'waiting_for_review')",
    "idx_flow_state_phase": "discovery_flows using gin ((state_data -> 'current_phase'))",
    "idx_flow_metadata": "discovery_flows using gin (flow_metadata)",
    "idx_flow_name_search": "discovery_flows using gin (to_tsvector('simple', name))",
    "idx_flows_engagement": "discovery_flows (client_account_id, engagement_id)",
    "idx_flows_created_by": "discovery_flows (created_by)",
    "idx_flow_phases_flow_status": "flow_phases (discovery_flow_id, status)",
    "idx_flow_events_flow_created": "flow_events (flow_id, created_at)",
    "idx_flow_events_type_created": "flow_events (event_type, created_at)",
    "ix_flow_events_position_id": "flow_events (position, id)",
    "ix_flow_state_audits_flow_id_id": "flow_state_audits (flow_id, id)",
    "ix_field_mappings_flow_id_target_system_id": "field_mappings (flow_id, target_system, id)",
    "ix_quality_issues_flow_id_status": "quality_issues (flow_id, status)",
    "ix_memberships_user_id": "memberships (user_id)",
    "ix_api_tokens_user_id": "api_tokens (user_id)",
    "ix_api_tokens_client_account_id_engagement_id": "api_tokens (client_account_id, engagement_id)",
    "idx_flows_history_engagement": "discovery_flows_history (client_account_id, engagement_id, archived_at)",
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
