"""Adopt an older, session-based database: its flows and imports, from where 0001 moved its tables.

Old tables stay in the schema `discovery_backup` as they were, session columns and all. Each flow gets what it lacked:
a state where it was null, metadata, phases, a first audit, the events that tell how it stands, and a tenant (its own, or
the default one). Active flows that repeat an earlier one are archived. What can't be read as what it should be (a time, a
number, a state) is left out here, and stays there; so do mappings, which may be in words that nobody follows any more.
Nothing is done where there is no such database, and nothing twice. Going back leaves the rows: they are the new tables'
by now.

Locks nothing that anybody waits for: it reads the old tables, and adds rows to the new ones.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OLD_FLOWS = "discovery_backup.discovery_flows"

STEPS = (
    # Old rows may say anything in any type. These read it, or answer null. Times without a zone are UTC.
    "set local timezone to 'UTC'",
    """
create function pg_temp.moment(said jsonb) returns timestamptz language plpgsql as $$
declare
    word text := said #>> '{}';
    read timestamptz;
begin
    if word ~ '^[0-9]{1,10}([.][0-9]*)?$' then
        return to_timestamp(word::float8);
    end if;
    if pg_input_is_valid(word, 'timestamptz') then
        read := word::timestamptz;
    end if;
    return case when read between '0002-01-01' and '9998-12-31' then read end;
end $$
""",
    """
