"""Every door of the database, tried with raw SQL.

Tables, views and functions come from the catalogue: a new one that stands open fails here, though nobody thought of it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tenancy import NOBODYS, OF_A_FLOW, TENANT_TABLES, full, rival, signed, two_full_tenants

from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.postgres.databases import Role
from discovery_pipeline.store.postgres.session import Sessions

TENANTS_ROLES = (Role.APP, Role.READONLY)
HIDDEN = {"api_tokens"}
"""Of the tenants' tables, those that the readonly role may not look into at all."""
MAY = "has_table_privilege('{role}', oid, '{what}')"
TABLES = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"


def allowed(store: Store, role: Role, what: str) -> set[str]:
    return {name for (name,) in store.query(f"{TABLES} and {MAY.format(role=role.value, what=what)}")}


def owner_of(table: str) -> str:
    return "id" if table == "client_accounts" else "client_account_id"


def test_every_table_with_a_tenant_is_tried_here(store: Store):
    column = "select from pg_attribute where attrelid = pg_class.oid and attname = 'client_account_id'"
    with_tenant = store.query(f"{TABLES} and exists ({column})")
    assert {name for (name,) in with_tenant} | {"client_accounts"} == set(TENANT_TABLES)
    everything = {name for (name,) in store.query(TABLES)}
    assert everything - set(TENANT_TABLES) - NOBODYS == {"alembic_version"}


def test_a_role_sees_one_tenants_rows_and_nobodys_without_one(store: Store):
    mine, theirs = (flow.tenant for flow in two_full_tenants(store))
    for table in TENANT_TABLES:
        everything = f"select distinct {owner_of(table)} from {table}"
        both = {mine.client_account_id, theirs.client_account_id}
        assert {row[0] for row in store.query(everything)} == both, f"{table} lacks rows to be hidden"
        for role in TENANTS_ROLES:
            if role is Role.READONLY and table in HIDDEN:
                continue
            with signed(store, role, theirs) as connection:
                assert connection.execute(everything).fetchall() == [(theirs.client_account_id,)], table
            with signed(store, role) as connection:
                assert connection.execute(everything).fetchall() == [], table


def test_half_a_tenant_is_nobody(store: Store):
    mine, theirs = (flow.tenant for flow in two_full_tenants(store))
    mixed = Tenant(mine.client_account_id, theirs.engagement_id, "x")
    for table in set(TENANT_TABLES) - {"client_accounts"}:
        with signed(store, Role.APP, mixed) as connection:
            assert connection.execute(f"select 1 from {table}").fetchall() == [], table


def test_no_statement_changes_or_takes_away_another_tenants_rows(store: Store):
    """Without a WHERE, on every table that the role may write at all: as many rows as are its own."""
    _, theirs = (flow.tenant for flow in two_full_tenants(store))
    for what in ("update", "delete"):
        for table in allowed(store, Role.APP, what):
            own = f"select count(*) from {table} where {owner_of(table)} = {theirs.client_account_id}"
            how = {
                "update": f"update {table} set {owner_of(table)} = {owner_of(table)}",
                "delete": f"delete from {table}",
            }
            with signed(store, Role.APP, theirs) as connection:
                try:
                    assert connection.execute(how[what]).rowcount == store.query(own)[0][0], table
                except errors.ForeignKeyViolation:
                    continue  # it reached its own rows, which others hang on


def test_no_row_can_be_given_to_another_tenant(store: Store):
    mine, theirs = (flow.tenant for flow in two_full_tenants(store))
    give = f"client_account_id = {mine.client_account_id}, engagement_id = {mine.engagement_id}"
    for table in allowed(store, Role.APP, "update"):
        with (
            signed(store, Role.APP, theirs) as connection,
            pytest.raises(errors.InsufficientPrivilege, match="row-level"),
        ):
            connection.execute(f"update {table} set {give}")


def test_no_row_can_be_written_for_another_tenant(store: Store):
    """A copy of the other tenant's own rows, which the operator takes there by hand."""
    mine, theirs = (flow.tenant for flow in two_full_tenants(store))
    for table in allowed(store, Role.APP, "insert"):
        ((row,),) = store.query(
            f"select to_jsonb(t) from {table} t where client_account_id = {mine.client_account_id} limit 1"
        )
        with (
            signed(store, Role.APP, theirs) as connection,
            pytest.raises(errors.InsufficientPrivilege, match="row-level"),
        ):
            connection.execute(
                f"insert into {table} select * from jsonb_populate_record(null::{table}, %s)", [Jsonb(row)]
            )


def test_readers_write_nothing_and_nobody_but_the_owner_truncates(store: Store):
    for role in (Role.READONLY, Role.ORCHESTRATOR):
        for what in ("insert", "update", "delete"):
            assert allowed(store, role, what) == set(), f"{role} may {what}"
    for role in (Role.APP, Role.READONLY, Role.ORCHESTRATOR):
        for what in ("truncate", "references", "trigger"):
            assert allowed(store, role, what) == set(), f"{role} may {what}"


