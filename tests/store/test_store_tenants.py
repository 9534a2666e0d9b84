"""Tenants: nobody sees or touches another's rows, whatever the SQL says."""

from __future__ import annotations

import psycopg
import pytest

from discovery_pipeline.engine.findings import Finding, Severity
from discovery_pipeline.engine.intake.model import FileRead
from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.errors import FlowNotFoundError
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store import accounts
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.databases import ARCHIVIST, Role
from discovery_pipeline.store.schema import metadata

NOBODYS = {"users", "login_codes", "web_sessions"}
"""Tables that belong to no tenant: the app reads them through functions, or not at all."""
TENANT_TABLES = sorted(set(metadata.tables) - NOBODYS)
WORK = {
    "run_requests": ("id, job, reason, requested_by", "gen_random_uuid(), 'discover', 'test', 'ops'"),
    "review_decisions": ("batch, kind, subject, decided_by", "gen_random_uuid(), 'mapping', 'a.b', 'ops'"),
    "agent_requests": ("agent, model, sha256, byte_size, outcome", "'risk', 'm', 'aa', 1, 'answered'"),
}
SHARED = {
    "mapping_profiles": (
        "name, version, source_system, target_system, content, created_by", "'p', 1, 'servicenow', 'aws', '{}', 'ops'"
    ),
    "database_sources": (
        "name, source_system, target_system, url_reference, created_by", "'d', 'servicenow', 'aws', 'env:URL', 'ops'"
    ),
    "idempotency_keys": ("login, key, route, request_sha256", "'ops', 'k', '/', 'x'"),
}  # fmt: skip


@pytest.fixture
def theirs(store: Store) -> Tenant:
    async def made() -> Tenant:
        async with store.flows.sessions.operating() as session:
            tenant = await accounts.create_engagement(session, "Rival", "Rival's move")
            await accounts.enrol(session, tenant, "rita", "admin")
            return tenant

    return store.wait_for(made())


def full(store: Store, tenant: Tenant) -> Flow:
    """A flow with a row in every table."""
    flow = store.start_phase(store.create_flow(tenant, "estate", "servicenow", "aws"), "data_import")
    store.record_import(flow, FileRead(file="a.csv", status="read", sha256="aa"))
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


def as_app(store: Store, tenant: Tenant | None = None) -> psycopg.Connection:
    connection = psycopg.connect(store.databases.dsn(Role.APP))
    if tenant is not None:
        for name in ("client_account_id", "engagement_id"):
            connection.execute("select set_config(%s, %s, true)", [f"discovery.{name}", str(getattr(tenant, name))])
    return connection


def test_the_app_sees_one_tenants_rows_and_nobodys_without_one(store: Store, theirs: Tenant):
    mine = store.default_tenant()
    for tenant in (mine, theirs):
        full(store, tenant)
        store.create_token(tenant, "viewer")
    archived(store, mine, theirs)
    for table in TENANT_TABLES:
        account = "id" if table == "client_accounts" else "client_account_id"
        everything = f"select distinct {account} from {table}"
        assert {row[0] for row in store.query(everything)} == {mine.client_account_id, theirs.client_account_id}
        with as_app(store, theirs) as connection:
            assert connection.execute(everything).fetchall() == [(theirs.client_account_id,)], table
        with as_app(store) as connection:
            assert connection.execute(everything).fetchall() == [], table


def archived(store: Store, *tenants: Tenant) -> None:
    ids = [str(store.create_flow(tenant, "old", "servicenow", "aws").id) for tenant in tenants]
    store.query(f"select archive_flows(array['{ids[0]}', '{ids[1]}']::uuid[], 'ops', 'test')")


def test_the_app_sees_only_its_tenants_users(store: Store, theirs: Tenant):
    with as_app(store, theirs) as connection:
        assert connection.execute("select login from users").fetchall() == [("rita",)]


def test_another_tenants_flow_is_not_found(store: Store, theirs: Tenant):
    flow = full(store, store.default_tenant())
    with pytest.raises(FlowNotFoundError):
        store.flow(theirs, flow.slug)
    assert store.list_flows(theirs) == []


