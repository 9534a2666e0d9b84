-- report: flows that have lost a part of themselves, or that nobody may see.
-- Safe at any time: it only reads. What it lists, `discovery flows recover FLOW --repair` mends.
select
    flow.slug,
    flow.status,
    flow.updated_at,
    concat_ws(
        ', ',
        case when not exists (select from flow_phases where discovery_flow_id = flow.id) then 'no phases' end,
        case when not exists (select from flow_state_audits where flow_id = flow.id) then 'no audit' end,
        case when not exists (select from flow_events where flow_id = flow.id) then 'no events' end,
        case when not exists (
            select from memberships
            where memberships.client_account_id = flow.client_account_id
                and memberships.engagement_id = flow.engagement_id
        ) then 'nobody belongs to its engagement' end
    ) as orphaned
from discovery_flows as flow
where not exists (select from flow_phases where discovery_flow_id = flow.id)
    or not exists (select from flow_state_audits where flow_id = flow.id)
    or not exists (select from flow_events where flow_id = flow.id)
    or not exists (
        select from memberships
        where memberships.client_account_id = flow.client_account_id
            and memberships.engagement_id = flow.engagement_id
    )
order by flow.updated_at;
