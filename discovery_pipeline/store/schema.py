"""The tables, as SQLAlchemy knows them. `alembic check` holds them to what the migrations make.

Row security, triggers, grants and functions are the migrations'; SQLAlchemy has no words for them.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

EMPTY = text("'{}'::jsonb")
NONE = text("'[]'::jsonb")
NO_NAMES = text("'{}'::text[]")
NOW = text("now()")
XID = text("pg_current_xact_id()::text::bigint")


def _id() -> Column:
    return Column("id", BigInteger, Identity(always=False), primary_key=True)


def _at(name: str, *, required: bool = True) -> Column:
    return Column(name, DateTime(timezone=True), nullable=not required, server_default=NOW if required else None)


def _tenant() -> tuple[Column, Column]:
    return Column("client_account_id", BigInteger, nullable=False), Column("engagement_id", BigInteger, nullable=False)


def _of_flow(column: str = "flow_id") -> ForeignKeyConstraint:
    """A part of a flow belongs to the flow's own tenant; no row can say otherwise."""
    return ForeignKeyConstraint(
        [column, "client_account_id", "engagement_id"],
        ["discovery_flows.id", "discovery_flows.client_account_id", "discovery_flows.engagement_id"],
    )


def _of_engagement() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["client_account_id", "engagement_id"], ["engagements.client_account_id", "engagements.id"]
    )


client_accounts = Table(
    "client_accounts", metadata, _id(), Column("name", Text, nullable=False, unique=True), _at("created_at")
)

engagements = Table(
    "engagements",
    metadata,
    _id(),
    Column("client_account_id", BigInteger, ForeignKey("client_accounts.id"), nullable=False),
    Column("name", Text, nullable=False),
    _at("created_at"),
    UniqueConstraint("client_account_id", "name"),
    UniqueConstraint("client_account_id", "id"),
)

users = Table(
    "users",
    metadata,
    _id(),
    Column("login", Text, nullable=False, unique=True),
    _at("created_at"),
)

memberships = Table(
    "memberships",
    metadata,
    _id(),
    *_tenant(),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False, index=True),
    Column("role", Text, nullable=False),  # viewer, reviewer, admin
    _at("created_at"),
    UniqueConstraint("client_account_id", "engagement_id", "user_id"),
    _of_engagement(),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    _id(),
    *_tenant(),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False, index=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    _at("created_at"),
    _at("expires_at", required=False),
    _at("revoked_at", required=False),
    Index(None, "client_account_id", "engagement_id"),
    _of_engagement(),
)

discovery_flows = Table(
    "discovery_flows",
    metadata,
    Column("id", Uuid, primary_key=True),
    *_tenant(),
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
    _at("created_at"),
    _at("updated_at"),
    UniqueConstraint("id", "client_account_id", "engagement_id"),
    _of_engagement(),
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
    _id(),
    *_tenant(),
    Column("discovery_flow_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'pending'")),
    _at("started_at", required=False),
    _at("completed_at", required=False),
    Column("result_data", JSONB, nullable=False, server_default=EMPTY),
    UniqueConstraint("discovery_flow_id", "name"),
    Index("idx_flow_phases_flow_status", "discovery_flow_id", "status"),
    _of_flow("discovery_flow_id"),
)

flow_state_audits = Table(
    "flow_state_audits",
    metadata,
    _id(),
    *_tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("previous_state", JSONB),
    Column("new_state", JSONB, nullable=False),
    Column("changed_by", Text, nullable=False),
    _at("changed_at"),
    Column("reason", Text, nullable=False),
    Index(None, "flow_id", "id"),
    _of_flow(),
)

flow_events = Table(
    "flow_events",
    metadata,
    _id(),
    *_tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("event_data", JSONB, nullable=False, server_default=EMPTY),
    _at("created_at"),
    Column("created_by", Text, nullable=False),
    # The writing transaction's number, or that of the flow's last event if it is higher (a trigger sees to it). Readers
    # go by (position, id) and stop below the oldest open transaction, so that a row which commits late can never stand
    # behind a cursor; see store/outbox.py.
    Column("position", BigInteger, nullable=False, server_default=XID),
    Index("idx_flow_events_flow_created", "flow_id", "created_at"),
    Index("idx_flow_events_type_created", "event_type", "created_at"),
    Index(None, "position", "id"),
    Index(None, "flow_id", "id"),
    _of_flow(),
)