@pytest.mark.parametrize(
    "how", ["update discovery_flows set name = 'mine'", "update flow_phases set status = 'failed'"]
)
def test_an_update_without_where_stays_at_home(store: Store, theirs: Tenant, how: str):
    flow = full(store, store.default_tenant())
    with as_app(store, theirs) as connection:
        assert connection.execute(how.encode()).rowcount == 0
    assert store.flow(None, flow.id) == flow


def test_a_row_cannot_be_written_for_another_tenant(store: Store, theirs: Tenant):
    flow = full(store, store.default_tenant())
    columns = "(client_account_id, engagement_id, flow_id, event_type, created_by)"
    with as_app(store, theirs) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(
            f"insert into flow_events {columns} values (%s, %s, %s, 'flow.created', 'x')",
            [flow.client_account_id, flow.engagement_id, flow.id],
        )


def test_a_part_cannot_be_hung_on_another_tenants_flow(store: Store, theirs: Tenant):
    flow = full(store, store.default_tenant())
    columns = "(client_account_id, engagement_id, flow_id, event_type, created_by)"
    with as_app(store, theirs) as connection, pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute(
            f"insert into flow_events {columns} values (%s, %s, %s, 'flow.created', 'x')",
            [theirs.client_account_id, theirs.engagement_id, flow.id],
        )


def test_no_role_of_ours_bypasses_row_security(store: Store):
    found = store.query(
        "select rolname from pg_roles where rolname like 'discovery%' and not (rolsuper or rolbypassrls)"
    )
    assert {name for (name,) in found} == {*(role.value for role in Role), ARCHIVIST}


def test_every_tenant_table_forces_row_security_and_is_the_owners(store: Store):
    found = store.query(
        "select relname from pg_class where relkind = 'r' and relrowsecurity and relforcerowsecurity "
        "and pg_get_userbyid(relowner) = 'discovery_owner' order by 1"
    )
    assert {name for (name,) in found} == set(metadata.tables)


def test_history_is_append_only_even_for_the_owner(store: Store):
    for table in ("flow_events", "flow_state_audits", "discovery_flows_history"):
        for how in ("delete from {}", "truncate {} cascade", "update {} set client_account_id = 1"):
            refused = pytest.raises(psycopg.errors.RestrictViolation, match=f"{table} is append-only")
            with psycopg.connect(store.databases.dsn(Role.OWNER)) as owner, refused:
                owner.execute(how.format(table).encode())


def test_only_the_operator_archives(store: Store):
    for role in (Role.APP, Role.ORCHESTRATOR, Role.READONLY):
        refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
        with psycopg.connect(store.databases.dsn(role)) as other, refused:
            other.execute("select archive_flows('{}', 'me', 'because')")


def test_an_archived_flow_takes_everything_along(store: Store):
    flow = full(store, store.default_tenant())
    events = store.query("select count(*) from flow_events")[0][0]
    assert store.query(f"select archive_flows(array['{flow.id}']::uuid[], 'ops', 'done')") == [(flow.id,)]
    kept = store.query(
        "select slug, archived_by, reason, jsonb_array_length(events), jsonb_array_length(phases), "
        "events -> -1 ->> 'event_type', audits -> -1 -> 'new_state' ->> 'status' from discovery_flows_history"
    )
    assert kept == [(flow.slug, "ops", "done", events + 1, 5, "flow.archived", "archived")]
    for table in ("discovery_flows", "flow_phases", "flow_events", "flow_state_audits", "field_mappings"):
        assert store.query(f"select count(*) from {table}") == [(0,)]


def test_a_token_is_kept_as_a_hash_and_ends_with_its_revocation(store: Store):
    made = store.create_token(store.default_tenant(), "reviewer")
    kept = store.query("select api_tokens::text from api_tokens")[0][0]
    assert made.token not in kept
    known = store.wait_for(store.flows.authenticate(made.token))
    assert [(m.tenant, m.role) for m in known] == [(made.tenant, "reviewer")]
    assert store.revoke_token(made.token)
    assert not store.revoke_token(made.token)
    assert store.wait_for(store.flows.authenticate(made.token)) == ()


def test_an_expired_and_an_unknown_token_open_nothing(store: Store):
    made = store.create_token(store.default_tenant(), "viewer", days=1)
    store.query("update api_tokens set expires_at = now() - interval '1 second' returning id")
    assert store.wait_for(store.flows.authenticate(made.token)) == ()
    assert store.wait_for(store.flows.authenticate("dp_guess")) == ()
