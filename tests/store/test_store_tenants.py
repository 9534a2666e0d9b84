"""Tenants: nobody sees or touches another's rows, whatever the SQL says."""

from __future__ import annotations

import psycopg
import pytest
from tenancy import OF_A_FLOW, archive, full, rival, signed

from discovery_pipeline.errors import FlowNotFoundError
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.postgres.databases import ARCHIVIST, Role
from discovery_pipeline.store.schema import metadata


@pytest.fixture
def theirs(store: Store) -> Tenant:
    return rival(store)


def test_the_app_sees_only_its_tenants_users(store: Store, theirs: Tenant):
    with signed(store, Role.APP, theirs) as connection:
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
    with signed(store, Role.APP, theirs) as connection:
        assert connection.execute(how.encode()).rowcount == 0
    assert store.flow(None, flow.id) == flow


def test_a_row_cannot_be_written_for_another_tenant(store: Store, theirs: Tenant):
    flow = full(store, store.default_tenant())
    columns = "(client_account_id, engagement_id, flow_id, event_type, created_by)"
    with signed(store, Role.APP, theirs) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(
            f"insert into flow_events {columns} values (%s, %s, %s, 'flow.created', 'x')",
            [flow.client_account_id, flow.engagement_id, flow.id],
        )


def test_a_part_cannot_be_hung_on_another_tenants_flow(store: Store, theirs: Tenant):
    flow = full(store, store.default_tenant())
    columns = "(client_account_id, engagement_id, flow_id, event_type, created_by)"
    with signed(store, Role.APP, theirs) as connection, pytest.raises(psycopg.errors.ForeignKeyViolation):
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
    assert [table for table in OF_A_FLOW if store.query(f"select count(*) from {table}") != [(0,)]] == []


def test_the_history_has_a_place_for_every_part_of_a_flow(store: Store):
    """A new table of flows' parts needs a column there, and a line in archive_flows."""
    flow = full(store, store.default_tenant())
    kept = {table: store.query(f"select count(*) from {table}")[0][0] for table in OF_A_FLOW}
    archive(store, flow)
    ((history,),) = store.query("select to_jsonb(h) from discovery_flows_history h")
    names = {"flow_phases": "phases", "flow_state_audits": "audits", "flow_events": "events", "data_imports": "imports",
             "field_mappings": "mappings", "quality_issues": "quality"}  # fmt: skip
    more = {"flow_state_audits", "flow_events"}  # which tell of the archiving, too
    told = {table: len(history[names.get(table, table)]) - (table in more) for table in OF_A_FLOW}
    assert told == kept
    assert min(kept.values()) > 0


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
