"""Restore of a home with an embedded server, from a file that `backup` wrote.

While it goes on, a folder in the home says so; that folder goes when the server has started on what was brought back.
So a restore that was cut short either comes to its end when the home is opened next, or is begun anew.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from discovery_pipeline.settings import Settings
from discovery_pipeline.store.files.disk import settle
from discovery_pipeline.store.postgres.connection import connected, prepare
from discovery_pipeline.store.postgres.migrate import HEAD
from discovery_pipeline.store.postgres.placement import INSTALLATION, Account, Placement
from discovery_pipeline.store.postgres.server import RESTORING, EmbeddedServer
from discovery_pipeline.store.upkeep.backup import DATA, FORMAT, HOME, MANIFEST, BackupError, Copied, embedded_only


def restore(settings: Settings, file: Path) -> Copied:
    """Bring a home back from a backup, and start it once: an older one is migrated, a newer one refused.

    One that was cut short is begun anew by the next.

    Raises
    ------
    BackupError
        The file isn't a backup, or there is a home already.
    """
    embedded_only(settings)
    _check_manifest(file)
    root = settings.root
    root.mkdir(parents=True, exist_ok=True)
    with EmbeddedServer(root).alone() as at:
        _make_room(root, at)
        half = root / RESTORING
        try:
            copied = _read(file, half)
        except BackupError:
            shutil.rmtree(half, ignore_errors=True)
            raise
        if (half / HOME).exists():
            settle(half / HOME)
            for item in (half / HOME).iterdir():
                shutil.move(item, root / item.name)
        _place(half / DATA, at)  # the data last: without them it is no home yet
    with connected(settings) as databases:
        prepare(databases)
    return copied


def _make_room(root: Path, at: Placement) -> None:
    """Refuse a home that is one, and clear away what a restore that was cut short had brought."""
    there = [item for item in root.iterdir() if item.name != "postgres"]
    cut_short = (root / RESTORING).exists()
    if (there or at.data.exists()) and not cut_short:
        raise BackupError(f"{root}: isn't empty. Restore into a new DISCOVERY_HOME, or move this one away first.")
    discarded = at.cluster / "discarded"
    shutil.rmtree(discarded, ignore_errors=True)
    if at.data.exists():
        at.data.rename(discarded)  # data that are half gone must not look like data
        shutil.rmtree(discarded)
    # The mark goes last: cut short here, the next restore clears away the rest.
    for item in sorted(there, key=lambda item: item.name == RESTORING):
        shutil.rmtree(item) if item.is_dir() else item.unlink()


def _place(data: Path, at: Placement) -> None:
    half = at.cluster / "restored"
    shutil.rmtree(half, ignore_errors=True)
    shutil.move(data, half)
    half.chmod(0o700)
    # With this file PostgreSQL takes the recovery of a copy up again where it was interrupted. Without it, one that was
    # interrupted once ends as if its log weren't complete, each time.
    (half / "recovery.signal").touch()
    if at.account is not None:
        _give(half, at.account)
    half.rename(at.data)


def _check_manifest(file: Path) -> None:
    """Refuse what another version wrote, before anything is made."""
    with _opened(file) as archive:
        said = archive.extractfile(MANIFEST)
        manifest = json.loads(said.read()) if said else {}
    if manifest.get("format") != FORMAT or manifest.get("postgres") != INSTALLATION:
        raise BackupError(f"{file}: was written by another version of discovery-pipeline. Restore it with that.")
    if (manifest.get("revision") or "") > HEAD:
        raise BackupError(
            f"{file}: was written by a newer version of discovery-pipeline (revision {manifest['revision']}; this one "
            f"knows {HEAD}). Restore it with that, or install a newer one."
        )


def _read(file: Path, into: Path) -> Copied:
    with _opened(file) as archive:
        members = archive.getmembers()
        archive.extractall(into, filter="data")
    inside = [member for member in members if member.isfile() and member.name != MANIFEST]
    return Copied(len(inside), sum(member.size for member in inside))


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(file, "r:gz") as archive:
            yield archive
    except (tarfile.TarError, EOFError, KeyError, ValueError, OSError) as error:
        raise BackupError(f"{file}: can't be read as a backup ({error}).") from error


def _give(folder: Path, account: Account) -> None:
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, account.uid, account.gid)
