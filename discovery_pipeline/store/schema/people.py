"""Tables of who may see what: accounts, engagements, users and how they come in."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from discovery_pipeline.store.schema.base import at, identity, metadata, of_engagement, tenant

client_accounts = Table(
    "client_accounts", metadata, identity(), Column("name", Text, nullable=False, unique=True), at("created_at")
)

engagements = Table(
    "engagements",
    metadata,
    identity(),
    Column("client_account_id", BigInteger, ForeignKey("client_accounts.id"), nullable=False),
    Column("name", Text, nullable=False),
    at("created_at"),
    UniqueConstraint("client_account_id", "name"),
    UniqueConstraint("client_account_id", "id"),
)

users = Table(
    "users",
    metadata,
    identity(),
    Column("login", Text, nullable=False, unique=True),
    at("created_at"),
)

memberships = Table(
    "memberships",
    metadata,
    identity(),
    *tenant(),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False, index=True),
    Column("role", Text, nullable=False),  # viewer, reviewer, admin
    at("created_at"),
    UniqueConstraint("client_account_id", "engagement_id", "user_id"),
    of_engagement(),
)

membership_changes = Table(
    "membership_changes",
    metadata,
    identity(),
    *tenant(),
    Column("login", Text, nullable=False),
    Column("former_role", Text),  # null: wasn't a member
    Column("role", Text),  # null: is none any more
    Column("changed_by", Text, nullable=False),
    at("changed_at"),
    Index(None, "client_account_id", "engagement_id"),
    of_engagement(),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    identity(),
    *tenant(),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False, index=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    at("created_at"),
    at("expires_at", required=False),
    at("revoked_at", required=False),
    Index(None, "client_account_id", "engagement_id"),
    of_engagement(),
)

login_codes = Table(
    "login_codes",
    metadata,
    identity(),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False, index=True),
    Column("code_hash", LargeBinary, nullable=False, unique=True),
    at("created_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    at("used_at", required=False),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    identity(),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False, index=True),
    Column("cookie_hash", LargeBinary, nullable=False, unique=True),
    at("created_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    at("ended_at", required=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    identity(),
    *tenant(),
    Column("login", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("request_sha256", LargeBinary, nullable=False),
    Column("status", Integer),  # null while the first request is still worked on
    Column("response", JSONB),
    at("created_at"),
    UniqueConstraint("client_account_id", "engagement_id", "login", "key", name="uq_idempotency_keys_key"),
    of_engagement(),
)
