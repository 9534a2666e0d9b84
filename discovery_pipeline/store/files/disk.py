"""Disks: files are flushed to them before anything names them."""

from __future__ import annotations

import os
from pathlib import Path


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
