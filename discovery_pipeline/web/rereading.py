"""Rereading: a run may put newer files in the place of those that a request is just reading; then it reads those."""

from __future__ import annotations

import duckdb
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TRIES = 4
"""A run publishes a handful of files that one page shows, one after the other, with work between them."""
GONE = (FileNotFoundError, duckdb.IOException)


class Rereading:
    """Answers a request that only reads anew, where files went away under it before anything was said."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; where files stay away, the last fault stands."""
        tries = TRIES if scope["type"] == "http" and scope["method"] == "GET" else 1
        begun = False

        async def said(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        for left in reversed(range(tries)):
            try:
                await self._app(scope, receive, said)
            except GONE:
                if begun or not left:
                    raise
            else:
                return


__all__ = ["Rereading"]
