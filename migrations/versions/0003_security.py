"""Who sees what: grants, row security on every tenant table, append-only history, and the one way out of it.

Takes a short exclusive lock on each table. Going back drops policies, triggers and functions; no row is touched.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

READ, ADD, CHANGE = "select", "select, insert", "select, insert, update"
APP_MAY = {
    "client_accounts": READ,
    "engagements": READ,
    "users": READ,
    "memberships": READ,
    "api_tokens": READ,
    "discovery_flows": CHANGE,
    "flow_phases": CHANGE,
    "flow_state_audits": ADD,
    "flow_events": ADD,
    "data_imports": CHANGE,
    "field_mappings": ADD,
    "quality_issues": CHANGE,
    "discovery_flows_history": READ,
}
OWN_ROWS = {
    "client_accounts": "id = current_client_account()",
    "engagements": "client_account_id = current_client_account() and id = current_engagement()",
    "users": "exists (select from memberships where memberships.user_id = users.id)",
}
TENANT_ROWS = "client_account_id = current_client_account() and engagement_id = current_engagement()"
ORCHESTRATOR_READS = ("discovery_flows", "flow_phases", "flow_events", "data_imports", "discovery_flows_history")
ARCHIVIST_MOVES = (
    "discovery_flows", "flow_phases", "flow_state_audits", "flow_events", "data_imports", "field_mappings",
    "quality_issues",
)  # fmt: skip
APPEND_ONLY = ("flow_state_audits", "flow_events", "discovery_flows_history")

FUNCTIONS = (
    """
-- Whose rows the transaction sees. Unset, or reset by the end of an earlier SET LOCAL, means nobody's.
create function current_client_account() returns bigint stable parallel safe language sql
return nullif(current_setting('discovery.client_account_id', true), '')::bigint;
""",
    """
create function current_engagement() returns bigint stable parallel safe language sql
return nullif(current_setting('discovery.engagement_id', true), '')::bigint;
""",
    """
-- A statement's trigger: a row's would keep silent where row security hides the rows.
create function refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_user = 'discovery_archivist' then
        return null;
    end if;
    raise exception using
        message = format('%s is append-only: %s is refused', tg_table_name, tg_op), errcode = 'restrict_violation';
end $$;
""",
    """
-- NOTIFY wakes readers; what they read is the table.
create function wake_readers() returns trigger language plpgsql as $$
begin
    notify discovery_events;
    return null;
end $$;
""",
    """
-- Who a token is: looked up before any tenant is known. One row for each membership of the token's user.
create function authenticate(hash bytea)
    returns table (login text, client_account_id bigint, engagement_id bigint, role text)
    stable security definer set search_path = public, pg_temp language sql
begin atomic
    select users.login, memberships.client_account_id, memberships.engagement_id, memberships.role
    from api_tokens
    join users on users.id = api_tokens.user_id
    join memberships on memberships.user_id = users.id
    where api_tokens.token_hash = hash
        and api_tokens.revoked_at is null
        and (api_tokens.expires_at is null or api_tokens.expires_at > now());
end;
""",
)

ARCHIVE = """
-- Moves flows with all that belongs to them into the history, in one statement, and says there who did it and why.
-- Returns the flows that were moved; unknown ids are passed over.
create function archive_flows(flows uuid[], archived_by text, reason text) returns setof uuid
    security definer set search_path = public, pg_temp language sql
