"""Older databases of other shapes: whatever their columns say in whatever type, flows are adopted, the rest is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from older_products import left_behind

from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.blocking import Store, open_store

NUMBERED = """
create type flow_status as enum ('ACTIVE', 'COMPLETED', 'ERROR', 'Canceled');
create table discovery_flows (
    id serial primary key, session_id text not null, session_data text, flow_name text, source text, target text,
    status flow_status, phase text, state_data text, metadata json, created_at timestamp, updated_at timestamp
);
create table data_imports (
    id serial primary key, discovery_flow_id int references discovery_flows on delete cascade, file_name text,
    file_hash text, file_size text, total_records double precision, status text, error_message text
);
create table notes (flow int references discovery_flows, body text);
create view running as select id, session_id from discovery_flows where status = 'ACTIVE';
insert into discovery_flows (session_id, session_data, flow_name, source, target, status, phase, state_data, metadata,
    created_at, updated_at)
values
    ('s1', 'not json', 'One', 'servicenow', 'aws', 'ACTIVE', 'Field Mapping', '{"kept": [1, 2]}', '{"ticket": 7}',
        '2025-01-31 10:00', '2025-02-01 11:30'),
    ('s2', null, 'Two', 'csv', 'azure', 'ERROR', 'cleansing', 'not json', null, '2025-03-01', null),
    ('s3', '{}', 'Three', null, null, 'COMPLETED', null, '[1]', '[1]', null, null),
    ('s4', '{}', '', '', '', 'Canceled', 'x', '"word"', 'null', '2025-03-01', '2025-03-02');
insert into data_imports (discovery_flow_id, file_name, file_hash, file_size, total_records, status, error_message)
values
    (1, 'a.csv', 'aa', '12', 3.0, 'completed', null), (1, 'b.bin', 'bb', 'large', null, 'failed', 'no table'),
    (1, 'again.csv', 'aa', '12', 3.0, 'completed', null), (2, null, null, '', -1, null, null),
    (null, 'orphan.csv', 'cc', '1', 1, 'completed', null);
insert into notes values (1, 'hangs on the old table');
"""
LOOSE = """
create table discovery_flows (
    flow_id text, session_id int, session_data bytea, name varchar, status varchar, current_phase varchar,
    state_data jsonb, created_at text, updated_at text, client_account_id text, engagement_id text
);
insert into discovery_flows values
    ('00000000-0000-4000-8000-000000000001', 1, '\\x00ff', 'Same name', 'paused', null, null, 'once', '', null, ''),
    ('00000000-0000-4000-8000-000000000002', 2, null, 'Same name', null, null, 'null', 'infinity', '-infinity', ' ',
        'x'),
    ('00000000-0000-4000-8000-000000000002', 3, null, 'Same id', 'ACTIVE', 'data_import', '{}',
        '2025-05-05T10:00:00+02:00', '1746430200', '007', '01'),
    ('00000000-0000-4000-8000-000000000002', 3, null, 'Same id', 'ACTIVE', 'data_import', '{}',
        '2025-05-05T10:00:00+02:00', '1746430200', '007', '01'),
    (null, null, null, null, null, null,
        '{"status": "x", "phases": [1], "current_phase": 4, "mine": true}', null, null, '7', '1'),
    ('not an id', 5, null, 'Überführung – Süd', 'weird', 'VALIDATION', '{}', '9999-12-31', '0001-01-01 BC', '7', '2');
"""
NAMED = """
create table client_accounts (id uuid primary key, name text);
create table engagements (id int, client_account_id uuid, name text);
create table discovery_flows (
    id uuid primary key, session_id uuid, name text, client_account_id uuid, engagement_id int, status text
);
create view users as select 'ann' as login;
create materialized view quality_issues as select 1 as id;
create table web_sessions (id int);
create table alembic_version (version_num varchar(32));
insert into alembic_version values ('0007');
insert into client_accounts values ('aaaaaaaa-0000-4000-8000-000000000001', 'Acme'),
    ('aaaaaaaa-0000-4000-8000-000000000002', 'Beta'), ('aaaaaaaa-0000-4000-8000-000000000003', 'Acme');
insert into engagements values (1, 'aaaaaaaa-0000-4000-8000-000000000001', 'Move'),
    (1, 'aaaaaaaa-0000-4000-8000-000000000002', 'Exit'), (2, 'aaaaaaaa-0000-4000-8000-000000000002', 'Exit');
insert into discovery_flows
select
    gen_random_uuid(), null, 'flow ' || n, ('aaaaaaaa-0000-4000-8000-00000000000' || 1 + n % 3)::uuid, 1 + n / 3,
    'active'
