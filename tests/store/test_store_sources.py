"""Registered databases: known by a reference to their secret, never by the secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from discovery_pipeline.errors import InputRefused, SettingsError
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import sources
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.files import exports
from discovery_pipeline.store.sources import DatabaseSource, Registration


def added(store: Store, reference: str, name: str = "CMDB, production") -> DatabaseSource:
    said = Registration(name=name, source_system="servicenow", target_system="aws", url_reference=reference)
    return store.wait_for(sources.add(store.flows, store.default_tenant(), said))


def test_a_source_is_known_until_it_is_removed(store: Store):
    made = added(store, "env:CMDB_URL")
    assert store.wait_for(sources.known(store.flows)) == [made]
    assert made.slug == f"cmdb-production-{made.id}"
    assert store.wait_for(sources.remove(store.flows, store.default_tenant(), made.name))
    assert not store.wait_for(sources.remove(store.flows, store.default_tenant(), made.name))
    assert store.wait_for(sources.known(store.flows)) == []


def test_the_same_name_again_changes_where_it_is(store: Store):
    first, second = added(store, "env:CMDB_URL"), added(store, "file:/run/secrets/cmdb")
    assert first.id == second.id
    assert second.url_reference == "file:/run/secrets/cmdb"


@pytest.mark.parametrize("reference", ["postgresql://me:secret@host/db", "CMDB_URL", "env:", "file:relative", ""])
def test_what_is_no_reference_is_refused_and_not_repeated(store: Store, reference: str):
    with pytest.raises(SettingsError) as refused:
        added(store, reference)
    assert "secret@" not in str(refused.value)


def test_the_address_stands_where_the_reference_says(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    secret = tmp_path / "cmdb"
    secret.write_text("postgresql://me@host/db\n")
    assert added(store, f"file:{secret}").address() == "postgresql://me@host/db"
    monkeypatch.setenv("CMDB_URL", "mysql://me:word@host/db")
    with pytest.raises(SettingsError) as refused:
        added(store, "env:CMDB_URL").address()
    assert "word" not in str(refused.value)
    monkeypatch.delenv("CMDB_URL")
    with pytest.raises(SettingsError, match="no such secret"):
        added(store, "env:CMDB_URL").address()


def test_the_tables_of_a_database_are_listed_and_copied(store: Store, settings: Settings, tmp_path: Path):
    address = str(settings.database_url and settings.database_url.get_secret_value())
    names = exports.tables(address)
    assert "public.discovery_flows" in names
    assert not any(name.startswith("pg_catalog.") for name in names)
    copy = exports.copied(exports.at(address, "public.client_accounts"), tmp_path)
    assert copy.exists()


def test_a_database_that_is_away_is_said_without_its_password():
    with pytest.raises(InputRefused, match="can't be read") as refused:
        exports.tables("postgresql://me:word@127.0.0.1:1/db")
    assert "word" not in str(refused.value)