def test_nobody_but_the_owner_makes_anything(store: Store):
    for role in (Role.APP, Role.READONLY, Role.ORCHESTRATOR):
        ((makes,),) = store.query(
            f"select has_schema_privilege('{role}', 'public', 'create') or has_database_privilege('{role}', "
            f"current_database(), 'create') or has_database_privilege('{role}', current_database(), 'temp')"
        )
        assert not makes, role
        touches = f"case relkind when 'S' then has_sequence_privilege('{role}', oid, 'select, update') end"
        ((sequences,),) = store.query(f"select count(*) from pg_class where {touches}")
        assert sequences == 0, role


def test_hashes_of_keys_are_the_owners_alone(store: Store):
    for table in NOBODYS - {"users"}:
        for role in (Role.APP, Role.READONLY, Role.ORCHESTRATOR):
            with signed(store, role) as connection, pytest.raises(errors.InsufficientPrivilege):
                connection.execute(f"select * from {table}")


def test_a_copy_is_a_query_like_any_other(store: Store):
    mine, theirs = two_full_tenants(store)
    for table in sorted(set(TENANT_TABLES) & allowed(store, Role.APP, "select")):
        copying = f"copy {table} to stdout"
        with signed(store, Role.APP, theirs.tenant) as connection, connection.cursor().copy(copying) as copied:
            told = b"".join(map(bytes, copied))
        assert told and str(mine.id).encode() not in told, table
    with signed(store, Role.APP, theirs.tenant) as connection, pytest.raises(errors.FeatureNotSupported):
        connection.execute("copy discovery_flows from stdin")


def test_no_view_sees_with_its_owners_eyes(store: Store):
    blind = store.query("""
        select relname from pg_class where relnamespace = 'public'::regnamespace and (relkind = 'm' or relkind = 'v'
            and not coalesce(reloptions @> '{security_invoker=true}', false))
    """)
    assert blind == []


def test_functions_with_their_owners_rights_are_few_and_find_names_where_they_should(store: Store):
    """Their search path is their own, with temporary tables last; and not everybody may call them."""
    loose = store.query("""
        select oid::regprocedure::text from pg_proc where pronamespace = 'public'::regnamespace and prosecdef and (
            not exists (select from unnest(proconfig) as setting where setting = 'search_path=public, pg_temp')
            or has_function_privilege('public', oid, 'execute')
            or has_function_privilege('discovery_orchestrator', oid, 'execute'))
    """)
    assert loose == []


def test_a_search_path_of_ones_own_deceives_no_function(store: Store):
    """Tables and operators of the same names, in a schema that comes first."""
    mine, theirs = two_full_tenants(store)
    with psycopg.connect(store.databases.dsn(Role.OWNER)) as owner:
        owner.execute("create schema trap")
        owner.execute("create table trap.discovery_flows as table public.discovery_flows")
        owner.execute("create table trap.api_tokens as select * from public.api_tokens")
        owner.execute("create function trap.current_client_account() returns bigint language sql return "
                      f"{mine.client_account_id}")  # fmt: skip
        owner.execute("grant usage on schema trap to discovery_app")
        owner.execute("grant select on all tables in schema trap to discovery_app")
    with signed(store, Role.APP, theirs.tenant) as connection:
        connection.execute("set local search_path = trap, public")
        found = connection.execute("select public.flows_named('estate', null, null, null, 9)").fetchall()
        assert found == [(theirs.id,)]
        assert connection.execute("select id from public.discovery_flows").fetchall() == [(theirs.id,)]


def test_an_error_tells_nothing_of_rows_behind_row_security(store: Store):
    mine, theirs = two_full_tenants(store)
    peeping = "select 1 from discovery_flows where name::int = 1 or slug::int = 1 and id <> %s"
    with signed(store, Role.APP, theirs.tenant) as connection, pytest.raises(errors.InvalidTextRepresentation) as seen:
        connection.execute("select name::int from discovery_flows")
    assert theirs.name in str(seen.value)
    store.query(f"update discovery_flows set name = 'secret' where id = '{mine.id}' returning 1")
    store.query(f"update discovery_flows set name = '7', slug = '7' where id = '{theirs.id}' returning 1")
    with signed(store, Role.APP, theirs.tenant) as connection:
        assert connection.execute(peeping, [theirs.id]).fetchall() == []


def test_a_taken_slug_is_refused_without_saying_whose_it_is(store: Store):
    mine, theirs = two_full_tenants(store)
    with signed(store, Role.APP, theirs.tenant) as connection, pytest.raises(errors.UniqueViolation) as taken:
        connection.execute("update discovery_flows set slug = %s", [mine.slug])
    assert taken.value.diag.message_detail is None


