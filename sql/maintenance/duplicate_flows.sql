-- report: active flows of one engagement that move the same files from the same source to the same target.
-- Safe at any time: it only reads. `discovery db maintain --archive-duplicates` archives all but the earliest.
with files as (
    select flow_id, array_agg(sha256 order by sha256) as hashes
    from data_imports
    where status = 'accepted'
    group by flow_id
),
ranked as (
    select
        flow.slug,
        flow.created_at,
        first_value(flow.slug) over same as earliest,
        row_number() over same as place
    from discovery_flows as flow
    join files on files.flow_id = flow.id
    where flow.status in ('initializing', 'active', 'waiting_for_review')
    window same as (
        partition by flow.client_account_id, flow.engagement_id, flow.source_system, flow.target_system, files.hashes
        order by flow.created_at, flow.id
    )
)
select slug, earliest as same_as, created_at
from ranked
where place > 1
order by earliest, created_at;
