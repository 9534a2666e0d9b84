"""Contracts of targets that an engagement wrote itself.

A new table; nothing that is there is touched or locked. Going back parks it with what it holds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLE = "target_contracts"
PARKED = "discovery_parked_contracts"
TENANT_ROWS = "client_account_id = current_client_account() and engagement_id = current_engagement()"


def upgrade() -> None:
    """Make the table or take it from where it was parked, and bind its rows to tenants."""
    if op.get_bind().scalar(sa.text(f"select to_regclass('{PARKED}.{TABLE}') is not null")):
        op.execute(f"alter table {PARKED}.{TABLE} set schema public")
        op.execute(f"drop schema {PARKED}")
    else:
        _make()
    op.execute(f"grant select, insert, update, delete on {TABLE} to discovery_app")
    op.execute(f"grant select on {TABLE} to discovery_readonly")
    op.execute(f"alter table {TABLE} enable row level security, force row level security")
    op.execute(f"create policy tenant on {TABLE} to discovery_app, discovery_readonly using ({TENANT_ROWS})")
    op.execute(f"create policy operator on {TABLE} to discovery_owner using (true)")


def downgrade() -> None:
    """Park the table."""
    op.execute(f"drop policy tenant on {TABLE}")
    op.execute(f"drop policy operator on {TABLE}")
    op.execute(f"alter table {TABLE} no force row level security, disable row level security")
    op.execute(f"revoke all on {TABLE} from discovery_app, discovery_readonly")
    op.execute(f"create schema {PARKED}")
    op.execute(f"alter table {TABLE} set schema {PARKED}")


def _make() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.BigInteger, sa.Identity(always=False)),
        sa.Column("client_account_id", sa.BigInteger, nullable=False),
        sa.Column("engagement_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("contract", sa.dialects.postgresql.JSONB, nullable=False),
        sa.Column("kept_by", sa.Text, nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_target_contracts"),
        sa.UniqueConstraint("client_account_id", "engagement_id", "name", name="uq_target_contracts_name"),
        sa.ForeignKeyConstraint(
            ["client_account_id", "engagement_id"],
            ["engagements.client_account_id", "engagements.id"],
            name="fk_target_contracts_client_account_id",
        ),
    )
