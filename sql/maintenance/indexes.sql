-- tend: builds the indexes that operators' queries and readers rely on, where one is missing.
-- Safe at any time: CONCURRENTLY blocks neither readers nor writers. Each statement stands alone, outside a transaction.
create index concurrently if not exists idx_discovery_flows_client_flow on discovery_flows (client_account_id, id);
create index concurrently if not exists idx_discovery_flows_status_updated on discovery_flows (status, updated_at);
create index concurrently if not exists idx_discovery_flows_client_status_updated
    on discovery_flows (client_account_id, status, updated_at desc);
create index concurrently if not exists idx_active_flows
    on discovery_flows (updated_at) where status in ('active', 'waiting_for_review');
create index concurrently if not exists idx_flow_state_phase
    on discovery_flows using gin ((state_data -> 'current_phase'));
create index concurrently if not exists idx_flow_metadata on discovery_flows using gin (flow_metadata);
create index concurrently if not exists idx_flow_name_search
    on discovery_flows using gin (to_tsvector('simple', name));
create index concurrently if not exists idx_flows_engagement on discovery_flows (client_account_id, engagement_id);
create index concurrently if not exists idx_flows_created_by on discovery_flows (created_by);
create index concurrently if not exists idx_flows_newest on discovery_flows (created_at, id);
create index concurrently if not exists idx_flows_tenant_newest
    on discovery_flows (client_account_id, engagement_id, created_at, id);
create index concurrently if not exists idx_flow_phases_flow_status on flow_phases (discovery_flow_id, status);
create index concurrently if not exists idx_flow_events_flow_created on flow_events (flow_id, created_at);
create index concurrently if not exists idx_flow_events_type_created on flow_events (event_type, created_at);
create index concurrently if not exists idx_flows_history_engagement
    on discovery_flows_history (client_account_id, engagement_id, archived_at);
