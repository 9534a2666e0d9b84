"""Heads: HEAD on whatever can be read. What GET would answer, without the body, and without the work of making one."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ASKED = "head"
"""In the state of a request: only the head of the answer is wanted."""


class _Said(Exception):
    """The head is said."""


class Heads:
    """Passes HEAD on as GET, and ends the answer where its body would begin: a stream would go on for ever."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say the answer's head."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = {**scope.get("state", {}), ASKED: True}

        async def said(message: Message) -> None:
            await send(message if message["type"] == "http.response.start" else {"type": "http.response.body"})
            if message["type"] != "http.response.start":
                raise _Said

        try:
            await self._app({**scope, "method": "GET", "state": state}, receive, said)
        except* _Said:
            pass


def head_only(request: Request) -> bool:
    """Whether only the head of the answer is wanted, so that nothing may come of the request."""
    return getattr(request.state, ASKED, False)
