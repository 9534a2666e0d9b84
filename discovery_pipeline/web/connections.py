"""Connections: HTTP as uvicorn speaks it, but the head of a request has to end: soon, and before it is too large.

uvicorn takes it by `--http discovery_pipeline.web.connections:Connection`.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from discovery_pipeline.web import problems
from discovery_pipeline.web.bounds import LARGEST_HEAD, head_too_large
from discovery_pipeline.web.faults import RequestFault, TooSlow

HEAD_SECONDS = 20.0
LINGER_SECONDS = 2.0
"""How long the line stays open after a refusal: cut at once, a client that still sends would never read it."""
IDLE_SECONDS = 75
"""How long a line stays open between requests: longer than clients and proxies keep theirs (5 s, 60 s), or one that is
closed just then loses a request that can't be sent twice."""


class Connection(HttpToolsProtocol):
    """One client's line."""

    _deadline: asyncio.TimerHandle | None = None  # there while a head is awaited
    _unread = 0  # bytes of that head
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Wait for the first head."""
        super().connection_made(transport)
        self.timeout_keep_alive = IDLE_SECONDS
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, as long as it makes sense."""
        if self._refused:
            return
        self._unread += len(data)
        super().data_received(data)
        if self._deadline and self._unread > LARGEST_HEAD:
            self._refuse(head_too_large())

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        if not self._deadline:  # the first one is awaited from the beginning
            self._await_head()

    def on_url(self, url: bytes) -> None:
        """The address, as much of it as can be parsed; one that is cut off here is refused by its size."""
        self.url = (self.url + url)[: LARGEST_HEAD - 1]

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self._head_came()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._unread = 0
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _head_came(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if self.cycle and not self.cycle.response_complete:  # we make them wait: nothing is read beside an answer
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_slow)
        elif self._unread:
            self._refuse(TooSlow(f"The head of the request didn't end within {HEAD_SECONDS:g} seconds."))
        else:
            self.transport.close()  # a line that a browser keeps in reserve

    def _refuse(self, fault: RequestFault) -> None:
        self._head_came()
        self._refused = True
        made = problems.answer(fault)
        head = [(b"connection", b"close"), *made.raw_headers]
        lines = [f"HTTP/1.1 {fault.status} {HTTPStatus(fault.status).phrase}".encode(), *map(b": ".join, head)]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(made.body)]))
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
