-- move: flows that were completed 90 days ago go into the history, with all that belongs to them.
-- Safe at any time: archive_flows moves them in one statement (DELETE … RETURNING), and a flow that is re-opened at this
-- moment is passed over. 500 at a time, the oldest first: run it again until it returns nothing.
-- Uses idx_discovery_flows_status_updated.
with chosen as (
    select id, slug
    from discovery_flows
    where status = 'completed'
        and updated_at < now() - interval '90 days'
    order by updated_at
    limit 500
    for update skip locked
)
select chosen.slug, moved.id
from archive_flows(array(select id from chosen), 'maintenance', 'completed 90 days ago') as moved (id)
join chosen using (id);
