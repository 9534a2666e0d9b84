"""An older, session-based database is adopted in place: every flow, its state, its tenant; nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from older_products import left_behind

from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.postgres.connection import connected, upgrade

OLD = """
create table discovery_flows (
    id uuid primary key, session_id uuid, session_data jsonb, name varchar(255), source_system text, target_system text,
    status varchar(50), current_phase varchar(50), state_data jsonb, client_account_id int, engagement_id int,
    created_by varchar, created_at timestamp default now(), updated_at timestamp default now()
);
create table data_imports (id serial primary key, flow_id uuid references discovery_flows, filename text, sha256 text);
create table alembic_version (version_num varchar(32) primary key);
insert into alembic_version values ('9c1f2ab77e01');
"""
INSERT = """
insert into discovery_flows (
    id, session_id, session_data, name, status, current_phase, state_data, source_system, client_account_id,
    engagement_id
)
select gen_random_uuid(), gen_random_uuid(), '{"step": 3}', told.*, 'servicenow', 7, 12
from (values
    ('Imported', 'active', 'data_import', null),
    ('In review', 'in_progress', 'attribute_mapping', '{"note": 1}'::jsonb),
    ('Failed', 'failed', 'data_cleansing', '{}'),
    ('Done', 'completed', 'validation', null),
    ('Given up', 'cancelled', 'initialization', null)
) as told;
insert into discovery_flows (id, name, source_system, created_at)
select gen_random_uuid(), 'Twin', 'csv', now() - n * interval '1 hour' from generate_series(1, 2) n;
insert into data_imports (flow_id, filename, sha256) select id, 'a.csv', 'aa' from discovery_flows where name = 'Twin';
"""


@pytest.fixture
def old(server, tmp_path: Path) -> Iterator[Settings]:
    with left_behind(server, tmp_path, OLD, INSERT) as settings:
        yield settings


@pytest.fixture
def adopted(old: Settings) -> Iterator[Store]:
    with open_store(old) as store:
        yield store


def test_every_flow_is_there_and_tells_one_story(adopted: Store):
    flows = {flow.name: flow for flow in adopted.list_flows()}
    assert set(flows) == {"Imported", "In review", "Failed", "Done", "Given up", "Twin"}
    assert [adopted.check(flow) for flow in flows.values()] == [[]] * len(flows)
    assert {name: (flow.status.value, flow.current_phase.value) for name, flow in flows.items()} == {
        "Imported": ("active", "data_import"),
        "In review": ("waiting_for_review", "field_mapping"),
        "Failed": ("failed", "cleansing"),
        "Done": ("completed", "validation"),
        "Given up": ("cancelled", "data_import"),
        "Twin": ("active", "data_import"),
    }
    assert flows["In review"].data == {"note": 1}


def test_an_adopted_flow_goes_on(adopted: Store):
    failed = next(flow for flow in adopted.list_flows() if flow.name == "Failed")
    adopted.start_phase(failed, "cleansing")
    assert adopted.complete_phase(failed, "cleansing").current_phase.value == "validation"
    assert adopted.check(failed) == []


def test_tenants_keep_their_numbers_and_the_rest_is_the_default_ones(adopted: Store):
    tenants = {flow.name: (flow.client_account_id, flow.engagement_id) for flow in adopted.list_flows()}
    default = adopted.default_tenant()
    assert tenants["Done"] == (7, 12)
    assert tenants["Twin"] == (default.client_account_id, default.engagement_id)


def test_session_columns_are_gone_and_saved(adopted: Store):
    live = "select column_name from information_schema.columns where table_schema = 'public'"
    assert adopted.query(f"{live} and column_name like 'session%'") == []
    saved = adopted.query("select session_data from discovery_backup.discovery_flows where session_id is not null")
    assert saved == [({"step": 3},)] * 5
    assert adopted.query("select version_num from discovery_backup.alembic_version") == [("9c1f2ab77e01",)]


def test_repeated_active_flows_are_archived_but_the_earliest(adopted: Store):
    assert adopted.query("select name, reason, archived_by from discovery_flows_history") == [
        ("Twin", "repeats an earlier flow", "adoption")
    ]
    kept = next(flow for flow in adopted.list_flows() if flow.name == "Twin")
    assert (
        kept.created_at
        < adopted.query("select (flow ->> 'created_at')::timestamptz from discovery_flows_history")[0][0]
    )


def test_migrating_again_adopts_nothing_twice(adopted: Store, old: Settings):
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    from discovery_pipeline.store.postgres import migrate
    from discovery_pipeline.store.postgres.databases import Role

    before = adopted.list_flows()
    with create_engine(adopted.databases.url(Role.OWNER), poolclass=NullPool).connect() as connection:
        migrate.downgrade(connection, "base")
    with connected(old) as databases:
        upgrade(databases)
    assert adopted.list_flows() == before
    assert adopted.query("select count(*) from discovery_flows_history") == [(1,)]
