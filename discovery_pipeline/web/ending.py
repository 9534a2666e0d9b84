"""Ending: streams and calls that wait hear of it first. The server only ends when all have, and cuts off who stays."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


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


__all__ = ["before_the_end"]
