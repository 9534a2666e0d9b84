"""Rereading: a run may put newer files in the place of those that a request is just reading; then it reads those."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import duckdb
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TRIES = 4
"""A run publishes a handful of files that one page shows, one after the other, with work between them."""
GONE = (FileNotFoundError, duckdb.IOException)

P = ParamSpec("P")
T = TypeVar("T")


def rereads(call: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """A call that only reads, whatever the method of its request, is made anew where files went away under it."""

    @wraps(call)
    async def again(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(TRIES - 1):
            try:
                return await call(*args, **kwargs)
            except GONE:
                continue
        return await call(*args, **kwargs)

    return again


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
