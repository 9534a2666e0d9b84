"""The service ends: whoever it cuts off is told so, and nothing half done stays."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import uvicorn

from discovery_pipeline.settings import Settings
from discovery_pipeline.web.app import application
from discovery_pipeline.web.multipart import BATCH
from discovery_pipeline.web.services.uploads import FOLDER

pytestmark = pytest.mark.asyncio(loop_scope="session")

BEGUN = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\n' + b"1,2\n" * (BATCH // 2)
"""Of an upload that is larger."""


async def test_an_upload_that_the_end_cuts_off_is_a_problem_and_leaves_nothing(
    client: Any, web_settings: Settings, capsys: pytest.CaptureFixture[str]
):
    flow = await client.begin()
    before = await client.status(flow)
    server = uvicorn.Server(uvicorn.Config(application(web_settings), port=0, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.02)
    arriving = web_settings.root / FOLDER
    try:
        reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())
        writer.write(upload_head(client, flow) + BEGUN)
        async with asyncio.timeout(60):
            while not list(arriving.rglob("a.csv")):  # noqa: ASYNC110 - and neither has the disk
                await asyncio.sleep(0.02)
    finally:
        server.should_exit = True
    head, _, body = (await asyncio.wait_for(reader.read(), 60)).partition(b"\r\n\r\n")
    writer.close()
    await serving

    assert head.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 2" in head
    assert json.loads(body)["type"] == "/docs#unavailable"
    assert not list(arriving.rglob("a.csv"))
    assert await client.status(flow) == before
    assert "Traceback" not in "".join(capsys.readouterr())
    assert (await client.upload(flow, "a,b\n1,2\n", "a.csv")).status_code == 200


def upload_head(client: Any, flow: str) -> bytes:
    """The head of an upload of more bytes than will come."""
    said = {
        "Host": "test",
        "Authorization": f"Bearer {client.token}",
        "X-Client-Account-ID": client.tenant.client_account_id,
        "X-Engagement-ID": client.tenant.engagement_id,
        "Content-Type": "multipart/form-data; boundary=b",
        "Content-Length": 2 * len(BEGUN),
    }
    lines = [f"POST /api/v1/data-import/upload/{flow} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
    return "\r\n".join([*lines, "", ""]).encode()
