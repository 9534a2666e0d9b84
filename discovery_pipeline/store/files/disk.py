"""Disks: what was written is brought to them; one that is full is told in a sentence, wherever in the work it shows."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from discovery_pipeline.errors import DiscoveryError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
WORDS = ("No space left on device", "Disk quota exceeded", "File too large")
"""What libraries and servers say that have errors of their own."""


class DiskFullError(DiscoveryError):
    """There is no room left to write in. Nothing half-written counts; make room, and try again."""


def full(said: str) -> bool:
    """Whether an error's text tells of a full disk."""
    return any(words in said for words in WORDS)


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """Around what writes below the folder.

    Raises
    ------
    DiskFullError
        The disk is full; it says where, and how much is free.
    """
    try:
        yield
    except DiscoveryError:
        raise
    except Exception as error:
        if not (isinstance(error, OSError) and error.errno in FULL) and not full(str(error)):
            raise
        free = shutil.disk_usage(folder).free if folder.exists() else 0
        raise DiskFullError(
            f"{folder}: the disk is full ({free / 1e6:.0f} MB are free), so nothing was published. Make room, and try "
            "again."
        ) from error


def settle(folder: Path) -> None:
    """Bring the folder's files and folders to the disk, before anything names them."""
    for path in [*folder.rglob("*"), folder]:
        sync(path)


def sync(path: Path) -> None:
    """Bring one file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
