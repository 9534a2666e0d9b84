"""Ending: streams and calls that wait hear of it first. The server ends when all have; whom it cuts off is told so."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from discovery_pipeline.web import problems
from discovery_pipeline.web.faults import Unavailable

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class CutOff:
    """Tells whom the server cuts off that it ends, where they have no answer yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and answer what is left of it."""
        begun = False

        async def said(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, said)
        except asyncio.CancelledError:  # nobody else ends a whole request: one whose client left goes on
            if scope["type"] != "http":
                raise
            if not begun:
                await problems.answer(STOPPED, scope["path"])(scope, receive, send)


STOPPED = Unavailable(
    "The service stopped before this was done. Send it again when the service is back; if it was to change something, "
    "look first whether it did."
)


@contextmanager
def before_the_end(call: Callable[[], None]) -> Iterator[None]:
    """Call this in the event loop when the process is told to end, before the server's own handler of the signal.

    A server that has no handler, or runs beside the main thread, can't be told so, and changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    former = {number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))}

    def told(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(call)
        former[signal.Signals(number)](number, frame)

    for number in former:
        signal.signal(number, told)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


__all__ = ["CutOff", "before_the_end"]
