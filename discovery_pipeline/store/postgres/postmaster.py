"""The postmaster: what its files say, whether it is alive, and how a dead one is cleared away."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from discovery_pipeline.store.postgres.placement import SOCKET_NAME


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A server as its postmaster.pid tells of it; it may be dead."""

    pid: int
    data: Path
    sockets: Path
    ready: bool  # it is neither starting nor stopping

    @classmethod
    def of(cls, data: Path) -> Postmaster | None:
        """Of the cluster with these data; None where no file tells of one, or it is being written."""
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
            return cls(int(lines[0]), data, Path(lines[4]), len(lines) > 7 and lines[7].strip() == "ready")
        except (FileNotFoundError, IndexError, ValueError):
            return None

    @property
    def lives(self) -> bool:
        """Whether that process is there and is this server: a dead one's number may be another process's by now."""
        import psutil

        try:
            process = psutil.Process(self.pid)
            return process.status() != psutil.STATUS_ZOMBIE and os.fspath(self.data) in process.cmdline()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    @property
    def answers(self) -> bool:
        """Whether it takes connections."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            try:
                caller.connect(os.fspath(self.sockets / SOCKET_NAME))
            except OSError:
                return False
            return self.ready


def living(data: Path) -> Postmaster | None:
    """The server that runs on these data, if one does."""
    found = Postmaster.of(data)
    return found if found and found.lives else None


def forget_dead(data: Path, sockets: Path) -> None:
    """Remove the lock files of a server that is dead. Nobody may start one meanwhile.

    PostgreSQL would take any living process of the number in them for a server, and a zombie too.
    """
    if living(data) is None:
        for left in (data / "postmaster.pid", sockets / f"{SOCKET_NAME}.lock"):
            left.unlink(missing_ok=True)
