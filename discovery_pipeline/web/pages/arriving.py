"""Files that come with a form: taken in after a look at its token; what is wrong with them is said on the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from discovery_pipeline.errors import DiscoveryError
from discovery_pipeline.web.api.uploads import body
from discovery_pipeline.web.faults import InvalidRequest, RequestFault
from discovery_pipeline.web.multipart import Form
from discovery_pipeline.web.pages.answering import Note
from discovery_pipeline.web.security import CSRF_FIELD, check_csrf
from discovery_pipeline.web.services import Caller, Services

LARGEST = 5 << 20
"""Bytes of a file of text: a contract, a profile."""


@asynccontextmanager
async def arrived(request: Request, called: Services, caller: Caller, limit: int) -> AsyncIterator[Form]:
    """A form with files of at most so many bytes, which go when the block ends."""
    with called.upload.arriving() as folder:
        form = await body(request, limit, folder)
        check_csrf(caller, form.fields.get(CSRF_FIELD, ""))
        yield form


async def file_of_text(request: Request, called: Services, caller: Caller, missing: str) -> tuple[str, str]:
    """The name and the text of the file that comes with a form.

    Raises
    ------
    InvalidRequest
        There is none, as `missing` says, or it is no text.
    """
    async with arrived(request, called, caller, LARGEST) as form:
        if not form.files or not form.files[0].byte_size:
            raise InvalidRequest(missing)
        file = form.files[0]
        try:
            return file.name, file.path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise InvalidRequest("The file is no text in UTF-8.") from None


def refusal(fault: DiscoveryError) -> Note:
    """What the page says of what it doesn't take. Who may not act at all is told that instead: the fault rises."""
    if isinstance(fault, RequestFault) and fault.status in (401, 403):
        raise fault
    return Note(str(fault), "bad")
