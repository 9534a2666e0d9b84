"""Tables of the work on flows: files, mappings, decisions, requests, and what is kept for the next flow."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from discovery_pipeline.store.schema.base import NO_NAMES, NONE, at, identity, metadata, of_engagement, of_flow, tenant

data_imports = Table(
    "data_imports",
    metadata,
    identity(),
    *tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("filename", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("byte_size", BigInteger, nullable=False),
    Column("media_type", Text),
    Column("row_count", BigInteger, nullable=False),
    Column("status", Text, nullable=False),  # accepted, rejected, replaced
    Column("rejected_reason", Text),
    Column("created_by", Text, nullable=False),
    at("created_at"),
    UniqueConstraint("flow_id", "sha256"),
    of_flow(),
)

field_mappings = Table(
    "field_mappings",
    metadata,
    identity(),
    *tenant(),
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
    at("reviewed_at", required=False),
    at("created_at"),
    Index(None, "flow_id", "target_system", "id"),
    of_flow(),
)

quality_issues = Table(
    "quality_issues",
    metadata,
    identity(),
    *tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("column_name", Text),
    Column("dimension", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("affected_rows", BigInteger, nullable=False),
    Column("example", Text),
    Column("status", Text, nullable=False),  # open, resolved
    at("created_at"),
    Index(None, "flow_id", "status"),
    of_flow(),
)

run_requests = Table(
    "run_requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    *tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("job", Text, nullable=False),  # discover, deliver
    Column("selection", ARRAY(Text), nullable=False, server_default=NO_NAMES),  # assets; none: the whole job
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'requested'")),  # requested, launched, failed
    Column("run_id", Text),
    Column("requested_by", Text, nullable=False),
    at("requested_at"),
    Column("claimed_by", Text),
    at("claimed_at", required=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("error", Text),
    Index("uq_run_requests_open", "flow_id", "job", unique=True, postgresql_where=text("status = 'requested'")),
    Index("ix_run_requests_flow_id", "flow_id"),
    Index("ix_run_requests_open", "requested_at", postgresql_where=text("status = 'requested'")),
    of_flow(),
)

review_decisions = Table(
    "review_decisions",
    metadata,
    identity(),
    *tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("batch", Uuid, nullable=False),  # rows of one batch are undone together
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", JSONB(none_as_null=True)),
    Column("after", JSONB(none_as_null=True)),
    Column("undoes", Uuid),  # the batch that this one takes back
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("decided_by", Text, nullable=False),
    at("decided_at"),
    Index(None, "flow_id", "id"),
    of_flow(),
)

agent_requests = Table(
    "agent_requests",
    metadata,
    identity(),
    *tenant(),
    Column("flow_id", Uuid, nullable=False),
    Column("agent", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("byte_size", BigInteger, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False, server_default=text("0")),
    Column("completion_tokens", BigInteger, nullable=False, server_default=text("0")),
    Column("cost", Float, nullable=False, server_default=text("0")),
    Column("outcome", Text, nullable=False),
    at("created_at"),
    Index(None, "flow_id"),
    of_flow(),
)

mapping_profiles = Table(
    "mapping_profiles",
    metadata,
    identity(),
    *tenant(),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("source_system", Text, nullable=False),
    Column("target_system", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("created_by", Text, nullable=False),
    at("created_at"),
    UniqueConstraint("client_account_id", "engagement_id", "name", "version", name="uq_mapping_profiles_name_version"),
    of_engagement(),
)

target_contracts = Table(
    "target_contracts",
    metadata,
    identity(),
    *tenant(),
    Column("name", Text, nullable=False),
    Column("contract", JSONB, nullable=False),
    Column("kept_by", Text, nullable=False),
    at("kept_at"),
    UniqueConstraint("client_account_id", "engagement_id", "name", name="uq_target_contracts_name"),
    of_engagement(),
)

database_sources = Table(
    "database_sources",
    metadata,
    identity(),
    *tenant(),
    Column("name", Text, nullable=False),
    Column("source_system", Text, nullable=False),
    Column("target_system", Text, nullable=False),
    Column("url_reference", Text, nullable=False),  # names a secret, never holds one
    Column("tables", ARRAY(Text), nullable=False, server_default=NO_NAMES),  # none: all
    Column("created_by", Text, nullable=False),
    at("created_at"),
    UniqueConstraint("client_account_id", "engagement_id", "name", name="uq_database_sources_name"),
    of_engagement(),
)
