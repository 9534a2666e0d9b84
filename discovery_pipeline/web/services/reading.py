"""Reading: what is in an upload, found by a process of its own, so that no file can take the service's memory or life.

The process is there from the start, so that the first upload doesn't wait for libraries.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

from discovery_pipeline.web import reader_process
from discovery_pipeline.web.reader_process import Found

LARGE = 64 << 20
"""Bytes of a file after which the process is replaced, and the memory that libraries keep goes with it."""
LONGEST_ANSWER = 256 << 20
END_SECONDS = 5.0


class Reader:
    """The process that reads. One file at a time: each takes what DuckDB is given."""

    def __init__(self, memory_limit: str, threads: int | None) -> None:
        self._limits = {"memory_limit": memory_limit, "threads": threads}
        self._process: asyncio.subprocess.Process | None = None
        self._free = asyncio.Lock()

    async def read(self, path: Path) -> Found | None:
        """What is in the file; None where reading it ended the process. Leaves nothing beside it."""
        async with self._free:
            try:
                answer = await self._asked({"path": str(path), **self._limits})
            except BaseException:
                await self._end()  # or its answer would be taken for the next file's
                raise
            if not answer or await asyncio.to_thread(_large, path):
                await self._end()
            return Found.model_validate_json(answer) if answer else None

    async def close(self) -> None:
        """End the process."""
        async with self._free:
            await self._end()

    async def start(self) -> None:
        """Start the process, where it isn't there."""
        if self._process is None:
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", reader_process.__name__, stdin=pipe, stdout=pipe, limit=LONGEST_ANSWER
            )

    async def _asked(self, question: dict) -> bytes:
        await self.start()
        process = self._process
        asked, answers = (process.stdin, process.stdout) if process else (None, None)
        if asked is None or answers is None:
            return b""
        with suppress(ConnectionError):
            asked.write(json.dumps(question).encode() + b"\n")
            await asked.drain()
        return await answers.readline()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def _large(path: Path) -> bool:
    return path.stat().st_size > LARGE
