"""Silence: a server that takes connections and answers nothing. Its connections are closed, so no call hangs.

A network that is gone is noticed by the system; a server that hangs isn't, and would be waited for without end.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

FIRST_SECONDS = 5.0
"""How long the first answer may take of a connection that comes from the pool: it is only asked whether it lives."""
STATEMENT_SECONDS = 75.0
"""How long any other may take: longer than the server itself lets a statement take."""


class Connection(psycopg.AsyncConnection[Any]):
    """A connection that hangs up where an answer takes longer than it may."""

    patience = FIRST_SECONDS

    async def wait(self, *args: Any, **kwargs: Any) -> Any:
        """What the server answers."""
        watching = asyncio.get_running_loop().call_later(self.patience, self._hang_up)
        try:
            return await super().wait(*args, **kwargs)
        finally:
            watching.cancel()

    def _hang_up(self) -> None:
        """End it as if the server had: whoever waits hears so at once, and the pool makes a new one."""
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self.pgconn.socket)) as line:
            line.shutdown(socket.SHUT_RDWR)


def watched(engine: AsyncEngine) -> AsyncEngine:
    """The engine, whose connections say at once whether they live and then have the time that a statement may take."""
    pool = engine.sync_engine

    @event.listens_for(pool, "checkout")
    def lives(connection: Any, *_: Any) -> None:
        connection.driver_connection.patience = STATEMENT_SECONDS

    @event.listens_for(pool, "checkin")
    def rests(connection: Any, *_: Any) -> None:
        if connection is not None:  # it is none where it was lost
            connection.driver_connection.patience = FIRST_SECONDS

    return engine