def test_a_strangers_flow_and_no_flow_are_the_same(store: Store):
    """Whatever is hung on it, and whatever hangs there already: no constraint tells that there is such a flow."""
    mine, theirs = two_full_tenants(store)
    for table in sorted({*OF_A_FLOW} & allowed(store, Role.APP, "insert")):
        column = "discovery_flow_id" if table == "flow_phases" else "flow_id"
        ((row,),) = store.query(f"select to_jsonb(t) - 'id' from {table} t where {column} = '{theirs.id}' limit 1")
        said = []
        for flow_id in (mine.id, uuid4()):
            copied = row | {column: str(flow_id), "id": str(uuid4()) if table == "run_requests" else 10**9}
            refused = pytest.raises((errors.ForeignKeyViolation, errors.InsufficientPrivilege))
            with signed(store, Role.APP, theirs.tenant) as connection, refused as raised:
                connection.execute(
                    f"insert into {table} select * from jsonb_populate_record(null::{table}, %s)", [Jsonb(copied)]
                )
            said.append(str(raised.value).replace(str(flow_id), "…"))
        assert said[0] == said[1], table


def test_statistics_tell_nothing_of_values(store: Store):
    two_full_tenants(store)
    store.query("update discovery_flows set name = 'secret' returning 1")
    with psycopg.connect(store.databases.dsn(Role.OWNER), autocommit=True) as owner:
        owner.execute("analyze discovery_flows")
    for role in TENANTS_ROLES:
        with signed(store, role) as connection:
            assert connection.execute("select * from pg_stats where schemaname = 'public'").fetchall() == []


async def test_what_others_ask_at_this_moment_is_seen_without_their_values(home: Path):
    """On a server of our own, where all connections of the application are of one login and see each other's."""
    with open_store(Settings(home=home)) as store:
        flow = await asyncio.to_thread(full, store, store.default_tenant())
        sessions = Sessions(store.databases)
        async with Flows(sessions).changing(flow.tenant) as states:
            await states.update_state(flow.id, {"note": "secret"})
            with signed(store, Role.APP) as connection:
                asked = connection.execute("select query from pg_stat_activity where query ilike '%flow%'").fetchall()
        await sessions.close()
    assert any("insert into flow_events" in query.lower() for (query,) in asked)
    assert not any("secret" in query for (query,) in asked)


BECOMING = ("set role discovery_owner", "set role discovery_archivist", "set session authorization postgres")


def test_on_a_server_of_our_own_the_application_becomes_nobody_else(home: Path):
    with open_store(Settings(home=home)) as store:
        for role in (Role.APP, Role.READONLY, Role.ORCHESTRATOR):
            for become in BECOMING:
                with signed(store, role) as connection, pytest.raises(errors.InsufficientPrivilege):
                    connection.execute(become)
        for role in TENANTS_ROLES:
            with signed(store, role) as connection, pytest.raises(errors.InsufficientPrivilege):
                connection.execute("set row_security = off; select * from discovery_flows")
        with signed(store, Role.APP) as connection:
            connection.execute("set role none")
            assert connection.execute("select current_user, session_user").fetchone() == (Role.APP, Role.APP)


class Gone(Exception):
    """The work in a transaction fails."""


async def done(sessions: Sessions, tenant: Tenant) -> None:
    async with sessions.transaction(tenant):
        pass


async def failed(sessions: Sessions, tenant: Tenant) -> None:
    with suppress(Gone):
        async with sessions.transaction(tenant):
            raise Gone


async def refused(sessions: Sessions, tenant: Tenant) -> None:
    with suppress(DBAPIError):
        async with sessions.transaction(tenant) as session:
            await session.execute(text("select 1 / 0"))


async def cancelled(sessions: Sessions, tenant: Tenant) -> None:
    async def sleeping() -> None:
        async with sessions.transaction(tenant) as session:
            await session.execute(text("select pg_sleep(60)"))

    task = asyncio.create_task(sleeping())
    await asyncio.sleep(0.2)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def half_taken_back(sessions: Sessions, tenant: Tenant) -> None:
    async with sessions.transaction(tenant) as session, session.begin_nested() as part:
        await session.execute(text("select set_config('discovery.engagement_id', '1', true)"))
        await part.rollback()


@pytest.mark.parametrize("ended", [done, failed, refused, cancelled, half_taken_back])
async def test_a_pooled_connection_forgets_whom_it_served(store: Store, ended):
    flow = await asyncio.to_thread(full, store, store.default_tenant())
    sessions = Sessions(store.databases)
    await ended(sessions, flow.tenant)
    everything = text("select id from discovery_flows")
    async with sessions.strangers() as session:
        assert (await session.execute(everything)).all() == []
    async with sessions.transaction(await asyncio.to_thread(rival, store)) as session:
        assert (await session.execute(everything)).all() == []
    await sessions.close()


async def test_tenants_that_share_connections_at_once_see_their_own_only(store: Store):
    flows = await asyncio.to_thread(two_full_tenants, store)
    sessions = Sessions(store.databases)

    async def ask(n: int) -> bool:
        flow = flows[n % 2]
        async with sessions.transaction(flow.tenant) as session:
            found = (await session.execute(text("select id from discovery_flows"))).scalars().all()
        return found == [flow.id]

    assert all(await asyncio.gather(*(ask(n) for n in range(200))))
    await sessions.close()
