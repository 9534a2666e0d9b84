"""A wire to PostgreSQL that can be cut: a socket between client and server that passes on what both say."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from discovery_pipeline.store.postgres.placement import SOCKET_NAME

Cut = Literal["before COMMIT arrives", "before its answer arrives"]


class Wire:
    """Listens in a folder of its own, and passes everything on to the server whose socket is in `there`."""

    def __init__(self, there: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="wire-"))
        self.cut: Cut | None = None  # done once, with the next COMMIT
        self._silenced: set[socket.socket] = set()  # clients that no answer reaches
        self._there = there
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(self.folder / SOCKET_NAME))
        self._listening.listen()
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def close(self) -> None:
        """Take no more calls, and hang up those there are."""
        _hang_up(self._listening, *self._ends)
        for thread in self._threads:
            thread.join()
        for end in (self._listening, *self._ends):
            end.close()
        (self.folder / SOCKET_NAME).unlink()
        self.folder.rmdir()

    def _start(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                self._ends += [client, server]
                server.connect(str(self._there / SOCKET_NAME))
                self._start(self._upwards, client, server)
                self._start(self._downwards, server, client)

    def _upwards(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while said := client.recv(1 << 16):
                if b"COMMIT\0" in said and self.cut:
                    cut, self.cut = self.cut, None
                    if cut == "before COMMIT arrives":
                        break
                    self._silenced.add(client)
                server.sendall(said)
        _hang_up(client, server)

    def _downwards(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while (said := server.recv(1 << 16)) and client not in self._silenced:
                client.sendall(said)
        _hang_up(server, client)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
