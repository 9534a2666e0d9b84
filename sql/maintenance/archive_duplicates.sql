-- move, when asked: active flows that repeat an earlier one of their engagement go into the history.
-- The same files, source and target; the earliest stays. Look at duplicate_flows first. A flow that somebody changes at
-- this moment is passed over. 500 at a time: run it again until it returns nothing.
with files as (
    select flow_id, array_agg(sha256 order by sha256) as hashes
    from data_imports
    where status = 'accepted'
    group by flow_id
),
ranked as (
    select
        flow.id,
        row_number() over (
            partition by
                flow.client_account_id, flow.engagement_id, flow.source_system, flow.target_system, files.hashes
            order by flow.created_at, flow.id
        ) as place
    from discovery_flows as flow
    join files on files.flow_id = flow.id
    where flow.status in ('initializing', 'active', 'waiting_for_review')
),
chosen as (
    select id, slug
    from discovery_flows
    where id in (select id from ranked where place > 1)
    limit 500
    for update skip locked
)
select chosen.slug, moved.id
from archive_flows(array(select id from chosen), 'maintenance', 'repeats an earlier flow') as moved (id)
join chosen using (id);
