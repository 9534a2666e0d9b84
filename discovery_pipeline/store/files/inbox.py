"""The inbox: folders in which files arrive, on a disk or at any fsspec URL.

    <inbox>/<client>/<engagement>/<source-system>__<target-system>/<files>
                                                                   accepted/<flow>/<files>
                                                                   rejected/<file>, <file>.reason.txt

Here files are listed, fetched and moved. What becomes of them is decided in `landing`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

ACCEPTED, REJECTED = "accepted", "rejected"
REASON = ".reason.txt"
DEPTH = 3
"""Folders between the inbox and a file: client, engagement, pair of systems."""
BETWEEN = "__"
"""What stands between the source system and the target system in a folder's name."""
UNFINISHED = (".part", ".partial", ".filepart", ".crdownload", ".tmp", "~")
"""Ends of names under which programs write a file or folder that isn't whole yet; so is one that begins with a dot."""
MARKS = ("ino", "mtime", "ETag", "etag", "md5Hash", "LastModified", "last_modified", "updated")
"""What file systems say of a file that changes when it is written anew, and stays when it is read."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One file as it is listed."""

    name: str
    stamp: str  # another one whenever the file was written anew
    odd: str = ""  # why it is nothing to be fetched: a link, a pipe, a device

    @property
    def whole(self) -> bool:
        """Whether its name says so."""
        return _whole(self.name)


@dataclass(frozen=True, slots=True)
class Arrival:
    """The files that stand in one folder."""

    folder: str  # below the inbox, with slashes
    listed: tuple[Arrived, ...]

    @property
    def files(self) -> tuple[Arrived, ...]:
        """Those whose names say that they are whole, by name."""
        return tuple(file for file in self.listed if file.whole)

    @property
    def id(self) -> str:
        """The folder's name for others, which tells nothing of the client's."""
        return _hash(self.folder)

    @property
    def stamp(self) -> str:
        """Another one whenever a file came, went, or was written to."""
        return _hash(*(f"{file.name}\0{file.stamp}" for file in self.listed))

    @property
    def place(self) -> Place | str:
        """Whose files they are, and what is to be made of them; a sentence where the folder doesn't say it."""
        client, engagement, pair, *deeper = (*PurePosixPath(self.folder).parts, "", "", "")[: DEPTH + 1]
        source, between, target = pair.partition(BETWEEN)
        if deeper != [""] or not (source and between and target):
            return (
                "Files belong into a folder <client>/<engagement>/<source-system>__<target-system>, "
                "as in acme/move-2027/servicenow__aws."
            )
        return Place(client, engagement, source, target)


@dataclass(frozen=True, slots=True)
class Place:
    """What a folder's name says."""

    client: str
    engagement: str
    source: str
    target: str


class Inbox:
    """The folders of one landing zone. Names are below it, with slashes."""

    def __init__(self, url: str) -> None:
        from fsspec.core import url_to_fs

        self.url = url
        self._files: Any
        self._files, base = url_to_fs(url)
        self._base = base.rstrip("/")

    def arrivals(self) -> list[Arrival]:
        """Every folder in which something stands that is neither accepted nor rejected, by name.

        However deep it is: what was put below where files belong is refused with a reason.
        """
        return self._arrivals("", None)

    def arrival(self, folder: str) -> Arrival | None:
        """What stands in that folder now; None where nothing does."""
        return next(iter(self._arrivals(folder, 1)), None)

    def _arrivals(self, folder: str, depth: int | None) -> list[Arrival]:
        self._files.invalidate_cache()
        found: dict[str, list[Arrived]] = {}
        for path, info in self._listed(self._there(folder), depth):
            parent, _, name = path.rpartition("/")
            found.setdefault(parent, []).append(Arrived(name, _stamp(info), _odd(info)))
        return [
            Arrival(name, tuple(sorted(files, key=lambda file: file.name))) for name, files in sorted(found.items())
        ]

    def fetch(self, arrival: Arrival, file: Arrived, to: Path) -> bool:
        """Copy a file to a local path. Tells whether it stayed as it was listed while it was copied."""
        there = self._there(arrival.folder, file.name)
        try:
            self._files.get_file(there, str(to))
        except FileNotFoundError:
            return False
        self._files.invalidate_cache()
        # Listed as it was before: some file systems say the same in other words when asked for one file.
        listed = self._files.ls(self._there(arrival.folder), detail=True)
        return any(info["name"] == there and _stamp(info) == file.stamp for info in listed)

    def accept(self, arrival: Arrival, file: Arrived, flow: str) -> None:
        """Move a file that its flow has stored out of the way."""
        self._move(self._there(arrival.folder, file.name), self._there(arrival.folder, ACCEPTED, flow, file.name))

    def reject(self, arrival: Arrival, file: Arrived, reason: str) -> None:
        """Move a file aside, and say beside it why."""
        self._reject(self._there(arrival.folder, file.name), arrival.folder, file.name, reason)

    def take_back(self, folder: str, flow: str, name: str, reason: str) -> None:
        """Reject a file that was accepted and couldn't be read; nothing happens where it isn't there any more."""
        there = self._there(folder, ACCEPTED, flow, name)
        if self._files.exists(there):
            self._reject(there, folder, name, reason)

    def _reject(self, there: str, folder: str, name: str, reason: str) -> None:
        aside = self._there(folder, REJECTED, name)
        names = (aside, *(f"{aside}.{number}" for number in range(2, 1000)))
        free = next(path for path in names if not self._files.exists(path))
        self._files.makedirs(free.rpartition("/")[0], exist_ok=True)
        self._files.pipe_file(f"{free}{REASON}", f"{reason}\n".encode())  # first: a file aside is never without reason
        self._move(there, free)

    def _move(self, there: str, to: str) -> None:
        self._files.makedirs(to.rpartition("/")[0], exist_ok=True)
        self._files.mv(there, to)

    def _listed(self, there: str, depth: int | None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every file down to so many levels below there, or at any, and what is known of it."""
        for _, folders, files in self._files.walk(there, maxdepth=depth, detail=True):
            for name in list(folders):
                if name in {ACCEPTED, REJECTED} or not _whole(name):
                    del folders[name]  # so that nobody looks into it: what was accepted grows with every flow
            for info in files.values():
                if self._inside(info["name"]):
                    yield info["name"].removeprefix(self._base).lstrip("/"), info

    def _inside(self, path: str) -> bool:
        """Whether a local file stands below the inbox, not in a folder that a link leads to."""
        if "file" not in self._files.protocol:
            return True
        return Path(path).parent.resolve().is_relative_to(Path(self._base).resolve())

    def _there(self, *parts: str) -> str:
        return "/".join((self._base, *(part for part in parts if part)))


def _whole(name: str) -> bool:
    return not name.startswith(".") and not name.endswith(UNFINISHED)


def _odd(info: dict[str, Any]) -> str:
    if info.get("islink"):
        return "This is a link. Put the file itself here."
    return "" if info["type"] == "file" else "This is a pipe or a device, not a file. Write what it gives into a file."


def _stamp(info: dict[str, Any]) -> str:
    marks = [f"{mark}={info[mark]}" for mark in MARKS if info.get(mark) is not None]
    return _hash(str(info.get("size")), *(marks or [str(info.get("created"))]))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
