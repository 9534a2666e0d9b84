"""Backup of a home with an embedded server: one file with the database and the artifacts of one moment.

The home may be in use meanwhile. The database's data are copied as they lie on disk, log included: so transaction
numbers, by which readers of events go, are the same after a restore. Artifacts are taken after them, each stage's
complete files as one: whatever the database says was published is there.
A server of the user's is the user's to back up.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from discovery_pipeline.errors import DiscoveryError, SettingsError
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.files.artifacts import CURRENT, Version
from discovery_pipeline.store.postgres.connection import connected
from discovery_pipeline.store.postgres.databases import Databases, Role
from discovery_pipeline.store.postgres.placement import INSTALLATION
from discovery_pipeline.store.postgres.server import RESTORING, EmbeddedServer

FORMAT = 1
MANIFEST = "manifest.json"
HOME, DATA = "home", "data"
LEFT_OUT = frozenset({"postgres", "scratch", "run", "artifacts", RESTORING})
"""Folders of a home that aren't copied as they are: what belongs to processes, and what is taken with more care."""


class BackupError(DiscoveryError):
    """A backup that can't be written, or read."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds, or a restore brought back."""

    files: int
    size: int  # bytes, before compression


def backup(settings: Settings, file: Path) -> Copied:
    """Write the home into one file, its owner's alone, which is there when it is whole. The home may be in use.

    Raises
    ------
    BackupError
        The file is there already, or the home holds nothing yet.
    """
    embedded_only(settings)
    if file.exists():
        raise BackupError(f"{file}: is there already, and isn't overwritten. Name another file.")
    if not (settings.root / "postgres" / "cluster").exists():
        raise BackupError(f"{settings.root}: there is nothing to back up yet.")
    half = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    file.parent.mkdir(parents=True, exist_ok=True)
    half.touch(mode=0o600)  # it holds every client's data
    try:
        with connected(settings) as databases, tarfile.open(half, "w:gz", compresslevel=1) as archive:
            _write_manifest(archive, _revision(databases))
            with _server(databases).copied() as data, _taken(settings.root) as taken:
                parts = chain(_below(settings.root, HOME, LEFT_OUT), _below(taken, HOME), _below(data, DATA))
                copied = _write(archive, parts, {file.resolve(), half.resolve()})
        half.rename(file)
    finally:
        half.unlink(missing_ok=True)
    return copied


def embedded_only(settings: Settings) -> None:
    """Refuse a home whose database is on a server of the user's."""
    if settings.database_url is not None:
        raise SettingsError(
            "DISCOVERY_DATABASE_URL names a server of yours: back it up by its own means (pg_dump, snapshots), and "
            "the home's artifacts with it."
        )


def _server(databases: Databases) -> EmbeddedServer:
    if databases.embedded_server is None:
        raise BackupError("There is no embedded server.")
    return databases.embedded_server


def _revision(databases: Databases) -> str | None:
    """Where the database's tables stand; None where they were never made."""
    import psycopg

    try:
        with psycopg.connect(databases.dsn(Role.OWNER)) as connection:
            (found,) = connection.execute("select version_num from alembic_version").fetchone() or (None,)
            return found
    except psycopg.Error:
        return None


@contextmanager
def _taken(home: Path) -> Iterator[Path]:
    """A folder of the home's scratch with each stage's complete files, for one process at a time."""
    folder = home / "scratch" / "backup"
    shutil.rmtree(folder, ignore_errors=True)  # what a killed process left
    try:
        _take_artifacts(home / "artifacts", folder / "artifacts")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _take_artifacts(artifacts: Path, into: Path) -> None:
    """Link each stage's complete files: the links stay when the stage is written again."""
    into.mkdir(parents=True)
    for current in sorted(artifacts.rglob(CURRENT)):
        stage, said = into / current.parent.relative_to(artifacts), ""
        while current.exists() and said != (said := current.read_text()):
            version = Version.parse(said).name
            try:
                shutil.copytree(current.parent / version, stage / version, copy_function=_linked)
                (stage / CURRENT).write_text(said)
                break
            except (FileNotFoundError, shutil.Error):  # it was written again meanwhile
                shutil.rmtree(stage, ignore_errors=True)


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)


def _write_manifest(archive: tarfile.TarFile, revision: str | None) -> None:
    manifest = json.dumps({"format": FORMAT, "postgres": INSTALLATION, "revision": revision}).encode()
    head = tarfile.TarInfo(MANIFEST)
    head.size = len(manifest)
    archive.addfile(head, io.BytesIO(manifest))


def _write(archive: tarfile.TarFile, parts: Iterable[tuple[Path, str]], itself: set[Path]) -> Copied:
    files = size = 0
    for path, name in parts:
        if path in itself or path.is_symlink() or not (path.is_dir() or path.is_file()):
            continue  # links and sockets are nobody's data
        with suppress(FileNotFoundError):  # a log that was rotated away meanwhile
            archive.add(path, name, recursive=False)
            files += path.is_file()
            size += path.stat().st_size if path.is_file() else 0
    return Copied(files, size)


def _below(folder: Path, name: str, left_out: frozenset[str] = frozenset()) -> Iterator[tuple[Path, str]]:
    """Everything in the folder, each with its name in the archive."""
    yield folder, name
    for top in sorted(folder.iterdir()):
        if top.name not in left_out:
            for path in [top, *sorted(top.rglob("*"))]:
                yield path, f"{name}/{path.relative_to(folder).as_posix()}"
