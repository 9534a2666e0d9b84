-- move: flows that were completed 90 days ago go into the history, with phases, audits and events.
-- Safe at any time: archive_flows moves them in one statement (DELETE … RETURNING), and a flow that is re-opened at this
-- moment is passed over. Uses idx_discovery_flows_status_updated.
select archive_flows(
    array(
        select id
        from discovery_flows
        where status = 'completed'
            and updated_at < now() - interval '90 days'
        for update skip locked
    ),
    'maintenance',
    'completed 90 days ago'
) as moved;
