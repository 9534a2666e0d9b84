"""The home: the folder in which all state lives. What may hold a client's data or a secret is its owner's alone.

Whoever connects to the state sees to it, so that a home of an earlier version is closed by the next start.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

PASSED_THROUGH = ("", "postgres")
"""The home itself, and the folder of its database."""
PRIVATE = ("artifacts", "backups", "dagster", "logs", "maintenance", "purged", "run", "scratch")


def keep_private(home: Path) -> None:
    """Make the home and its folders, and close them to other accounts.

    Started by root, the database runs under an account of its own, which may pass through to its cluster and sees
    nothing on the way. Where a folder can't be made or closed, whoever writes there says why.
    """
    passing = 0o711 if os.geteuid() == 0 else 0o700
    with suppress(OSError):
        for name in PASSED_THROUGH:
            _close(home / name, passing)
        for name in PRIVATE:
            _close(home / name, 0o700)


def _close(folder: Path, mode: int) -> None:
    """Make a folder of that mode, or take from its mode what is more."""
    with suppress(FileExistsError):
        folder.mkdir(mode=mode, parents=True)
    there = stat.S_IMODE(folder.stat().st_mode)
    if there & ~mode:
        folder.chmod(there & mode)
