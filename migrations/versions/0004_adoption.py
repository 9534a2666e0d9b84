"""Adopt an older, session-based database: its flows and imports, from where 0001 moved its tables.

Old tables stay in the schema `discovery_backup` as they were, session columns and all. Each flow gets what it lacked:
a state where it was null, metadata, phases, a first audit, the events that tell how it stands, and a tenant (its own, or
the default one). Active flows that repeat an earlier one are archived. Nothing is done where there is no such database,
and nothing twice. Going back leaves the rows: they are the new tables' by now.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OLD_FLOWS = "discovery_backup.discovery_flows"
OLD_IMPORTS = "discovery_backup.data_imports"

STEPS = (
    # What old rows say, whatever columns they have, in our words.
    """
create temporary table adopted on commit drop as
with old as (select to_jsonb(flow) as old from discovery_backup.discovery_flows as flow),
said as (
    select
        case
            when pg_input_is_valid(old ->> 'id', 'uuid') then (old ->> 'id')::uuid
            when pg_input_is_valid(old ->> 'flow_id', 'uuid') then (old ->> 'flow_id')::uuid
            else md5(old::text)::uuid
        end as id,
        old ->> 'id' as old_id,
        coalesce(nullif(old ->> 'client_account_id', ''), 'default') as account,
        coalesce(nullif(old ->> 'engagement_id', ''), 'default') as engagement,
        coalesce(nullif(old ->> 'name', ''), nullif(old ->> 'flow_name', ''), 'flow') as name,
        coalesce(old ->> 'source_system', old ->> 'source', 'unknown') as source_system,
        coalesce(old ->> 'target_system', old ->> 'target', 'unknown') as target_system,
        lower(coalesce(old ->> 'status', 'active')) as status,
        lower(coalesce(old ->> 'current_phase', '')) as phase,
        case when jsonb_typeof(old -> 'state_data') = 'object' then old -> 'state_data' else '{}' end as state,
        coalesce(
            case when jsonb_typeof(old -> 'flow_metadata') = 'object' then old -> 'flow_metadata' end,
            case when jsonb_typeof(old -> 'metadata') = 'object' then old -> 'metadata' end,
            '{}'
        ) as metadata,
        coalesce(nullif(old ->> 'created_by', ''), nullif(old ->> 'user_id', ''), 'unknown') as created_by,
        coalesce((old ->> 'created_at')::timestamptz, now()) as created_at,
        coalesce((old ->> 'updated_at')::timestamptz, (old ->> 'created_at')::timestamptz, now()) as updated_at
    from old
),
placed as (
    select
        said.*,
        case
            when status in ('completed', 'complete', 'done') then 'validation'
            when phase like '%mapping%' then 'field_mapping'
            when phase like '%cleans%' then 'cleansing'
            when phase = 'validation' then 'validation'
            else 'data_import'
        end as current_phase
    from said
)
select
    placed.*,
    case
        when status in ('completed', 'complete', 'done') then 'completed'
        when status in ('failed', 'cancelled', 'archived') then status
        when current_phase = 'field_mapping' then 'waiting_for_review'
        else 'active'
    end as now_status
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
select distinct account::bigint, 'account ' || account from adopted where account ~ '^[0-9]{1,18}$'
on conflict do nothing
""",
    "select setval(pg_get_serial_sequence('client_accounts', 'id'), max(id)) from client_accounts having max(id) > 0",
    """
insert into client_accounts (name)
select distinct account from adopted where account !~ '^[0-9]{1,18}$'
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
where engagement ~ '^[0-9]{1,18}$'
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
    """
update adopted set
    slug = concat_ws(
        '-',
        coalesce(nullif(trim('-' from left(regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g'), 40)), ''), 'flow'),
        to_char(created_at at time zone 'UTC', 'YYYY-MM-DD'),
        left(replace(id::text, '-', ''), 8)
    ),
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
    client_account_id, engagement_id, flow_id, filename, sha256, byte_size, row_count, status, created_by, created_at
)
select
    client_account_id, engagement_number, adopted.id,
    coalesce(old ->> 'filename', old ->> 'file_name', old ->> 'name', 'unknown'),
    coalesce(old ->> 'sha256', old ->> 'file_hash', old ->> 'content_hash', old ->> 'checksum', 'unknown:' || md5(old::text)),
    coalesce((old ->> 'byte_size')::bigint, (old ->> 'file_size')::bigint, 0),
    coalesce((old ->> 'row_count')::bigint, (old ->> 'total_records')::bigint, 0),
    'accepted', created_by, coalesce((old ->> 'created_at')::timestamptz, adopted.created_at)
from (select to_jsonb(import) as old from discovery_backup.data_imports as import) as imports
join adopted on coalesce(old ->> 'flow_id', old ->> 'discovery_flow_id') in (adopted.id::text, adopted.old_id)
on conflict do nothing
"""
DUPLICATES = """
with files as (
    select flow_id, array_agg(sha256 order by sha256) as hashes from data_imports group by flow_id
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


def upgrade() -> None:
    """Adopt what is there to be adopted."""
    if not _there(OLD_FLOWS):
        return
    for step in STEPS:
        op.get_bind().exec_driver_sql(step.replace("%", "%%"))
    if _there(OLD_IMPORTS):
        op.get_bind().exec_driver_sql(IMPORTS)
    op.get_bind().exec_driver_sql(DUPLICATES)


def _there(table: str) -> bool:
    return op.get_bind().exec_driver_sql(f"select to_regclass('{table}')").scalar() is not None


def downgrade() -> None:
    """Leave the rows where they are."""
