"""Backup, restore and purge: what is taken away can be brought back."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from typer.testing import CliRunner

from discovery_pipeline.cli.app import app
from discovery_pipeline.errors import SettingsError
from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.postgres import migrate
from discovery_pipeline.store.postgres.databases import Role
from discovery_pipeline.store.postgres.server import EmbeddedServer
from discovery_pipeline.store.upkeep import purge as purging
from discovery_pipeline.store.upkeep.backup import BackupError, backup
from discovery_pipeline.store.upkeep.restore import restore


def with_files(store: Store) -> Flow:
    flow = store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")
    with store.artifacts.writing(flow, "uploads") as folder:
        (folder / "a.csv").write_text("name\nweb-1\n")
    return flow


def test_a_restored_home_goes_on_where_the_backup_was_made(home: Path, tmp_path: Path):
    file, elsewhere = tmp_path / "home.backup", Settings(home=tmp_path / "other")
    with open_store(Settings(home=home)) as store:
        flow = with_files(store)
        made = backup(store.settings, file)  # while it is used
        assert stat.filemode(file.stat().st_mode) == "-rw-------"
        store.cancel(flow, by="later")
    assert restore(elsewhere, file) == made
    with open_store(elsewhere) as store:
        assert store.flow(None, flow.id) == flow
        assert (store.artifacts.reading(flow, "uploads") / "a.csv").read_text() == "name\nweb-1\n"
        store.start_phase(flow, Phase.DATA_IMPORT)
        assert store.check(flow) == []
    with pytest.raises(BackupError, match="isn't empty"):
        restore(elsewhere, file)
    with pytest.raises(BackupError, match="isn't overwritten"):
        backup(elsewhere, file)
    EmbeddedServer(elsewhere.root).forget()


def test_an_older_home_is_dumped_before_it_is_migrated(home: Path):
    with open_store(Settings(home=home)) as store:
        flow = with_files(store)
        engine = create_engine(store.databases.url(Role.OWNER), poolclass=NullPool)
        with engine.connect() as connection:
            migrate.downgrade(connection, "0003")
    with open_store(Settings(home=home)) as store:
        assert store.flow(None, flow.id) == flow
        (dump,) = (home / "backups").iterdir()
        assert dump.name.startswith("0003-")
        assert dump.read_bytes()[:5] == b"PGDMP"
        assert stat.filemode(dump.stat().st_mode) == "-rw-------"


def test_what_is_no_backup_is_refused_and_leaves_nothing(tmp_path: Path):
    (tmp_path / "no.backup").write_bytes(b"\x1f\x8b not a backup")
    with pytest.raises(BackupError, match="can't be read as a backup"):
        restore(Settings(home=tmp_path / "other"), tmp_path / "no.backup")
    assert not (tmp_path / "other").exists()


def test_a_server_of_ones_own_is_backed_up_by_its_own_means(settings: Settings, tmp_path: Path):
    with pytest.raises(SettingsError, match="pg_dump"):
        backup(settings, tmp_path / "x")


def test_purge_moves_only_what_was_archived_long_ago(store: Store):
    old, young, live = (with_files(store) for _ in range(3))
    store.query(f"select archive_flows(array['{old.id}', '{young.id}']::uuid[], 'ops', 'done')")
    backups, now = store.settings.root / "purged", datetime.now(UTC)
    assert moved(store, backups, timedelta(days=1), now) == []
    later = now + timedelta(days=2)
    found = moved(store, backups, timedelta(days=1), later)
    assert {each["outcome"] for each in found} == {"moved"}
    folder = backups / f"{later:%Y%m%dT%H%M%S}"
    for each in found:
        assert (folder / each["path"]).stat().st_size == each["size"]
    assert not store.artifacts.folder(old).exists()
    assert not store.artifacts.folder(young).exists()
    assert (store.artifacts.reading(live, "uploads") / "a.csv").exists()


def test_a_copy_that_differs_keeps_the_original(store: Store, monkeypatch: pytest.MonkeyPatch):
    flow = with_files(store)
    store.query(f"select archive_flows(array['{flow.id}']::uuid[], 'ops', 'done')")
    monkeypatch.setattr(purging.shutil, "copy2", lambda _, copy: Path(copy).write_text("torn"))
    found = moved(store, store.settings.root / "purged", timedelta(0), datetime.now(UTC) + timedelta(days=1))
    assert {each["outcome"] for each in found} == {"kept: copy differs"}
    assert store.artifacts.folder(flow).exists()


def moved(store: Store, backups: Path, older_than: timedelta, now: datetime) -> list[dict[str, object]]:
    folder = purging.purge(store.databases, store.artifacts, backups, older_than, now)
    return [json.loads(line) for line in (folder / purging.LOG).read_text().splitlines()]


def test_the_commands_say_what_they_did(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISCOVERY_HOME", str(home))
    run = CliRunner()
    with open_store(Settings(home=home)) as store:
        flow = with_files(store)
        store.query(f"select archive_flows(array['{flow.id}']::uuid[], 'ops', 'done')")
    assert "2 files moved" in run.invoke(app, ["purge", "--older-than", "0d"]).stdout
    assert "is no number of days" in run.invoke(app, ["purge", "--older-than", "soon"]).output
    assert "bytes, in" in run.invoke(app, ["db", "backup", str(tmp_path / "home.backup")]).stdout
