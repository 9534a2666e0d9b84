"""Reading: what is in a file that a user sent, found by processes of its own: no file can take the service with it.

There are two: a large file never keeps small ones waiting. The one for small files is there from the start, so that the
first upload doesn't wait for libraries; the other goes after each file, and the memory that it took with it.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from discovery_pipeline.web import reader_process
from discovery_pipeline.web.reader_process import Corrected, Correcting, Found, Reading

if TYPE_CHECKING:
    from discovery_pipeline.engine.intake.model import Choice
    from discovery_pipeline.engine.tables import Table

LARGE = 32 << 20
"""Bytes from which a file is a large one."""
LONGEST_ANSWER = 256 << 20
PATIENCE_SECONDS = 900.0
"""How long one file may take. What intake reads takes it a minute a gigabyte, on two busy cores."""
END_SECONDS = 5.0


class Reader:
    """Reads uploads, small and large ones side by side, one of each at a time."""

    def __init__(self, memory_limit: str, threads: int | None) -> None:
        self._memory_limit, self._threads = memory_limit, threads
        self._small, self._large = _Process(), _Process()

    async def start(self) -> None:
        """Be ready for the first file."""
        await self._small.start()

    async def read(self, path: Path, scratch: Path, chosen: Sequence[Choice] = ()) -> Found | None:
        """What is in the file; None where reading it ended the process. Works in `scratch`, and leaves nothing there.

        Parameters
        ----------
        chosen
            How parts of it are to be read.

        Raises
        ------
        OSError
            The disk is full.
        """
        asked = Reading(
            path=path, scratch=scratch, memory_limit=self._memory_limit, threads=self._threads, chosen=tuple(chosen)
        )
        answer = await self._ask(asked)
        return Found.model_validate_json(answer) if answer else None

    async def corrected(self, path: Path, scratch: Path, source: Table) -> Corrected | None:
        """Which cells of a table the file corrects; None where reading it ended the process."""
        asked = Correcting(
            path=path,
            scratch=scratch,
            memory_limit=self._memory_limit,
            threads=self._threads,
            source=source,
        )
        answer = await self._ask(asked)
        return Corrected.model_validate_json(answer) if answer else None

    async def _ask(self, asked: Reading | Correcting) -> bytes:
        large = await asyncio.to_thread(_size, asked.path) >= LARGE
        return await (self._large if large else self._small).ask(asked.model_dump_json(), last=large)

    async def close(self) -> None:
        """End the processes."""
        await self._small.end()
        await self._large.end()


class _Process:
    """One process that answers a line with a line."""

    def __init__(self) -> None:
        self._running: asyncio.subprocess.Process | None = None
        self._free = asyncio.Lock()

    async def start(self) -> asyncio.subprocess.Process:
        """The process, started where it isn't there."""
        if self._running is None:
            pipe = asyncio.subprocess.PIPE
            self._running = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", reader_process.__name__, stdin=pipe, stdout=pipe, limit=LONGEST_ANSWER
            )
        return self._running

    async def ask(self, question: str, *, last: bool) -> bytes:
        """Its answer; none where it ended, or took too long. With `last` it ends afterwards."""
        async with self._free:
            try:
                answer = await asyncio.wait_for(self._answer(question), PATIENCE_SECONDS)
            except TimeoutError:
                answer = b""
            except BaseException:
                await self.end()  # or its answer would be taken for the next file's
                raise
            if last or not answer:
                ended = await self.end()
                if ended == errno.ENOSPC:
                    raise OSError(ended, os.strerror(ended))
            return answer

    async def end(self) -> int:
        """End it; its exit code."""
        process, self._running = self._running, None
        if process is None:
            return 0
        if process.stdin:
            process.stdin.close()
        try:
            return await asyncio.wait_for(process.wait(), END_SECONDS)
        except TimeoutError:
            process.kill()
            return await process.wait()

    async def _answer(self, question: str) -> bytes:
        process = await self.start()
        if process.stdin is None or process.stdout is None:
            return b""
        with suppress(ConnectionError):
            process.stdin.write(question.encode() + b"\n")
            await process.stdin.drain()
        return await process.stdout.readline()


def _size(path: Path) -> int:
    return path.stat().st_size