data_imports = Table(
    "data_imports",
    metadata,
    _id(),
    *_tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("filename", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("byte_size", BigInteger, nullable=False),
    Column("media_type", Text),
    Column("row_count", BigInteger, nullable=False),
    Column("status", Text, nullable=False),  # accepted, rejected, replaced
    Column("rejected_reason", Text),
    Column("created_by", Text, nullable=False),
    _at("created_at"),
    UniqueConstraint("flow_id", "sha256"),
    _of_flow(),
)

field_mappings = Table(
    "field_mappings",
    metadata,
    _id(),
    *_tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("target_system", Text, nullable=False),
    Column("source_table", Text, nullable=False),
    Column("source_field", Text, nullable=False),
    Column("target_table", Text, nullable=False),
    Column("target_field", Text, nullable=False),
    Column("transformation", Text),
    Column("data_type", Text, nullable=False),
    Column("is_required", Boolean, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("origin", Text, nullable=False),  # suggested, agent, memory, user
    Column("status", Text, nullable=False),  # suggested, approved, rejected
    Column("evidence", JSONB, nullable=False, server_default=NONE),
    Column("reviewed_by", Text),
    _at("reviewed_at", required=False),
    _at("created_at"),
    Index(None, "flow_id", "target_system", "id"),
    _of_flow(),
)

quality_issues = Table(
    "quality_issues",
    metadata,
    _id(),
    *_tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("column_name", Text),
    Column("dimension", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("affected_rows", BigInteger, nullable=False),
    Column("example", Text),
    Column("status", Text, nullable=False),  # open, resolved
    _at("created_at"),
    Index(None, "flow_id", "status"),
    _of_flow(),
)

discovery_flows_history = Table(
    "discovery_flows_history",
    metadata,
    Column("id", Uuid, primary_key=True),
    *_tenant(),
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
    _at("archived_at"),
    Column("reason", Text, nullable=False),
    Column("run_requests", JSONB, nullable=False, server_default=NONE),
    Column("review_decisions", JSONB, nullable=False, server_default=NONE),
    Column("agent_requests", JSONB, nullable=False, server_default=NONE),
    Index("idx_flows_history_engagement", "client_account_id", "engagement_id", "archived_at"),
    _of_engagement(),
)

run_requests = Table(
    "run_requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    *_tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("job", Text, nullable=False),  # discover, deliver
    Column("selection", ARRAY(Text), nullable=False, server_default=NO_NAMES),  # assets; none: the whole job
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'requested'")),  # requested, launched, failed
    Column("run_id", Text),
    Column("requested_by", Text, nullable=False),
    _at("requested_at"),
    Column("claimed_by", Text),
    _at("claimed_at", required=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("error", Text),
    Index("uq_run_requests_open", "flow_id", "job", unique=True, postgresql_where=text("status = 'requested'")),
    Index("ix_run_requests_flow_id", "flow_id"),
    Index("ix_run_requests_open", "requested_at", postgresql_where=text("status = 'requested'")),
    _of_flow(),
)

review_decisions = Table(
    "review_decisions",
    metadata,
    _id(),
    *_tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("batch", Uuid, nullable=False),  # rows of one batch are undone together
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", JSONB(none_as_null=True)),
    Column("after", JSONB(none_as_null=True)),
    Column("undoes", Uuid),  # the batch that this one takes back
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("decided_by", Text, nullable=False),
    _at("decided_at"),
    Index(None, "flow_id", "id"),
    _of_flow(),
)

agent_requests = Table(
    "agent_requests",
    metadata,
    _id(),
    *_tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("agent", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("byte_size", BigInteger, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False, server_default=text("0")),
    Column("completion_tokens", BigInteger, nullable=False, server_default=text("0")),
    Column("cost", Float, nullable=False, server_default=text("0")),
    Column("outcome", Text, nullable=False),
    _at("created_at"),
    Index(None, "flow_id"),
    _of_flow(),
)

mapping_profiles = Table(
    "mapping_profiles",
    metadata,
    _id(),
    *_tenant(),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("source_system", Text, nullable=False),
    Column("target_system", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("created_by", Text, nullable=False),
    _at("created_at"),
    UniqueConstraint("client_account_id", "engagement_id", "name", "version", name="uq_mapping_profiles_name_version"),
    _of_engagement(),
)

database_sources = Table(
    "database_sources",
    metadata,
    _id(),
    *_tenant(),
    Column("name", Text, nullable=False),
    Column("source_system", Text, nullable=False),
    Column("target_system", Text, nullable=False),
    Column("url_reference", Text, nullable=False),  # names a secret, never holds one
    Column("tables", ARRAY(Text), nullable=False, server_default=NO_NAMES),  # none: all
    Column("created_by", Text, nullable=False),
    _at("created_at"),
    UniqueConstraint("client_account_id", "engagement_id", "name", name="uq_database_sources_name"),
    _of_engagement(),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    _id(),
    *_tenant(),
    Column("login", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("request_sha256", LargeBinary, nullable=False),
    Column("status", Integer),  # null while the first request is still worked on
    Column("response", JSONB),
    _at("created_at"),
    UniqueConstraint("client_account_id", "engagement_id", "login", "key", name="uq_idempotency_keys_key"),
    _of_engagement(),
)

login_codes = Table(
    "login_codes",
    metadata,
    _id(),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False, index=True),
    Column("code_hash", LargeBinary, nullable=False, unique=True),
    _at("created_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    _at("used_at", required=False),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    _id(),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False, index=True),
    Column("cookie_hash", LargeBinary, nullable=False, unique=True),
    _at("created_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    _at("ended_at", required=False),
)
