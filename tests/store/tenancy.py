"""What tests of tenants share: a rival, a flow with a row in every table, and connections as each role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from discovery_pipeline.engine.findings import Finding, Severity
from discovery_pipeline.engine.intake.model import FileRead
from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.people import accounts
from discovery_pipeline.store.postgres.databases import Role
from discovery_pipeline.store.schema import metadata

NOBODYS = {"users", "login_codes", "web_sessions"}
"""Tables that belong to no tenant: the app reads them through functions, or not at all."""
TENANT_TABLES = sorted(set(metadata.tables) - NOBODYS)
OF_A_FLOW = [table.name for table in metadata.tables.values() if {"flow_id", "discovery_flow_id"} & set(table.c.keys())]
"""Tables of the parts of flows."""
WORK = {
    "run_requests": ("id, job, reason, requested_by", "gen_random_uuid(), 'discover', 'test', 'ops'"),
    "review_decisions": ("batch, kind, subject, decided_by", "gen_random_uuid(), 'mapping', 'a.b', 'ops'"),
    "agent_requests": ("agent, model, sha256, byte_size, outcome", "'risk', 'm', 'aa', 1, 'answered'"),
}
SHARED = {
    "mapping_profiles": (
        "name, version, source_system, target_system, content, created_by", "'p', 1, 'servicenow', 'aws', '{}', 'ops'"
    ),
    "target_contracts": ("name, contract, kept_by", "'t', '{}', 'ops'"),
    "database_sources": (
        "name, source_system, target_system, url_reference, created_by", "'d', 'servicenow', 'aws', 'env:URL', 'ops'"
    ),
    "idempotency_keys": ("login, key, route, request_sha256", "'ops', 'k', '/', 'x'"),
}  # fmt: skip


def rival(store: Store) -> Tenant:
    """Another tenant, with an admin of its own."""

    async def made() -> Tenant:
        async with store.flows.sessions.operating() as session:
            tenant = await accounts.create_engagement(session, "Rival", "Rival's move")
            await accounts.enrol(session, tenant, "rita", "admin")
            return tenant

    return store.wait_for(made())


def full(store: Store, tenant: Tenant) -> Flow:
    """A flow with a row in every table."""
    flow = store.start_phase(store.create_flow(tenant, "estate", "servicenow", "aws"), "data_import")
    store.record_imports(flow, FileRead(file="a.csv", status="read", sha256="aa"))
    store.complete_phase(flow, "data_import")
    field = MappedField(source_table="a", source_field="b", target_table="c", target_field="d", confidence=1)
    store.submit_mapping(flow, Mapping(target="aws", fields=(field,)))
    found = Finding(table="a", rule="null", severity=Severity.ERROR, count=1, evidence="1 of 1", action="fill")
    store.record_quality(flow, [found])
    owner = f"{flow.client_account_id}, {flow.engagement_id}"
    for table, (columns, values) in WORK.items():
        tenant_columns = "flow_id, client_account_id, engagement_id"
        store.query(f"insert into {table} ({tenant_columns}, {columns}) values ('{flow.id}', {owner}, {values})")
    for table, (columns, values) in SHARED.items():
        store.query(f"insert into {table} (client_account_id, engagement_id, {columns}) values ({owner}, {values})")
    return store.flow(None, flow.id)


def two_full_tenants(store: Store) -> tuple[Flow, Flow]:
    """A flow of the default tenant and one of a rival; both have rows in every table, in the history too."""
    flows = []
    for tenant in (store.default_tenant(), rival(store)):
        flows.append(full(store, tenant))
        store.create_token(tenant, "viewer")
        archive(store, store.create_flow(tenant, "old", "servicenow", "aws"))
    return flows[0], flows[1]


def archive(store: Store, flow: Flow) -> None:
    """Take the flow into the history."""
    store.query(f"select archive_flows(array['{flow.id}']::uuid[], 'ops', 'test')")


@contextmanager
def signed(store: Store, role: Role, tenant: Tenant | None = None) -> Iterator[psycopg.Connection]:
    """A connection of that role, in a transaction for that tenant or for nobody; it is rolled back."""
    with psycopg.connect(store.databases.dsn(role)) as connection:
        for name in ("client_account_id", "engagement_id") if tenant else ():
            connection.execute("select set_config(%s, %s, true)", [f"discovery.{name}", str(getattr(tenant, name))])
        yield connection
        connection.rollback()
