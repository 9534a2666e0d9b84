"""Backup and restore of a home with an embedded server: one file with the database and the artifacts of one moment.

The server is stopped meanwhile, and its data are copied as they lie on disk: so transaction numbers, by which readers
of events go, are the same after a restore. A server of the user's is the user's to back up.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from discovery_pipeline.errors import DiscoveryError, SettingsError
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.connection import connected, prepare
from discovery_pipeline.store.placement import INSTALLATION, Account, Placement
from discovery_pipeline.store.server import EmbeddedServer

FORMAT = 1
MANIFEST = "manifest.json"
HOME, DATA = "home", "data"
LEFT_OUT = frozenset({"postgres", "scratch"})
"""Folders of a home that aren't copied as they are: the server's (its data are), and what runs leave behind."""


class BackupError(DiscoveryError):
    """A backup that can't be written, or read."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds, or a restore brought back."""

    files: int
    size: int  # bytes, before compression


def backup(settings: Settings, file: Path) -> Copied:
    """Write the home into one file, which is there when it is whole.

    Raises
    ------
    BackupError
        The file is there already.
    ServerError
        Somebody works on the home.
    """
    _embedded_only(settings)
    if file.exists():
        raise BackupError(f"{file}: is there already, and isn't overwritten. Name another file.")
    half = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with EmbeddedServer(settings.root).alone() as at, tarfile.open(half, "w:gz", compresslevel=1) as archive:
            copied = _write(archive, settings.root, at, {file.resolve(), half.resolve()})
        half.rename(file)
    finally:
        half.unlink(missing_ok=True)
    return copied


def restore(settings: Settings, file: Path) -> Copied:
    """Bring a home back from a backup, and start it once: an older one is migrated, a newer one refused.

    Raises
    ------
    BackupError
        The file isn't a backup, or there is a home already.
    """
    _embedded_only(settings)
    if settings.root.exists() and any(settings.root.iterdir()):
        raise BackupError(
            f"{settings.root}: isn't empty. Restore into a new DISCOVERY_HOME, or move this one away first."
        )
    settings.root.mkdir(parents=True, exist_ok=True)
    half = settings.root / f".restoring-{uuid.uuid4().hex}"
    try:
        copied = _read(file, half)
        with EmbeddedServer(settings.root).alone() as at:
            shutil.move(half / DATA, at.data)
            at.data.chmod(0o700)
            if at.account is not None:
                _give(at.data, at.account)
        for item in (half / HOME).iterdir() if (half / HOME).exists() else ():
            shutil.move(item, settings.root / item.name)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    with connected(settings) as databases:
        prepare(databases)
    return copied


def _embedded_only(settings: Settings) -> None:
    if settings.database_url is not None:
        raise SettingsError(
            "DISCOVERY_DATABASE_URL names a server of yours: back it up by its own means (pg_dump, snapshots), and "
            "the home's artifacts with it."
        )


def _write(archive: tarfile.TarFile, home: Path, at: Placement, itself: set[Path]) -> Copied:
    if not (at.data / "PG_VERSION").exists():
        raise BackupError(f"{home}: there is nothing to back up yet.")
    manifest = json.dumps({"format": FORMAT, "postgres": INSTALLATION}).encode()
    head = tarfile.TarInfo(MANIFEST)
    head.size = len(manifest)
    archive.addfile(head, io.BytesIO(manifest))
    files = size = 0
    for path, name in [*_below(home, HOME, itself), *_below(at.data, DATA, itself)]:
        archive.add(path, name, recursive=False)
        files += path.is_file()
        size += path.stat().st_size if path.is_file() else 0
    return Copied(files, size)


def _below(folder: Path, name: str, itself: set[Path]) -> Iterator[tuple[Path, str]]:
    """Files and folders in the folder, each with its name in the archive. Links and sockets are nobody's data."""
    yield folder, name
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        left_out = name == HOME and relative.parts[0] in LEFT_OUT
        if left_out or path in itself or path.is_symlink() or not (path.is_dir() or path.is_file()):
            continue
        yield path, f"{name}/{relative.as_posix()}"


def _read(file: Path, into: Path) -> Copied:
    try:
        with tarfile.open(file, "r:gz") as archive:
            said = archive.extractfile(MANIFEST)
            manifest = json.loads(said.read()) if said else {}
            if manifest.get("format") != FORMAT or manifest.get("postgres") != INSTALLATION:
                raise BackupError(
                    f"{file}: was written by another version of discovery-pipeline. Restore it with that."
                )
            members = archive.getmembers()
            archive.extractall(into, filter="data")
    except (tarfile.TarError, EOFError, KeyError, ValueError, OSError) as error:
        raise BackupError(f"{file}: can't be read as a backup ({error}).") from error
    inside = [member for member in members if member.isfile() and member.name != MANIFEST]
    return Copied(len(inside), sum(member.size for member in inside))


def _give(folder: Path, account: Account) -> None:
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, account.uid, account.gid)
