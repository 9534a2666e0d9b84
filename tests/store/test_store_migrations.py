"""Migrations: there and back without a lost row, and never another schema than the code's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool
from tenancy import two_full_tenants

from discovery_pipeline.errors import ServerError
from discovery_pipeline.flow.state import Phase
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.postgres import migrate
from discovery_pipeline.store.postgres.databases import Role
from discovery_pipeline.store.schema import metadata
from discovery_pipeline.store.upkeep import maintain


@contextmanager
def owner(store: Store) -> Iterator[Connection]:
    engine = create_engine(store.databases.url(Role.OWNER), poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def everything(store: Store) -> dict[str, list[tuple]]:
    return {table: store.query(f"select to_jsonb(t) from {table} t order by 1::text") for table in metadata.tables}


def test_the_tables_are_what_the_code_says(store: Store):
    with owner(store) as connection:
        migrate.check(connection)


def test_the_newest_script_is_the_one_the_code_expects():
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrate.scripts()))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


REVISIONS = [f"{number:04}" for number in range(int(migrate.HEAD) - 1, 0, -1)]


@pytest.mark.parametrize("to", [*REVISIONS, "base"])
def test_back_and_forth_keeps_every_row(store: Store, to: str):
    two_full_tenants(store)
    for table, what in (("login_codes", "code_hash"), ("web_sessions", "cookie_hash")):
        store.query(f"insert into {table} (user_id, {what}, expires_at) select id, 'x', now() from users limit 1")
    flow = store.start_phase(store.create_flow(store.default_tenant(), "estate", "servicenow", "aws"), "data_import")
    before = everything(store)
    assert [table for table, rows in before.items() if not rows] == []
    with owner(store) as connection:
        migrate.downgrade(connection, to)
        migrate.upgrade(connection)
        migrate.check(connection)
    assert everything(store) == before
    assert store.complete_phase(flow, Phase.DATA_IMPORT).current_phase is Phase.FIELD_MAPPING


def test_an_index_whose_build_was_cut_is_built_anew(store: Store):
    store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")
    with psycopg.connect(store.databases.dsn(), dbname=store.databases.discovery, autocommit=True) as superuser:
        superuser.execute("update pg_index set indisvalid = false where indexrelid = 'idx_flows_newest'::regclass")
    with owner(store) as connection:
        migrate.downgrade(connection, "0007")
        connection.exec_driver_sql("update alembic_version set version_num = '0006'")
        connection.commit()
        migrate.upgrade(connection)
        migrate.check(connection)
    assert store.query("select indisvalid from pg_index where indexrelid = 'idx_flows_newest'::regclass") == [(True,)]


def test_every_migration_says_what_it_locks():
    for script in migrate.scripts().glob("versions/*.py"):
        docstring = ast.get_docstring(ast.parse(script.read_text())) or ""
        assert re.search(r"(?i)\block|concurrently", docstring), script.name


def test_a_newer_database_is_refused_with_a_sentence(store: Store, settings: Settings):
    store.query("update alembic_version set version_num = '9999' returning 1")
    with pytest.raises(ServerError, match="stands at revision 9999"):
        open_store(settings)


def test_a_server_that_is_not_there_is_a_sentence(tmp_path):
    settings = Settings(home=tmp_path, database_url=f"postgresql://ann@/x?host={tmp_path}")
    with pytest.raises(ServerError, match="doesn't answer"):
        open_store(settings)


def test_every_foreign_key_has_an_index(store: Store):
    bare = store.query("""
        select conrelid::regclass::text, conname from pg_constraint
        where contype = 'f' and connamespace = 'public'::regnamespace and not exists (
            select from pg_index where indrelid = conrelid and indkey[0] = any (conkey))
    """)
    assert bare == []


def test_maintenance_builds_the_indexes_that_migrations_build(store: Store):
    task = next(task for task in maintain.tasks() if task.name == "indexes")
    definitions = "select indexname, indexdef from pg_indexes where indexname like 'idx%' order by 1"
    before = store.query(definitions)
    with psycopg.connect(store.databases.dsn(Role.OWNER), autocommit=True) as connection:
        for name, _ in before:
            connection.execute(f"drop index {name}".encode())
    maintain.run(store.databases, [task])
    missing = {name for name, _ in before} - {name for name, _ in store.query(definitions)}
    assert missing == set()
    assert set(store.query(definitions)) <= set(before)