begin atomic
    with flow as (delete from discovery_flows where id = any (flows) returning *),
    phases as (delete from flow_phases where discovery_flow_id = any (flows) returning *),
    audits as (delete from flow_state_audits where flow_id = any (flows) returning *),
    events as (delete from flow_events where flow_id = any (flows) returning *),
    imports as (delete from data_imports where flow_id = any (flows) returning *),
    mappings as (delete from field_mappings where flow_id = any (flows) returning *),
    quality as (delete from quality_issues where flow_id = any (flows) returning *)
    insert into discovery_flows_history (
        id, client_account_id, engagement_id, name, slug, status, flow, phases, audits, events, imports, mappings,
        quality, archived_by, reason
    )
    select
        flow.id, flow.client_account_id, flow.engagement_id, flow.name, flow.slug, flow.status, to_jsonb(flow),
        coalesce((select jsonb_agg(p order by p.id) from phases p where p.discovery_flow_id = flow.id), '[]'),
        coalesce((select jsonb_agg(a order by a.id) from audits a where a.flow_id = flow.id), '[]')
            || jsonb_build_object(
                'previous_state', flow.state_data,
                'new_state', flow.state_data || '{"status": "archived"}',
                'changed_by', archive_flows.archived_by, 'changed_at', now(), 'reason', archive_flows.reason),
        coalesce((select jsonb_agg(e order by e.id) from events e where e.flow_id = flow.id), '[]')
            || jsonb_build_object(
                'event_type', 'flow.archived', 'event_data', jsonb_build_object('reason', archive_flows.reason),
                'created_by', archive_flows.archived_by, 'created_at', now()),
        coalesce((select jsonb_agg(i order by i.id) from imports i where i.flow_id = flow.id), '[]'),
        coalesce((select jsonb_agg(m order by m.id) from mappings m where m.flow_id = flow.id), '[]'),
        coalesce((select jsonb_agg(q order by q.id) from quality q where q.flow_id = flow.id), '[]'),
        archive_flows.archived_by, archive_flows.reason
    from flow
    returning id;
end;
"""


def upgrade() -> None:
    """Grant, bind rows to tenants, close history."""
    for function in FUNCTIONS:
        op.execute(function)
    for table, may in APP_MAY.items():
        rows = OWN_ROWS.get(table, TENANT_ROWS)
        op.execute(f"grant {may} on {table} to discovery_app")
        if table != "api_tokens":
            op.execute(f"grant select on {table} to discovery_readonly")
        op.execute(f"alter table {table} enable row level security, force row level security")
        op.execute(f"create policy tenant on {table} to discovery_app, discovery_readonly using ({rows})")
        op.execute(f"create policy operator on {table} to discovery_owner using (true)")
    for table in ORCHESTRATOR_READS:
        op.execute(f"grant select on {table} to discovery_orchestrator")
        op.execute(f"create policy orchestrator on {table} for select to discovery_orchestrator using (true)")
    for table in APPEND_ONLY:
        op.execute(
            f"create trigger append_only before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )
    op.execute(
        "create trigger wake after insert on flow_events for each statement execute function wake_readers()"
    )
    op.execute("revoke execute on function authenticate from public")
    op.execute("grant execute on function authenticate to discovery_app")
    for table in ARCHIVIST_MOVES:
        op.execute(f"grant select, delete on {table} to discovery_archivist")
        op.execute(f"create policy archivist on {table} to discovery_archivist using (true)")
    op.execute("grant select, insert on discovery_flows_history to discovery_archivist")
    op.execute("create policy archivist on discovery_flows_history to discovery_archivist using (true)")
    op.execute("grant create on schema public to discovery_archivist")
    op.execute(ARCHIVE)
    op.execute("revoke execute on function archive_flows from public")
    op.execute("grant execute on function archive_flows to discovery_owner")
    op.execute("alter function archive_flows owner to discovery_archivist")
    op.execute("revoke create on schema public from discovery_archivist")


def downgrade() -> None:
    """Drop what upgrade made."""
    op.execute("drop function archive_flows")
    op.execute("drop trigger wake on flow_events")
    for table in APPEND_ONLY:
        op.execute(f"drop trigger append_only on {table}")
    for table in APP_MAY:
        for policy in ("tenant", "operator", "orchestrator", "archivist"):
            op.execute(f"drop policy if exists {policy} on {table}")
        op.execute(f"alter table {table} no force row level security, disable row level security")
        op.execute(
            f"revoke all on {table} from discovery_app, discovery_readonly, discovery_orchestrator, "
            "discovery_archivist"
        )
    op.execute("drop function authenticate, wake_readers, refuse_change, current_engagement, current_client_account")