create function pg_temp.number(said jsonb) returns bigint language sql return
    trunc(substring(said #>> '{}' from '^\\s*([0-9]{1,18})([.][0-9]*)?\\s*$')::numeric)::bigint
""",
    """
create function pg_temp.object(said jsonb) returns jsonb language plpgsql as $$
declare
    word text := said #>> '{}';
begin
    if jsonb_typeof(said) = 'string' and pg_input_is_valid(word, 'jsonb') then
        said := word::jsonb;
    end if;
    return case when jsonb_typeof(said) = 'object' then said end;
end $$
""",
    # The number of a tenant as a number is written, or the name of one; empty says nothing.
    """
create function pg_temp.tenant(said text) returns text language sql return (
    select case when word ~ '^[0-9]{1,18}$' then word::bigint::text else coalesce(nullif(word, ''), 'default') end
    from (select trim(said)) as told (word)
)
""",
    # What old rows say, whatever columns they have, in our words. Rows that share an id get one of their own, but one.
    """
create temporary table adopted on commit drop as
with numbered as (
    select
        to_jsonb(flow) as old,
        row_number() over (
            partition by coalesce(to_jsonb(flow) ->> 'id', to_jsonb(flow) ->> 'flow_id') order by to_jsonb(flow)::text
        ) as copy
    from discovery_backup.discovery_flows as flow
),
said as (
    select
        case
            when copy > 1 then md5(old::text || copy)::uuid
            when pg_input_is_valid(old ->> 'id', 'uuid') then (old ->> 'id')::uuid
            when pg_input_is_valid(old ->> 'flow_id', 'uuid') then (old ->> 'flow_id')::uuid
            else md5(old::text)::uuid
        end as id,
        case when copy = 1 then array[old ->> 'id', old ->> 'flow_id'] else '{}' end as old_ids,
        pg_temp.tenant(old ->> 'client_account_id') as account,
        pg_temp.tenant(old ->> 'engagement_id') as engagement,
        coalesce(nullif(trim(old ->> 'name'), ''), nullif(trim(old ->> 'flow_name'), ''), 'flow') as name,
        coalesce(nullif(old ->> 'source_system', ''), nullif(old ->> 'source', ''), 'unknown') as source_system,
        coalesce(nullif(old ->> 'target_system', ''), nullif(old ->> 'target', ''), 'unknown') as target_system,
        lower(trim(coalesce(old ->> 'status', 'active'))) as status,
        lower(trim(coalesce(old ->> 'current_phase', old ->> 'phase', ''))) as phase,
        coalesce(pg_temp.object(old -> 'state_data'), '{}') as state,
        coalesce(pg_temp.object(old -> 'flow_metadata'), pg_temp.object(old -> 'metadata'), '{}') as metadata,
        coalesce(nullif(old ->> 'created_by', ''), nullif(old ->> 'user_id', ''), 'unknown') as created_by,
        coalesce(pg_temp.moment(old -> 'created_at'), pg_temp.moment(old -> 'updated_at'), now()) as created_at,
        coalesce(pg_temp.moment(old -> 'updated_at'), pg_temp.moment(old -> 'created_at'), now()) as updated_at
    from numbered
),
placed as (
    select
        said.*,
        case
            when status in ('completed', 'complete', 'done', 'finished', 'success', 'succeeded') then 'completed'
            when status in ('failed', 'failure', 'error', 'errored', 'timeout', 'timed_out') then 'failed'
            when status in ('cancelled', 'canceled', 'aborted', 'deleted', 'stopped') then 'cancelled'
            when status = 'archived' then status
        end as ended,
        case
            when phase like '%mapping%' then 'field_mapping'
            when phase like '%cleans%' then 'cleansing'
            when phase like '%validation%' and phase not like '%import%' then 'validation'
            else 'data_import'
        end as phase_now
    from said
)
select
    placed.*,
    case when ended = 'completed' then 'validation' else phase_now end as current_phase,
    coalesce(ended, case when phase_now = 'field_mapping' then 'waiting_for_review' else 'active' end) as now_status
from placed
""",
    # Nothing twice: what is here already, or in the history, was adopted before.
    """
delete from adopted
where id in (select id from discovery_flows) or id in (select id from discovery_flows_history)
""",
    # Tenants keep their numbers; other names become accounts of that name.
    """
insert into client_accounts (id, name)
select distinct account::bigint, 'account ' || account from adopted where account ~ '^[0-9]+$'
on conflict do nothing
""",
    "select setval(pg_get_serial_sequence('client_accounts', 'id'), max(id)) from client_accounts having max(id) > 0",
    """
insert into client_accounts (name)
select distinct account from adopted where account !~ '^[0-9]+$'
on conflict do nothing
""",
    """
alter table adopted add column client_account_id bigint, add column engagement_number bigint, add column slug text,
    add column state_data jsonb
""",
    """
update adopted set client_account_id = client_accounts.id
from client_accounts
where client_accounts.id::text = adopted.account or client_accounts.name = adopted.account
""",
    """
insert into engagements (id, client_account_id, name)
select distinct on (engagement) engagement::bigint, client_account_id, 'engagement ' || engagement
from adopted
where engagement ~ '^[0-9]+$'
order by engagement, client_account_id
on conflict do nothing
""",
    "select setval(pg_get_serial_sequence('engagements', 'id'), max(id)) from engagements having max(id) > 0",
    """
insert into engagements (client_account_id, name)
select distinct adopted.client_account_id, adopted.engagement
from adopted
where not exists (
    select from engagements
    where engagements.client_account_id = adopted.client_account_id
        and adopted.engagement in (engagements.id::text, engagements.name)
)
on conflict do nothing
""",
    """
update adopted set engagement_number = engagements.id
from engagements
where engagements.client_account_id = adopted.client_account_id
    and adopted.engagement in (engagements.id::text, engagements.name)
""",
    # How each phase stands, as the events below tell it.
    """
create temporary table adopted_phases on commit drop as
select
    adopted.id as flow_id,
    phase.name,
    phase.place,
    case
        when phase.place < here.place or adopted.now_status = 'completed' then 'completed'
        when phase.place > here.place then 'pending'
        when adopted.now_status = 'failed' then 'failed'
        when phase.name = 'field_mapping' then 'waiting_for_review'
        else 'pending'
    end as status
from adopted
cross join (values
    ('initialization', 1), ('data_import', 2), ('field_mapping', 3), ('cleansing', 4), ('validation', 5)
) as phase (name, place)
join (values ('data_import', 2), ('field_mapping', 3), ('cleansing', 4), ('validation', 5)) as here (name, place)
    on here.name = adopted.current_phase
""",
    # Ids that were given out in order begin alike: where slugs would be the same, they have more of it.
    """
update adopted set slug = told.slug
from (
    select
        id,
        begun || '-' || case when count(*) over (partition by begun, left(digits, 8)) = 1 then left(digits, 8) else digits end
            as slug
    from (
        select
            id,
            replace(id::text, '-', '') as digits,
            concat_ws(
                '-',
                coalesce(nullif(trim('-' from left(regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g'), 40)), ''), 'flow'),
                to_char(created_at at time zone 'UTC', 'YYYY-MM-DD')
            ) as begun
        from adopted
    ) as spelled
) as told
where told.id = adopted.id
""",
    """
update adopted set
    state_data = state || jsonb_build_object(
        'status', now_status,
        'current_phase', current_phase,
        'phases', (select jsonb_object_agg(name, adopted_phases.status) from adopted_phases where flow_id = adopted.id)
    )
""",
    """
insert into discovery_flows (
    id, client_account_id, engagement_id, name, slug, source_system, target_system, status, current_phase, state_data,
    flow_metadata, created_by, created_at, updated_at
)
select
    id, client_account_id, engagement_number, name, slug, source_system, target_system, now_status, current_phase,
    state_data, metadata, created_by, created_at, updated_at
from adopted
""",
    """
insert into flow_phases (
    client_account_id, engagement_id, discovery_flow_id, name, status, started_at, completed_at
)
select
    client_account_id, engagement_number, adopted.id, part.name, part.status,
    case
        when part.name = 'initialization' then created_at
        when part.name = 'field_mapping' and part.status <> 'pending' then updated_at
    end,
    case when part.status = 'completed' then updated_at end
from adopted_phases as part
join adopted on adopted.id = part.flow_id
""",
    """
insert into flow_state_audits (client_account_id, engagement_id, flow_id, new_state, changed_by, changed_at, reason)
select client_account_id, engagement_number, id, state_data, created_by, updated_at, 'adopted from an older database'
from adopted
""",
    """
insert into flow_events (client_account_id, engagement_id, flow_id, event_type, event_data, created_by, created_at)
select client_account_id, engagement_number, adopted.id, told.type, told.data, created_by, told.at
from adopted
cross join lateral (
    select 0 as place, 'flow.created' as type, created_at as at, jsonb_build_object(
        'name', name, 'slug', slug, 'source_system', source_system, 'target_system', target_system,
        'client_account_id', client_account_id, 'engagement_id', engagement_number
    ) as data
    union all
    select part.place, 'flow.phase.completed', updated_at, jsonb_build_object('phase', part.name, 'result', '{}'::jsonb)
    from adopted_phases as part
    where part.flow_id = adopted.id and part.status = 'completed'
    union all
    select 10, 'flow.phase.failed', updated_at, jsonb_build_object('phase', current_phase, 'result', '{}'::jsonb)
    where now_status = 'failed'
    union all
    select 11, 'flow.' || now_status, updated_at, jsonb_build_object('phase', current_phase)
    where now_status in ('failed', 'cancelled', 'archived')
    union all
    select 12, 'flow.state.updated', updated_at, jsonb_build_object('previous_state', null, 'new_state', state_data)
) as told
order by adopted.created_at, adopted.id, told.place
""",
)
IMPORTS = """
insert into data_imports (
    client_account_id, engagement_id, flow_id, filename, sha256, byte_size, row_count, status, rejected_reason, created_by,
    created_at
)
select
    client_account_id, engagement_number, adopted.id,
    coalesce(old ->> 'filename', old ->> 'file_name', old ->> 'name', 'unknown'),
    coalesce(old ->> 'sha256', old ->> 'file_hash', old ->> 'content_hash', old ->> 'checksum', 'unknown:' || md5(old::text)),
    coalesce(pg_temp.number(old -> 'byte_size'), pg_temp.number(old -> 'file_size'), 0),
    coalesce(pg_temp.number(old -> 'row_count'), pg_temp.number(old -> 'total_records'), 0),
    case when refused then 'rejected' else 'accepted' end,
    case when refused then coalesce(old ->> 'rejected_reason', old ->> 'error_message', old ->> 'error', old ->> 'status') end,
    created_by, coalesce(pg_temp.moment(old -> 'created_at'), adopted.created_at)
from (
    select old, lower(coalesce(old ->> 'status', '')) in ('failed', 'error', 'rejected', 'invalid', 'cancelled') as refused
    from (select to_jsonb(import) as old from discovery_backup.data_imports as import) as every
) as imports
join adopted on coalesce(old ->> 'flow_id', old ->> 'discovery_flow_id') = any (array[adopted.id::text] || old_ids)
on conflict do nothing
"""
ACCOUNT_NAMES = """
with told as (
    select old ->> 'id' as id, trim(old ->> 'name') as name, row_number() over (partition by trim(old ->> 'name')) as copy
    from (select to_jsonb(account) as old from discovery_backup.client_accounts as account) as accounts
)
update client_accounts set name = told.name
from told
where told.copy = 1
    and told.name <> ''
    and client_accounts.name in ('account ' || told.id, told.id)
    and not exists (select from client_accounts as other where other.name = told.name)
"""
ENGAGEMENT_NAMES = """
with told as (
    select old ->> 'id' as id, trim(old ->> 'name') as name, row_number() over (partition by trim(old ->> 'name')) as copy
    from (select to_jsonb(engagement) as old from discovery_backup.engagements as engagement) as engagements
)
update engagements set name = told.name
from told
where told.copy = 1
    and told.name <> ''
    and engagements.name in ('engagement ' || told.id, told.id)
    and not exists (select from engagements as other where other.name = told.name)
"""
DUPLICATES = """
with files as (
    select flow_id, array_agg(sha256 order by sha256) as hashes from data_imports where status = 'accepted' group by flow_id
),
ranked as (
    select flow.id, row_number() over (
        partition by flow.client_account_id, flow.engagement_id, flow.source_system, flow.target_system, files.hashes
        order by flow.created_at, flow.id
    ) as place
    from discovery_flows as flow
    join adopted using (id)
    join files on files.flow_id = flow.id
    where flow.status in ('initializing', 'active', 'waiting_for_review')
)
select archive_flows(array(select id from ranked where place > 1), 'adoption', 'repeats an earlier flow')
"""


OTHERS = {
    "discovery_backup.data_imports": IMPORTS,
    "discovery_backup.client_accounts": ACCOUNT_NAMES,
    "discovery_backup.engagements": ENGAGEMENT_NAMES,
}
"""What else there may be, and what is done with it."""


def upgrade() -> None:
    """Adopt what is there to be adopted."""
    if not _there(OLD_FLOWS):
        return
    for step in STEPS:
        _do(step)
    for table, step in OTHERS.items():
        if _there(table):
            _do(step)
    _do(DUPLICATES)


def _there(table: str) -> bool:
    return op.get_bind().exec_driver_sql(f"select to_regclass('{table}')").scalar() is not None


def _do(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement.replace("%", "%%"))


def downgrade() -> None:
    """Leave the rows where they are."""
