"""A request is as large as it may be, comes in time, or is told why it isn't taken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from discovery_pipeline.web import connections
from discovery_pipeline.web.bounds import LARGEST_BODY, LARGEST_HEAD, Bounds
from discovery_pipeline.web.connections import Connection

pytestmark = pytest.mark.asyncio(loop_scope="session")

HELLO = b"POST / HTTP/1.1\r\nHost: here\r\n"


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    """Says how many bytes came."""
    if scope["type"] != "http":
        return
    try:
        answer: Response = PlainTextResponse(str(len(await Request(scope, receive).body())))
    except ClientDisconnect:
        answer = PlainTextResponse("cut off", 400)
    await answer(scope, receive, send)


@asynccontextmanager
async def listening(patience: float) -> AsyncIterator[int]:
    """Where a server listens that waits no longer for a body."""
    server = uvicorn.Server(
        uvicorn.Config(
            Bounds(answering, patience=patience), port=0, http=Connection, lifespan="off", log_level="critical"
        )
    )
    config = server.config
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    yield server.servers[0].sockets[0].getsockname()[1]
    await server.shutdown()


@pytest_asyncio.fixture(loop_scope="session")
async def patient(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """Where a server listens that waits as long as a busy machine takes."""
    monkeypatch.setattr(connections, "IDLE_SECONDS", 5)
    async with listening(patience=2.5) as port:
        yield port


@pytest_asyncio.fixture(loop_scope="session")
async def hasty(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """Where a server listens that has no patience."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 1.0)
    monkeypatch.setattr(connections, "LINGER_SECONDS", 0.1)
    monkeypatch.setattr(connections, "IDLE_SECONDS", 5)
    async with listening(patience=0.3) as port:
        yield port


async def heard(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the line is closed, whether or not somebody was still sending."""
    said = b""
    with suppress(ConnectionError):
        while piece := await reader.read(1 << 16):
            said += piece
    return said


async def told(port: int, *parts: bytes, pause: float = 0.0) -> tuple[int, dict[str, Any]]:
    """Status and problem that a client gets who sends these parts, a pause after each."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.create_task(heard(reader))
    with suppress(ConnectionError):  # the line may be closed by then
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
    said = await asyncio.wait_for(answer, 60)
    writer.close()
    head, _, body = said.partition(b"\r\n\r\n")
    status = int(head.split()[1]) if head else 0
    return status, json.loads(body) if b"problem+json" in head else {}


async def test_a_head_that_goes_on_is_refused_before_it_is_whole(patient: int):
    status, problem = await told(patient, HELLO + b"X-Long: " + b"a" * 4 * LARGEST_HEAD)
    assert (status, problem["type"]) == (431, "/docs#head-too-large")


@pytest.mark.parametrize(
    "line", [b"GET /" + b"a" * LARGEST_HEAD + b" HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * LARGEST_HEAD]
)
async def test_a_head_that_is_whole_and_too_large_is_refused(patient: int, line: bytes):
    head = line.rstrip(b"\r\n") + b"\r\nHost: here\r\nConnection: close\r\n\r\n"
    status, problem = await told(patient, head)
    assert (status, problem["status"]) == (431, 431)


async def test_a_head_that_does_not_end_is_not_waited_for(hasty: int):
    status, problem = await told(hasty, HELLO, *[b"X: y\r\n"] * 8, pause=0.05)
    assert (status, problem["type"]) == (408, "/docs#too-slow")


async def test_a_line_on_which_nothing_is_said_is_closed(hasty: int):
    assert await told(hasty) == (0, {})


async def test_a_line_rests_for_longer_than_clients_keep_theirs():
    async with listening(patience=2.5) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HELLO + b"Content-Length: 2\r\n\r\n{}")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(1) == b"2"
        with pytest.raises(TimeoutError):  # httpx and others use a line again for 5 s
            await asyncio.wait_for(reader.read(1), 7)
        writer.close()


async def test_a_second_request_on_a_line_has_its_own_time(hasty: int):
    whole = HELLO + b"Content-Length: 2\r\n\r\n{}"
    status, _ = await told(hasty, whole, whole, HELLO, pause=0.6)
    assert status == 200


@pytest.mark.parametrize(
    "begun",
    [
        b"Content-Length: 1000\r\n\r\n{",
        b"Content-Length: 1000\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    ],
)
async def test_a_body_that_was_announced_and_does_not_come_is_not_waited_for(hasty: int, begun: bytes):
    status, problem = await told(hasty, HELLO + begun)
    assert (status, problem["type"]) == (408, "/docs#too-slow")


async def test_a_body_that_drips_ends_too(hasty: int):
    status, _ = await told(hasty, HELLO + b"Content-Length: 1000\r\n\r\n", *[b"{"] * 8, pause=0.1)
    assert status == 408


async def test_a_large_body_may_take_its_time(patient: int):
    pieces = [b"a" * 1_000] * 6
    status, _ = await told(patient, HELLO + b"Connection: close\r\nContent-Length: 6000\r\n\r\n", *pieces, pause=0.5)
    assert status == 200


async def test_a_body_that_is_no_file_has_a_size(client):
    address = "/api/v1/field-mapping/submit"
    too_large = {"Content-Length": str(LARGEST_BODY + 1), "Content-Type": "application/json"}
    assert (await client.http.post(address, content=b"{", headers=too_large)).status_code == 413
    assert (await client.http.post(address, content=b" " * (LARGEST_BODY + 1))).status_code == 413


async def test_who_comes_without_a_token_is_told_so_first(client):
    large = {"Authorization": "", "X-Long": "a" * LARGEST_HEAD}
    assert (await client.get("/unified-discovery/flows", headers=large)).status_code == 401
    assert (await client.get("/unified-discovery/flows", headers={"X-Long": large["X-Long"]})).status_code == 431


async def test_who_leaves_in_the_middle_of_an_upload_is_no_error(client, capsys: pytest.CaptureFixture[str]):
    flow = await client.begin()

    async def cut() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\n'
        raise ClientDisconnect

    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await client.post(f"/data-import/upload/{flow}", content=cut(), headers=kind)
    assert answer.status_code == 499
    assert "failed" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"name": "x",\n "source_system": }', "line 2, column 19"),
        (b'{"name": "\xff"}', "byte 11: no UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"name": ' + b"1" * 5_000 + b"}", "digits"),
    ],
)
async def test_what_is_no_json_is_said_with_its_place(client, content: bytes, said: str):
    kind = {"Content-Type": "application/json"}
    answer = await client.post("/unified-discovery/flow/initialize", content=content, headers=kind)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


async def test_json_must_be_called_so(client):
    answer = await client.post(
        "/unified-discovery/flow/initialize", content=b"name=x", headers={"Content-Type": "text/plain"}
    )
    assert answer.status_code == 422
    assert "Content-Type: application/json" in answer.json()["detail"]
