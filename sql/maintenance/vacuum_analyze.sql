-- tend: gives the space of dead rows back to their tables, and tells the planner what is in them.
-- Safe at any time: it takes no lock that readers or writers wait for. Each statement stands alone, outside a transaction.
vacuum (analyze) discovery_flows;
vacuum (analyze) flow_phases;
vacuum (analyze) flow_state_audits;
vacuum (analyze) flow_events;
vacuum (analyze) data_imports;
vacuum (analyze) field_mappings;
vacuum (analyze) quality_issues;
vacuum (analyze) run_requests;
vacuum (analyze) review_decisions;
vacuum (analyze) agent_requests;
vacuum (analyze) idempotency_keys;
vacuum (analyze) discovery_flows_history;
