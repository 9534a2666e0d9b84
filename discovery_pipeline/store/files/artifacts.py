"""Artifacts: what the stages write, by tenant, flow and stage, on a folder or any fsspec URL.

Each time a stage writes, a version of its own comes to be; a small file, `CURRENT`, names the one that counts, and is
replaced in one step when the version is whole. So a reader meets the former files or the new ones, never a mixture, and
what a killed process left half-written is never named.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from discovery_pipeline.engine.disk import room
from discovery_pipeline.flow.tenant import ClientAccountId, EngagementId
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.files.disk import settle, sync

UPLOADS = "uploads"
"""The stage under which a flow's files are kept as they came."""
HELD = "held"
"""The stage under which files are kept that came, and in which no table was found."""
CURRENT = "CURRENT"
CHUNK = 1 << 20
FORMER_SECONDS = 3600.0
"""How long a run may still read the files that an addition took the place of."""


class Owner(Protocol):
    """Whose files they are: a flow, or a registered database."""

    @property
    def client_account_id(self) -> ClientAccountId: ...
    @property
    def engagement_id(self) -> EngagementId: ...
    @property
    def slug(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Version:
    """One complete writing of a stage."""

    name: str
    digest: str

    def text(self) -> str:
        """As it stands in the file that names it."""
        return json.dumps({"version": self.name, "sha256": self.digest})

    @classmethod
    def parse(cls, said: str) -> Version:
        """The version of that text."""
        told = json.loads(said)
        return cls(told["version"], told["sha256"])


class Artifacts:
    """Complete versions of each stage's files. What is being written is never read.

    `root` is a local folder. With a `remote` fsspec URL it is the place where files are made and fetched to, and the
    versions that count are the remote ones.
    """

    def __init__(self, root: Path, remote: str | None = None) -> None:
        self.root = root
        self._remote = _Remote(remote) if remote else None

    @classmethod
    def of(cls, settings: Settings) -> Artifacts:
        """The artifacts of a home."""
        return cls(settings.root / "artifacts", settings.artifacts_url)

    @contextmanager
    def adding(self, flow: Owner, stage: str) -> Iterator[Path]:
        """A folder as for `writing` that begins with the stage's files; put others there, or in their place.

        They are links: replace them, never write into one. Former versions stay for an hour, for whoever reads them.
        """
        with self.writing(flow, stage, kept_seconds=FORMER_SECONDS) as folder:
            if self.digest(flow, stage) is not None:
                for file in self.reading(flow, stage).iterdir():
                    os.link(file, folder / file.name)
            yield folder

    @contextmanager
    def writing(self, flow: Owner, stage: str, *, kept_seconds: float = 0) -> Iterator[Path]:
        """An empty local folder for a stage's files; they replace the stage's former ones, all at once, at the end.

        Nothing is kept when the block raises. The folder stays where it is: paths into it hold afterwards, until the
        stage is written again (with `kept_seconds`, longer).
        """
        place = self._place(flow, stage)
        name = uuid.uuid4().hex
        folder = self.root / place / name
        try:
            with room(self.root):
                folder.mkdir(parents=True)
                yield folder
                version = Version(name, _digest(folder))
                settle(folder)
                if self._remote:
                    self._remote.put(folder, place, version)
                _replace(folder.parent / CURRENT, version.text())
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        _forget_others(folder, time.time() - kept_seconds)

    def reading(self, flow: Owner, stage: str) -> Path:
        """The local folder with the stage's newest complete files (fetched first, where they are remote).

        Raises
        ------
        FileNotFoundError
            The stage has written nothing yet.
        """
        place = self._place(flow, stage)
        version = self._current(place)
        if version is None:
            raise FileNotFoundError(f"{flow.slug} has no {stage} yet")
        folder = self.root / place / version.name
        if self._remote and not folder.exists():
            self._remote.get(place, version, folder)
        return folder

    def digest(self, flow: Owner, stage: str) -> str | None:
        """The content hash of the stage's newest complete files; None where there are none."""
        version = self._current(self._place(flow, stage))
        return version.digest if version else None

    def folder(self, flow: Owner) -> Path:
        """The local folder of all of a flow's stages."""
        return self.root / str(flow.client_account_id) / str(flow.engagement_id) / flow.slug

    def fetch(self, place: Path) -> None:
        """Bring every remote file below that place into the local root; local ones are there."""
        if self._remote:
            self._remote.fetch(place, self.root)

    def forget(self, place: Path) -> None:
        """Delete every remote file below that place; local ones are whoever's who asks."""
        if self._remote:
            self._remote.delete(place)

    def _place(self, flow: Owner, stage: str) -> Path:
        if not stage.replace("_", "").isalnum():
            raise ValueError(f"a stage's name is letters, digits and underscores, not {stage!r}")
        return self.folder(flow).relative_to(self.root) / stage

    def _current(self, place: Path) -> Version | None:
        if self._remote:
            return self._remote.current(place)
        try:
            return Version.parse((self.root / place / CURRENT).read_text())
        except FileNotFoundError:
            return None


class _Remote:
    """The same versions below an fsspec URL. `CURRENT` is put last: object stores replace an object in one step."""

    def __init__(self, url: str) -> None:
        from fsspec.core import url_to_fs

        self._files: Any
        self._files, self._base = url_to_fs(url)

    def put(self, folder: Path, place: Path, version: Version) -> None:
        there = self._there(place)
        self._files.makedirs(there, exist_ok=True)
        self._files.put(os.fspath(folder), f"{there}/{version.name}", recursive=True)
        self._files.pipe_file(f"{there}/{CURRENT}", version.text().encode())
        for other in self._files.ls(there, detail=False):
            if other.rsplit("/", 1)[-1] not in {CURRENT, version.name}:
                self._files.rm(other, recursive=True)

    def get(self, place: Path, version: Version, folder: Path) -> None:
        half = folder.with_name(f".{uuid.uuid4().hex}")
        self._files.get(f"{self._there(place)}/{version.name}", os.fspath(half), recursive=True)
        try:
            half.rename(folder)
        except OSError:  # another process fetched it meanwhile
            shutil.rmtree(half)

    def current(self, place: Path) -> Version | None:
        try:
            return Version.parse(self._files.cat_file(f"{self._there(place)}/{CURRENT}").decode())
        except FileNotFoundError:
            return None

    def fetch(self, place: Path, root: Path) -> None:
        for path in self._files.find(there) if self._files.exists(there := self._there(place)) else ():
            local = root / place / path[path.index(there) + len(there) + 1 :]
            local.parent.mkdir(parents=True, exist_ok=True)
            self._files.get_file(path, os.fspath(local))

    def delete(self, place: Path) -> None:
        if self._files.exists(there := self._there(place)):
            self._files.rm(there, recursive=True)

    def _there(self, place: Path) -> str:
        return f"{self._base.rstrip('/')}/{place.as_posix()}"


def _digest(folder: Path) -> str:
    """SHA-256 over names and bytes of all files, in order of their names."""
    whole = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        with file.open("rb") as content:
            whole.update(file.relative_to(folder).as_posix().encode())
            whole.update(hashlib.file_digest(content, "sha256").digest())
    return whole.hexdigest()


def _replace(path: Path, content: str) -> None:
    half = path.with_name(f".{uuid.uuid4().hex}")
    try:
        half.write_text(content)
        sync(half)
        half.replace(path)
        sync(path.parent)
    finally:
        half.unlink(missing_ok=True)


def _forget_others(kept: Path, before: float) -> None:
    """Remove the versions that count no more, and what killed processes left, where they are older than that."""
    for other in kept.parent.iterdir():
        with suppress(FileNotFoundError):  # another writer of the stage removes them, too
            if other.name not in {kept.name, CURRENT} and other.stat().st_mtime <= before:
                shutil.rmtree(other, ignore_errors=True) if other.is_dir() else other.unlink()
