"""Bounds: how large a request may be, and how slow. Files go to the disk, and have a limit of their own."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from discovery_pipeline.web import problems
from discovery_pipeline.web.faults import HeadTooLarge, RequestFault, TooSlow, UploadTooLarge

LARGEST_HEAD = 64 << 10
"""Bytes of the address and all headers together: a token, cookies and a long search have a few thousand."""
LARGEST_BODY = 32 << 20
"""Bytes, where it is no file: a mapping of ten thousand columns has a few million."""
PATIENCE_SECONDS = 30.0
SLOWEST = 1_000
"""Bytes that win a body another second."""
GONE: Message = {"type": "http.disconnect"}


class Bounds:
    """Refuses what says it is too large, and stops reading what turns out to be, or doesn't come."""

    def __init__(self, app: ASGIApp, largest: int = LARGEST_BODY, patience: float = PATIENCE_SECONDS) -> None:
        self._app, self._largest, self._patience = app, largest, patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, as much of it as is taken."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_file = headers.get("content-type", "").startswith("multipart/")
        body = _Body(receive, self._patience, None if is_file else self._largest)
        length = headers.get("content-length", "")
        if fault := _head_fault(scope) or body.size_fault(int(length) if length.isdigit() else 0):
            await problems.answer(fault, scope["path"])(scope, receive, send)
            return

        async def said(message: Message) -> None:
            if body.fault is None:
                await send(message)
            elif message["type"] == "http.response.start":  # in the place of what the app makes of a body cut off
                refusal = problems.answer(body.fault, scope["path"])
                refusal.headers["Connection"] = "close"
                await refusal(scope, receive, send)

        await self._app(scope, body.read, said)


@dataclass(slots=True)
class _Body:
    """A body on its way."""

    receive: Receive
    patience: float  # seconds; time is only counted while the client sends nothing
    largest: int | None
    taken: int = 0
    waited: float = 0.0
    whole: bool = False
    fault: RequestFault | None = None

    async def read(self) -> Message:
        """The next piece; the end of the line where it is late, or too much."""
        if self.whole:
            return await self.receive()  # whoever streams an answer waits here until the client leaves
        if self.fault:
            return GONE
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.patience + self.taken / SLOWEST - self.waited):
                message = await self.receive()
        except TimeoutError:
            self.fault = TooSlow(f"The body didn't come: {self.taken:,} bytes so far. Send the request again.")
            return GONE
        self.waited += time.monotonic() - began
        self.taken += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        self.fault = self.size_fault(self.taken)
        return GONE if self.fault else message

    def size_fault(self, size: int) -> RequestFault | None:
        """What is wrong with a body of so many bytes."""
        if self.largest is None or size <= self.largest:
            return None
        return UploadTooLarge(f"A body that is no file has at most {self.largest:,} bytes.")


def _head_fault(scope: Scope) -> RequestFault | None:
    size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    size += sum(len(name) + len(value) for name, value in scope["headers"])
    return head_too_large() if size >= LARGEST_HEAD else None


def head_too_large() -> HeadTooLarge:
    """What whoever sends too large a head is told."""
    return HeadTooLarge(f"The address and the headers have less than {LARGEST_HEAD:,} bytes together.")
