"""Sessions end with what they came by: a user of tokens comes in as long as one of them is in force.

Users whom others vouch for (the operator of this machine, an issuer) have no tokens, and aren't asked for one. Replaces
two functions; no row is touched, and nothing is locked.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

IN_FORCE = """
        and (not exists (select from api_tokens where api_tokens.user_id = users.id) or exists (
            select from api_tokens
            where api_tokens.user_id = users.id
                and api_tokens.revoked_at is null
                and (api_tokens.expires_at is null or api_tokens.expires_at > now())))"""
FUNCTIONS = (
    """
-- Who a browser is: one row for each membership of the session's user.
create or replace function members_of_session(hash bytea)
    returns table (login text, client_account_id bigint, engagement_id bigint, role text)
    stable security definer set search_path = public, pg_temp language sql
begin atomic
    select users.login, memberships.client_account_id, memberships.engagement_id, memberships.role
    from web_sessions
    join users on users.id = web_sessions.user_id
    join memberships on memberships.user_id = users.id
    where web_sessions.cookie_hash = hash and web_sessions.ended_at is null and web_sessions.expires_at > now(){in_force};
end;
""",
    """
-- Begins a session of the user of that login. False where there is no such user.
create or replace function open_session(wanted text, hash bytea, until timestamptz) returns boolean
    volatile security definer set search_path = public, pg_temp language sql
begin atomic
    with opened as (
        insert into web_sessions (user_id, cookie_hash, expires_at)
        select users.id, hash, until from users where users.login = wanted{in_force}
        returning 1
    )
    select exists (select from opened);
end;
""",
)


def upgrade() -> None:
    """Look at the tokens of whose session it is."""
    for function in FUNCTIONS:
        op.execute(function.format(in_force=IN_FORCE))


def downgrade() -> None:
    """Look at the session only."""
    for function in FUNCTIONS:
        op.execute(function.format(in_force=""))
