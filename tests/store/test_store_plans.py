"""Plans: questions are answered from indexes, under row security too, and no large table is read whole."""

from __future__ import annotations

import asyncio
import random

import psycopg

from benchmarks.state import fill, questions, tenant, went_by
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.events.outbox import Cursor
from discovery_pipeline.store.postgres.databases import Role
from discovery_pipeline.store.postgres.session import Sessions
from discovery_pipeline.store.schema import metadata

FLOWS = 4_000

GO_BY = {
    "status, by id": {"pk_discovery_flows"},
    "status, by slug": {"uq_discovery_flows_slug"},
    "list, first page of 50": {"idx_flows_newest", "idx_flows_tenant_newest"},
    "list, a page far on": {"idx_flows_newest", "idx_flows_tenant_newest"},
    "list, one status": {"idx_flows_newest", "idx_flows_tenant_newest"},
    "list, a rare status": {"idx_discovery_flows_client_status_updated", "idx_discovery_flows_status_updated"},
    "search, a word of every flow": {"idx_flows_newest", "idx_flows_tenant_newest"},
    "search, a word of one": {"idx_flow_name_search"},
    "search, no such word": {"idx_flow_name_search"},
    "events of a flow": {"ix_flow_events_flow_id_id", "idx_flow_events_flow_created"},
    "events of the tenant, newest": {"ix_flow_events_position_id"},
}
NOBODY = "00000000-0000-4000-8000-000000000000"
OPERATORS = {  # without idx_flows_engagement: idx_flows_tenant_newest begins with it, and either serves
    "idx_discovery_flows_client_flow": (
        "select id from discovery_flows where client_account_id = 105 order by id limit 9"
    ),
    "idx_discovery_flows_status_updated": (
        "select id from discovery_flows where status = 'initializing' and updated_at < now() - interval '20 days'"
    ),
    "idx_discovery_flows_client_status_updated": (
        "select id from discovery_flows where client_account_id = 101 and status = 'failed' "
        "order by updated_at desc limit 9"
    ),
    "idx_active_flows": (
        "select id from discovery_flows where status in ('active', 'waiting_for_review') order by updated_at limit 9"
    ),
    "idx_flow_state_phase": "select id from discovery_flows where state_data -> 'current_phase' @> '\"cleansing\"'",
    "idx_flow_metadata": """select id from discovery_flows where flow_metadata @> '{"ticket": 7}'""",
    "idx_flow_name_search": "select id from discovery_flows where to_tsvector('simple', name) @@ 'batch77'",
    "idx_flows_created_by": "select id from discovery_flows where created_by = 'ben'",
    "idx_flow_phases_flow_status": (
        f"select name from flow_phases where discovery_flow_id = '{NOBODY}' and status = 'running'"
    ),
    "idx_flow_events_flow_created": (
        f"select id from flow_events where flow_id = '{NOBODY}' order by created_at limit 9"
    ),
    "idx_flow_events_type_created": (
        "select id from flow_events where event_type = 'flow.failed' and created_at > now() - interval '1 day'"
    ),
}  # fmt: skip


def test_the_applications_questions_go_by_indexes_under_row_security(store: Store):
    fill(store.databases, FLOWS)
    found = asyncio.run(asked(store))
    assert {what for what, used in found.items() if used & metadata.tables.keys()} == set()
    assert {what for what, by in GO_BY.items() if not found[what] & by} == set()


async def asked(store: Store) -> dict[str, set[str]]:
    from discovery_pipeline.store.flows import Flows

    sessions, chance = Sessions(store.databases), random.Random(1)
    known = await Flows(sessions).list(tenant(0), limit=100)
    found = {}
    for what, ask in questions(chance, known, Cursor(100, 0)).items():
        async with sessions.transaction(tenant(0)) as session:
            found[what] = set(await went_by(session, ask))
    await sessions.close()
    return found


def test_operators_queries_go_by_the_indexes_they_know(store: Store):
    fill(store.databases, FLOWS)
    with psycopg.connect(store.databases.dsn(Role.OWNER)) as owner:
        plans = {
            index: "\n".join(line for (line,) in owner.execute(f"explain {query}".encode()))
            for index, query in OPERATORS.items()
        }
    assert {index: plan for index, plan in plans.items() if index not in plan} == {}
