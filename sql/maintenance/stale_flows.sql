-- move: flows that began or failed, and that nobody touched for 30 days, go into the history.
-- Safe at any time: a flow that somebody changes at this moment is passed over. Uses idx_discovery_flows_status_updated.
select archive_flows(
    array(
        select id
        from discovery_flows
        where status in ('initializing', 'failed')
            and updated_at < now() - interval '30 days'
        for update skip locked
    ),
    'maintenance',
    'untouched for 30 days'
) as moved;
