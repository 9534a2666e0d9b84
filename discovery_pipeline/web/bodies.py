"""Bodies: what a request may bring that is no file. Files go to the disk, and have a limit of their own."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from discovery_pipeline.web import problems
from discovery_pipeline.web.faults import UploadTooLarge

LARGEST = 32 << 20
"""Bytes: a mapping of ten thousand columns has a few."""


class BodyLimit:
    """Refuses a body that says it is too large, and stops reading one that doesn't say."""

    def __init__(self, app: ASGIApp, largest: int = LARGEST) -> None:
        self._app, self._largest = app, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, as much of it as is taken."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if scope["type"] != "http" or headers.get("content-type", "").startswith("multipart/"):
            await self._app(scope, receive, send)
            return
        refusal = problems.answer(
            UploadTooLarge(f"A body that is no file has at most {self._largest:,} bytes."), scope["path"]
        )
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self._largest:
            await refusal(scope, receive, send)
            return
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return message if taken <= self._largest else {"type": "http.disconnect"}

        async def said(message: Message) -> None:
            if taken <= self._largest:
                await send(message)
            elif message["type"] == "http.response.start":
                await refusal(scope, receive, send)  # in the place of what the app makes of a body that was cut off

        await self._app(scope, limited, said)
