"""A full disk: told from other faults, and reported in one sentence, wherever in the work it shows."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from discovery_pipeline.errors import DiscoveryError, DiskFullError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_WORDS = ("No space left on device", "Disk quota exceeded", "File too large")
"""Messages of libraries and servers that raise errors of their own."""


def full(error: BaseException) -> bool:
    """Whether the error is about a full disk."""
    return (isinstance(error, OSError) and error.errno in _FULL) or said_full(str(error))


def said_full(message: str) -> bool:
    """Whether a message is about a full disk."""
    return any(words in message for words in _WORDS)


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """For the block, which writes below the folder: a full disk is an error that says so.

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
        if not full(error):
            raise
        free = shutil.disk_usage(folder).free if folder.exists() else 0
        raise DiskFullError(
            f"{folder}: the disk is full ({free / 1e6:.0f} MB are free), so nothing was published. Make room, and try "
            "again."
        ) from error
