"""The bell: it wakes readers of events. What they then read is the table.

PostgreSQL rings it when a transaction that told of something commits. One connection of the process listens, however
many readers there are. A ring may be lost (the connection was cut) or be for nobody, so whoever waits for it also looks
by itself from time to time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

import structlog

from discovery_pipeline.flow.tenant import FlowId
from discovery_pipeline.store.postgres.databases import Databases, Role

CHANNEL = "discovery_events"
ALIVE_SECONDS = 30.0  # a silent connection is asked whether it is still there
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds before connecting again

log = structlog.get_logger(__name__)


class Bell:
    """Listens for as long as the block lasts, and wakes those who wait. It belongs to the event loop it was made in.

    Parameters
    ----------
    databases
        Where to listen; the connection is the application's.
    """

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._waiting: dict[asyncio.Event, str] = {}
        self._task: asyncio.Task[None] | None = None
        self._awake = asyncio.Event()
        self.over = False
        """Whether nothing will ring any more, and who waits does it in vain."""

    async def __aenter__(self) -> Self:
        """Begin to listen; a server that isn't there is tried again until it is."""
        self._task = asyncio.create_task(self._listen(), name="discovery-bell")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        self.end()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def end(self) -> None:
        """Wake all who wait, one last time, so that they go: the process is about to end."""
        self.over = True
        self._ring("")

    async def listening(self) -> None:
        """Wait until the connection listens, the first time."""
        await self._awake.wait()

    @contextmanager
    def heard(self, flow: FlowId | None = None) -> Iterator[asyncio.Event]:
        """An event that is set whenever something was told of the flow; without one, of any flow.

        The reader clears it before it reads, so that no ring falls between reading and waiting.
        """
        rung = asyncio.Event()
        self._waiting[rung] = tone(flow) if flow is not None else ""
        try:
            yield rung
        finally:
            del self._waiting[rung]

    async def _listen(self) -> None:
        import psycopg

        pause = FIRST_PAUSE
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self._databases.dsn(Role.APP), autocommit=True)
                async with connection:
                    await connection.execute(f"listen {CHANNEL}")
                    self._awake.set()
                    self._ring("")  # whatever was told while nobody listened
                    pause = FIRST_PAUSE
                    while True:
                        async for ring in connection.notifies(timeout=ALIVE_SECONDS):
                            self._ring(ring.payload)
                        await connection.execute("select 1")
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                log.warning("bell lost its connection", again_in=pause, kind=type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _ring(self, heard: str) -> None:
        for rung, wanted in self._waiting.items():
            if not heard or not wanted or heard == wanted:
                rung.set()


def tone(flow: FlowId) -> str:
    """What the bell says of a flow: enough to leave most readers asleep, too little to tell whose flow it is."""
    return str(flow)[:3]
