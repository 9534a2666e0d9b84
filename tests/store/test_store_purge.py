"""A purge that is interrupted, at whatever moment, loses nothing, and the next one finishes it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tenancy import archive

from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.files.artifacts import Artifacts
from discovery_pipeline.store.upkeep import purge as purging

LATER = datetime.now(UTC) + timedelta(days=1)
FILES = {"uploads": {"a.csv": "host,ram", "b.csv": ""}, "column_profile": {"value.json": "{}"}}


class Killed(BaseException):
    """The process ends here."""


def with_files(store: Store, artifacts: Artifacts | None = None) -> Flow:
    flow = store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")
    for stage, files in FILES.items():
        with (artifacts or store.artifacts).writing(flow, stage) as folder:
            for name, text in files.items():
                (folder / name).write_text(text)
    return flow


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def kept(backups: Path) -> dict[str, bytes]:
    """What the logs of all folders name, as it stands there, each file as its line says."""
    found = {}
    for log in backups.glob(f"*/{purging.LOG}"):
        for line in map(json.loads, log.read_text().splitlines()):
            copy = (log.parent / line["path"]).read_bytes()
            assert (len(copy), hashlib.sha256(copy).hexdigest()) == (line["size"], line["sha256"])
            found[line["path"]] = copy
    return found


def killing(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """End the purge before its n-th act on the disk."""
    acts = iter(range(1, 1000))

    def counted(act: Callable[..., Any]) -> Callable[..., Any]:
        def acting(*args: Any, **kwargs: Any) -> Any:
            if next(acts) == at:
                raise Killed
            return act(*args, **kwargs)

        return acting

    monkeypatch.setattr(purging.shutil, "copy2", counted(shutil.copy2))
    monkeypatch.setattr(purging.os, "fsync", counted(os.fsync))
    for name in ("unlink", "rmdir"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))


def test_whenever_a_purge_is_killed_the_next_one_finishes_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    flow = with_files(store)
    archive(store, flow)
    original = contents(store.artifacts.root)
    at, killed = 0, True
    while killed:
        at, killed = at + 1, False
        backups, root = tmp_path / f"backups{at}", tmp_path / f"root{at}"
        shutil.copytree(store.artifacts.root, root)
        with monkeypatch.context() as patched:
            killing(patched, at)
            try:
                purging.purge(store.databases, Artifacts(root), backups, timedelta(0), LATER)
            except Killed:
                killed = True
        assert original == original | contents(root) and original.keys() == (contents(root) | kept(backups)).keys()
        purging.purge(store.databases, Artifacts(root), backups, timedelta(0), LATER)
        assert contents(root) == {}
        assert kept(backups) == original
        assert purging.due(store.databases, Artifacts(root), timedelta(0), LATER) == []
    assert at > 3 * len(original)


def test_two_purges_of_one_moment_have_folders_of_their_own(store: Store):
    folders = [
        purging.purge(store.databases, store.artifacts, store.settings.root / "purged", timedelta(0), LATER)
        for _ in range(3)
    ]
    assert len(set(folders)) == 3


def test_what_is_due_is_what_then_moves(store: Store):
    flow, _ = with_files(store), with_files(store)
    archive(store, flow)
    (due,) = purging.due(store.databases, store.artifacts, timedelta(0), LATER)
    assert due.place.name == flow.slug
    said, size = {path.relative_to(store.artifacts.root).as_posix() for path in due.files}, due.size
    folder = purging.purge(store.databases, store.artifacts, store.settings.root / "purged", timedelta(0), LATER)
    lines = [json.loads(line) for line in (folder / purging.LOG).read_text().splitlines()]
    assert {line["path"] for line in lines} == said
    assert sum(line["size"] for line in lines) == size > 0


def test_remote_files_are_moved_too(store: Store, tmp_path: Path):
    remote = tmp_path / "remote"
    artifacts = Artifacts(tmp_path / "local", f"file://{remote}")
    flow, live = with_files(store, artifacts), with_files(store, artifacts)
    archive(store, flow)
    shutil.rmtree(artifacts.root)
    purging.purge(store.databases, artifacts, tmp_path / "purged", timedelta(0), LATER)
    texts = sorted(text for files in FILES.values() for text in files.values())
    moved = kept(tmp_path / "purged")
    assert sorted(copy.decode() for path, copy in moved.items() if not path.endswith("CURRENT")) == texts
    assert [path for path in contents(remote) if flow.slug in path] == []
    assert (artifacts.reading(live, "uploads") / "a.csv").read_text() == "host,ram"
