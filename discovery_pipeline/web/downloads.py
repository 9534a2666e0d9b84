"""Downloads: a file as an answer, streamed, with what RFC 9110 says of ranges and of what the caller has already."""

from __future__ import annotations

import asyncio
import os

from starlette.datastructures import Headers
from starlette.responses import FileResponse, MalformedRangeHeader, RangeNotSatisfiable, Response
from starlette.types import Receive, Scope, Send

from discovery_pipeline.web import problems
from discovery_pipeline.web.faults import RangeMissing

KEPT = ("etag", "last-modified", "cache-control", "content-security-policy")
"""Headers that an answer without the file has, too."""


class Download(FileResponse):
    """One file, whole or in ranges; nothing of it where the caller has it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the file, or with why not."""
        self.stat_result = await asyncio.to_thread(os.stat, self.path)
        self.set_stat_headers(self.stat_result)
        answer: Response | None = None
        if has(Headers(scope=scope).get("if-none-match"), self.headers["etag"]):
            answer = Response(status_code=304, headers={k: v for k, v in self.headers.items() if k in KEPT})
        try:
            await (answer(scope, receive, send) if answer else super().__call__(scope, receive, send))
        except RangeMissing as fault:
            refusal = problems.answer(fault, scope["path"])
            refusal.headers["Content-Range"] = f"bytes */{self.stat_result.st_size}"
            await refusal(scope, receive, send)

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        """Which ranges; none, and so the whole file, where the header says nothing that can be read."""
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader:
            return []
        except RangeNotSatisfiable:
            raise RangeMissing(f"The file has {file_size:,} bytes: no range of it is {http_range[:100]!r}.") from None


def has(match: str | None, tag: str) -> bool:
    """Whether an If-None-Match names that ETag: the caller has what it would get."""
    return match is not None and (
        match.strip() == "*" or tag in {p.strip().removeprefix("W/") for p in match.split(",")}
    )
