"""Tables of flows: the row, its phases, audits and events, and what was archived."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from discovery_pipeline.store.schema.base import (
    EMPTY,
    NONE,
    XID,
    at,
    identity,
    metadata,
    of_engagement,
    of_flow,
    tenant,
)

discovery_flows = Table(
    "discovery_flows",
    metadata,
    Column("id", Uuid, primary_key=True),
    *tenant(),
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False, unique=True),
    Column("source_system", Text, nullable=False),
    Column("target_system", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("current_phase", Text, nullable=False),
    Column("state_data", JSONB, nullable=False, server_default=EMPTY),
    Column("flow_metadata", JSONB, nullable=False, server_default=EMPTY),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created_by", Text, nullable=False),
    at("created_at"),
    at("updated_at"),
    UniqueConstraint("id", "client_account_id", "engagement_id"),
    of_engagement(),
)
_flow = discovery_flows.c
Index("idx_discovery_flows_client_flow", _flow.client_account_id, _flow.id)
Index("idx_discovery_flows_status_updated", _flow.status, _flow.updated_at)
Index("idx_discovery_flows_client_status_updated", _flow.client_account_id, _flow.status, _flow.updated_at.desc())
Index("idx_active_flows", _flow.updated_at, postgresql_where=text("status IN ('active', 'waiting_for_review')"))
Index("idx_flow_state_phase", text("(state_data -> 'current_phase')"), postgresql_using="gin", _table=discovery_flows)
Index("idx_flow_metadata", _flow.flow_metadata, postgresql_using="gin")
Index("idx_flow_name_search", text("to_tsvector('simple', name)"), postgresql_using="gin", _table=discovery_flows)
Index("idx_flows_engagement", _flow.client_account_id, _flow.engagement_id)
Index("idx_flows_created_by", _flow.created_by)
Index("idx_flows_newest", _flow.created_at, _flow.id)
Index("idx_flows_tenant_newest", _flow.client_account_id, _flow.engagement_id, _flow.created_at, _flow.id)

flow_phases = Table(
    "flow_phases",
    metadata,
    identity(),
    *tenant(),
    Column("discovery_flow_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'pending'")),
    at("started_at", required=False),
    at("completed_at", required=False),
    Column("result_data", JSONB, nullable=False, server_default=EMPTY),
    UniqueConstraint("discovery_flow_id", "name"),
    Index("idx_flow_phases_flow_status", "discovery_flow_id", "status"),
    of_flow("discovery_flow_id"),
)

flow_state_audits = Table(
    "flow_state_audits",
    metadata,
    identity(),
    *tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("previous_state", JSONB),
    Column("new_state", JSONB, nullable=False),
    Column("changed_by", Text, nullable=False),
    at("changed_at"),
    Column("reason", Text, nullable=False),
    Index(None, "flow_id", "id"),
    of_flow(),
)

flow_events = Table(
    "flow_events",
    metadata,
    identity(),
    *tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("event_data", JSONB, nullable=False, server_default=EMPTY),
    at("created_at"),
    Column("created_by", Text, nullable=False),
    # The writing transaction's number, or that of the flow's last event if it is higher (a trigger sees to it). Readers
    # go by (position, id) and stop below the oldest open transaction, so that a row which commits late can never stand
    # behind a cursor; see store/outbox.py.
    Column("position", BigInteger, nullable=False, server_default=XID),
    Index("idx_flow_events_flow_created", "flow_id", "created_at"),
    Index("idx_flow_events_type_created", "event_type", "created_at"),
    Index(None, "position", "id"),
    Index(None, "flow_id", "id"),
    of_flow(),
)

discovery_flows_history = Table(
    "discovery_flows_history",
    metadata,
    Column("id", Uuid, primary_key=True),
    *tenant(),
    Column("name", Text, nullable=False),
    Column("slug", Text, nullable=False, unique=True),
    Column("status", Text, nullable=False),  # as it stood when it was archived
    Column("flow", JSONB, nullable=False),
    Column("phases", JSONB, nullable=False),
    Column("audits", JSONB, nullable=False),
    Column("events", JSONB, nullable=False),
    Column("imports", JSONB, nullable=False),
    Column("mappings", JSONB, nullable=False),
    Column("quality", JSONB, nullable=False),
    Column("archived_by", Text, nullable=False),
    at("archived_at"),
    Column("reason", Text, nullable=False),
    Column("run_requests", JSONB, nullable=False, server_default=NONE),
    Column("review_decisions", JSONB, nullable=False, server_default=NONE),
    Column("agent_requests", JSONB, nullable=False, server_default=NONE),
    Index("idx_flows_history_engagement", "client_account_id", "engagement_id", "archived_at"),
    of_engagement(),
)
