"""Uploads over HTTP: streamed to the disk as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from discovery_pipeline.web.api.calls import FlowRef, The, Who, on_flow
from discovery_pipeline.web.faults import UploadTooLarge
from discovery_pipeline.web.multipart import Form, received
from discovery_pipeline.web.services.uploads import Uploaded

router = APIRouter(prefix="/api/v1/data-import", tags=["Uploads"])

OVERHEAD = 1 << 20
"""Bytes of a body beside its files."""
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                },
                "example": {"file": ["servers.csv"]},
            }
        },
    }
}


async def _arriving(the: The) -> AsyncIterator[Path]:
    """A folder for the files of this request; it goes after the answer."""
    with the.upload.arriving() as folder:
        yield folder


Folder = Annotated[Path, Depends(_arriving)]


@router.post("/upload/{flow_id}", responses=on_flow(409, 413, 422), openapi_extra=BODY)
async def upload(flow_id: FlowRef, who: Who, the: The, folder: Folder, request: Request) -> Uploaded:
    """Send one file or many, as parts named `file`; a run on them is asked for at once.

    CSV (any delimiter, any common encoding), TSV, XLSX, JSON, JSON Lines, Parquet, and ZIP or gzip of these. Files add
    up until mapping begins; one of the same name replaces the earlier one, the same bytes again change nothing.
    Afterwards an upload re-opens `data_import`. One file that can't be read doesn't stop the others.
    """
    who.must_be("reviewer")  # before a body of gigabytes is taken in
    form = await body(request, the.settings.upload_limit, folder)
    return await the.upload.accept(who, flow_id, form.files)


async def body(request: Request, limit: int, folder: Path) -> Form:
    """The request's files, on the disk. What is too large is refused as soon as that is known."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit + OVERHEAD:
        await _drained(request)
        raise UploadTooLarge(f"The upload has {int(length):,} bytes; at most {limit:,} are taken. Split it.")
    return await received(request.stream(), request.headers.get("content-type", ""), folder, limit)


async def _drained(request: Request) -> None:
    """Read the body and forget it: a client that isn't listening yet would see a cut line in place of the answer.

    One that asks first (Expect: 100-continue) is answered at once.
    """
    if "100-continue" not in request.headers.get("expect", ""):
        async for _ in request.stream():
            pass
