"""What all tables share: one MetaData, names of constraints, and columns that many have."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKeyConstraint, Identity, MetaData, text

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


def identity() -> Column:
    """The number of a row."""
    return Column("id", BigInteger, Identity(always=False), primary_key=True)


def at(name: str, *, required: bool = True) -> Column:
    """A moment; of a required one the default is when the row was written."""
    return Column(name, DateTime(timezone=True), nullable=not required, server_default=NOW if required else None)


def tenant() -> tuple[Column, Column]:
    """Whose a row is."""
    return Column("client_account_id", BigInteger, nullable=False), Column("engagement_id", BigInteger, nullable=False)


def of_flow(column: str = "flow_id") -> ForeignKeyConstraint:
    """A part of a flow belongs to the flow's own tenant; no row can say otherwise."""
    return ForeignKeyConstraint(
        [column, "client_account_id", "engagement_id"],
        ["discovery_flows.id", "discovery_flows.client_account_id", "discovery_flows.engagement_id"],
    )


def of_engagement() -> ForeignKeyConstraint:
    """What belongs to a tenant belongs to one that there is."""
    return ForeignKeyConstraint(
        ["client_account_id", "engagement_id"], ["engagements.client_account_id", "engagements.id"]
    )
