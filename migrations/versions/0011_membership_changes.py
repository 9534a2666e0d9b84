"""Changes of memberships: who was let into an engagement, in which role, by whom; append-only.

A new table; nothing that is there is touched or locked. Going back parks it with what it holds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLE = "membership_changes"
PARKED = "discovery_parked_memberships"
TENANT_ROWS = "client_account_id = current_client_account() and engagement_id = current_engagement()"


def upgrade() -> None:
    """Make the table or take it from where it was parked, bind its rows to tenants, close it to changes."""
    if op.get_bind().scalar(sa.text(f"select to_regclass('{PARKED}.{TABLE}') is not null")):
        op.execute(f"alter table {PARKED}.{TABLE} set schema public")
        op.execute(f"drop schema {PARKED}")
    else:
        _make()
    op.execute(f"grant select on {TABLE} to discovery_app, discovery_readonly")
    op.execute(f"alter table {TABLE} enable row level security, force row level security")
    op.execute(f"create policy tenant on {TABLE} to discovery_app, discovery_readonly using ({TENANT_ROWS})")
    op.execute(f"create policy operator on {TABLE} to discovery_owner using (true)")
    op.execute(
        f"create trigger append_only before update or delete or truncate on {TABLE} "
        "for each statement execute function refuse_change()"
    )


def downgrade() -> None:
    """Park the table."""
    op.execute(f"drop trigger append_only on {TABLE}")
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
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("former_role", sa.Text),
        sa.Column("role", sa.Text),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_membership_changes"),
        sa.ForeignKeyConstraint(
            ["client_account_id", "engagement_id"],
            ["engagements.client_account_id", "engagements.id"],
            name="fk_membership_changes_engagement",
        ),
    )
    op.create_index(
        "ix_membership_changes_client_account_id_engagement_id", TABLE, ["client_account_id", "engagement_id"]
    )
