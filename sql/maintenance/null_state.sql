-- mend: flows without a state get an empty one, which `discovery flows recover --repair` fills from their events.
-- Safe at any time: it touches no flow that has a state.
update discovery_flows
set state_data = '{}'
where state_data is null
returning slug;