from generate_series(0, 5) n;
"""
EMPTY = """
create table discovery_flows (id uuid primary key, session_id uuid, session_data jsonb);
create table data_imports (id int);
"""


@pytest.fixture
def adopted(server, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    with left_behind(server, tmp_path, request.param) as settings, open_store(settings) as store:
        yield store


def by_name(store: Store) -> dict[str, Flow]:
    flows = store.list_flows()
    assert [store.check(flow) for flow in flows] == [[]] * len(flows)
    return {flow.name: flow for flow in flows}


def of(*shape: str):
    return pytest.mark.parametrize("adopted", shape, indirect=True)


@of(NUMBERED)
def test_numbers_as_ids_text_as_state_and_times_without_a_zone(adopted: Store):
    flows = by_name(adopted)
    assert {name: (flow.status.value, flow.current_phase.value) for name, flow in flows.items()} == {
        "One": ("waiting_for_review", "field_mapping"), "Two": ("failed", "cleansing"),
        "Three": ("completed", "validation"), "flow": ("cancelled", "data_import"),
    }  # fmt: skip
    one = flows["One"]
    assert (one.data, one.metadata) == ({"kept": [1, 2]}, {"ticket": 7})
    assert (one.source_system, one.target_system, flows["Three"].target_system) == ("servicenow", "aws", "unknown")
    assert one.created_at == datetime(2025, 1, 31, 10, tzinfo=UTC)
    assert one.updated_at == datetime(2025, 2, 1, 11, 30, tzinfo=UTC)


@of(NUMBERED)
def test_imports_find_their_flows_by_number_and_orphans_stay_where_they_were(adopted: Store):
    imports = adopted.query(
        "select name, filename, sha256 like 'unknown:%', byte_size, row_count, i.status, rejected_reason "
        "from data_imports i join discovery_flows f on f.id = flow_id order by i.id"
    )
    assert imports == [
        ("One", "a.csv", False, 12, 3, "accepted", None),
        ("One", "b.bin", False, 0, 0, "rejected", "no table"),
        ("Two", "unknown", True, 0, 0, "accepted", None),
    ]
    assert adopted.query("select count(*) from discovery_backup.data_imports") == [(5,)]


@of(NUMBERED)
def test_what_hangs_on_old_tables_goes_on(adopted: Store):
    assert adopted.databases.discovery
    assert adopted.query("select session_id, session_data from discovery_backup.discovery_flows order by id") == [
        ("s1", "not json"), ("s2", None), ("s3", "{}"), ("s4", "{}"),
    ]  # fmt: skip
    seen = "select n.body, r.session_id from notes n join running r on r.id = n.flow"
    with psycopg.connect(adopted.databases.dsn(database="discovery")) as product:
        assert product.execute(seen).fetchall() == [("hangs on the old table", "s1")]


@of(LOOSE)
def test_rows_that_share_an_id_or_have_none_are_flows_of_their_own(adopted: Store):
    flows = adopted.list_flows()
    assert sorted(flow.name for flow in flows) == [
        "Same id", "Same id", "Same name", "Same name", "flow", "Überführung – Süd",
    ]  # fmt: skip
    assert len({flow.slug for flow in flows}) == 6
    assert [adopted.check(flow) for flow in flows] == [[]] * 6
    named = {flow.name: flow for flow in flows}
    assert named["flow"].data == {"mine": True}
    assert named["Same id"].created_at == datetime(2025, 5, 5, 8, tzinfo=UTC)
    assert (named["Same id"].client_account_id, named["Überführung – Süd"].current_phase.value) == (7, "validation")


@of(NAMED)
def test_accounts_and_engagements_keep_their_names_and_views_make_room(adopted: Store):
    assert len(by_name(adopted)) == 6
    tenants = adopted.query(
        "select a.name, e.name, count(*) from discovery_flows f join client_accounts a on a.id = f.client_account_id "
        "join engagements e on e.id = f.engagement_id group by 1, 2 order by 1, 2"
    )
    assert sum(count for *_, count in tenants) == 6
    assert {"Acme", "Beta"} <= {name for name, *_ in tenants}
    assert len(tenants) == 6
    kept = adopted.query(
        "select relname from pg_class where relnamespace = 'discovery_backup'::regnamespace and relkind <> 'i'"
    )
    assert {"users", "quality_issues", "web_sessions", "alembic_version"} <= {name for (name,) in kept}


@of(EMPTY, "create table discovery_flows (id int)", "create table data_imports (id int)", "create table memberships ()")
def test_an_old_database_without_flows_is_a_new_one(adopted: Store):
    assert adopted.list_flows() == []
    flow = adopted.create_flow(adopted.default_tenant(), "estate", "servicenow", "aws")
    assert adopted.check(flow) == []


@of(NUMBERED, LOOSE, NAMED)
def test_the_adopted_database_is_the_one_that_the_code_knows(adopted: Store):
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    from discovery_pipeline.store.postgres import migrate
    from discovery_pipeline.store.postgres.databases import Role

    with create_engine(adopted.databases.url(Role.OWNER), poolclass=NullPool).connect() as connection:
        assert migrate.revision(connection) == migrate.HEAD
        migrate.check(connection)
