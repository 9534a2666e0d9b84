"""Readers of events and of lists: places that keep a flow's order, a bell that says for whom it rings, search by name.

Takes a short exclusive lock on flow_events, for its triggers; no row is touched. Going back drops what upgrade made; the
places of events stay as they are, and hold.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FUNCTIONS = (
    """
-- What is added to a transaction's number to give an event's place: nothing, until settle_event_clock says otherwise.
create function event_clock_shift() returns bigint immutable parallel safe language sql
return 0::bigint;
""",
    """
-- Every transaction of a lower number has ended: what it wrote is to be seen, or never will be.
create function events_closed_below() returns bigint stable parallel safe language sql
return pg_snapshot_xmin(pg_current_snapshot())::text::bigint + public.event_clock_shift();
""",
    """
-- How far the clock stands behind the places that were given out; 0 or less where all is well.
create function event_clock_behind() returns bigint stable language sql
return coalesce(
    (select max(position) from public.flow_events)
        - pg_snapshot_xmax(pg_current_snapshot())::text::bigint - public.event_clock_shift() + 1,
    0
);
""",
    """
-- A database that was dumped and restored on another server brings places from transactions that this server has yet to
-- come to. Then new events would stand before old ones, and readers would pass them over. This puts the clock forward.
-- Returns by how much: 0 where all is well.
create function settle_event_clock() returns bigint language plpgsql as $$
declare
    behind bigint := public.event_clock_behind();
begin
    if behind <= 0 then
        return 0;
    end if;
    perform pg_advisory_xact_lock(hashtext('settle_event_clock'));
    behind := public.event_clock_behind();  -- somebody may have settled it meanwhile
    if behind <= 0 then
        return 0;
    end if;
    execute format(
        'create or replace function public.event_clock_shift() returns bigint immutable parallel safe language sql '
        'return %s::bigint',
        public.event_clock_shift() + behind
    );
    return behind;
end $$;
""",
    """
-- An event stands where its transaction does, and never before an earlier event of its flow. A transaction that wrote
-- something else first may have a lower number than one that told of the flow before it.
create function place_event() returns trigger language plpgsql as $$
begin
    new.position := greatest(
        pg_current_xact_id()::text::bigint + public.event_clock_shift(),
        (
            select earlier.position
            from public.flow_events as earlier
            where earlier.flow_id = new.flow_id
            order by earlier.id desc
            limit 1
        )
    );
    return new;
end $$;
""",
    """
-- NOTIFY wakes readers; what they read is the table. The tone lets those sleep on who follow another flow.
create or replace function wake_readers() returns trigger language plpgsql as $$
begin
    perform pg_notify('discovery_events', tone) from (select distinct left(flow_id::text, 3) as tone from told) as of;
    return null;
end $$;
""",
    """
-- What somebody looks for: every word, or how it begins, in any order. Null where nothing is a word.
create function name_query(words text) returns tsquery immutable parallel safe language sql
return (
    select string_agg('''' || replace(replace(lexeme, '\\', ''), '''', '''''') || ''':*', ' & ')
    from unnest(to_tsvector('simple', words))
)::tsquery;
""",
    """
-- A page of the tenant's flows by their names, newest first. Row security lets no index be asked for words before it has
-- looked at every row itself (the operator may leak what it sees). Here the tenant is asked for in the query, and the
-- planner is free. Planned anew each time: a rare word wants another plan than a common one.
create function flows_named(words text, of_status text, before_at timestamptz, before_id uuid, at_most integer)
    returns setof uuid
    stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan
    language plpgsql as $$
begin
    return query
    select id
    from discovery_flows
    where client_account_id = current_client_account()
        and engagement_id = current_engagement()
        and to_tsvector('simple', name) @@ name_query(words)
        and (of_status is null or status = of_status)
        and (before_id is null or (created_at, id) < (before_at, before_id))
    order by created_at desc, id desc
    limit at_most;
end $$;
""",
)
FORMER_WAKE = """
create or replace function wake_readers() returns trigger language plpgsql as $$
begin
    notify discovery_events;
    return null;
end $$;
"""
WAKE = "create trigger wake after insert on flow_events {told} for each statement execute function wake_readers()"
TOLD = "referencing new table as told"


def upgrade() -> None:
    """Place events, give the bell its tones, open the search."""
    op.execute("drop trigger wake on flow_events")
    for function in FUNCTIONS:
        op.execute(function)
    op.execute(WAKE.format(told=TOLD))
    op.execute("create trigger place before insert on flow_events for each row execute function place_event()")
    op.execute("select settle_event_clock()")
    op.execute("revoke execute on function settle_event_clock from public")
    op.execute("revoke execute on function flows_named from public")
    op.execute("grant execute on function flows_named to discovery_app, discovery_readonly")


def downgrade() -> None:
    """Back to a bell of one tone, and to places that are numbers of transactions."""
    op.execute("drop trigger place on flow_events")
    op.execute("drop trigger wake on flow_events")
    op.execute(FORMER_WAKE)
    op.execute(WAKE.format(told=""))
    op.execute(
        "drop function flows_named, name_query, place_event, settle_event_clock, event_clock_behind, "
        "events_closed_below, event_clock_shift"
    )
