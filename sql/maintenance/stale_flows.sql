-- move: flows that began or failed, and that nobody touched for 30 days, go into the history.
-- Safe at any time: a flow that somebody changes at this moment is passed over. 500 at a time, the oldest first: run it
-- again until it returns nothing. Uses idx_discovery_flows_status_updated.
with chosen as (
    select id, slug
    from discovery_flows
    where status in ('initializing', 'failed')
        and updated_at < now() - interval '30 days'
    order by updated_at
    limit 500
    for update skip locked
)
select chosen.slug, moved.id
from archive_flows(array(select id from chosen), 'maintenance', 'untouched for 30 days') as moved (id)
join chosen using (id);
