"""Where the runner's things stand in a home, and which code it has loaded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET = "zygote.sock"
ATTRIBUTE = "defs"
LOCATION = "discovery"
"""The code location's name in Dagster."""


def folder(home: Path) -> Path:
    """Folder of sockets and locks, which only its owner can enter."""
    place = home / "run"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    if place.stat().st_mode & 0o077:
        place.chmod(0o700)
    return place


@contextmanager
def address(home: Path) -> Iterator[str]:
    """The zygote's socket, by a name that is short enough for any home: a socket's path may have 107 bytes."""
    handle = os.open(folder(home), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/{SOCKET}"
    finally:
        os.close(handle)


def definitions() -> Path:
    """The file of the code location: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[2]
    inside = package / "definitions.py"
    return inside if inside.exists() else package.parent / "definitions.py"


def code_version() -> str:
    """A digest of the code on disk, by names, sizes and times: a few milliseconds."""
    package = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for file in (*sorted(package.rglob("*.py")), *sorted(package.rglob("*.yaml")), definitions()):
        said = file.stat()
        digest.update(f"{file}\0{said.st_size}\0{said.st_mtime_ns}\n".encode())
    return digest.hexdigest()
