"""HEAD and OPTIONS on whatever there is, and files in ranges: what programs between us and the caller rely on."""

from __future__ import annotations

import httpx
import pytest

from discovery_pipeline.web.faults import TooManyRequests
from discovery_pipeline.web.limits import RateLimit

READ = ("/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json")


@pytest.mark.parametrize("path", READ)
async def test_what_can_be_read_can_be_looked_at(client, path: str):
    whole, head = await client.http.get(path), await client.http.head(path)
    assert (head.status_code, head.headers["content-type"]) == (whole.status_code, whole.headers["content-type"])
    assert head.content == b""


async def test_the_head_of_a_call_of_the_api_is_that_of_its_answer(client):
    flow = await client.begin()
    path = f"/api/v1/unified-discovery/flow/status/{flow}"
    whole, head = await client.http.get(path), await client.http.head(path)
    assert (head.status_code, head.headers["etag"], head.content) == (200, whole.headers["etag"], b"")
    assert (await client.http.head(f"{path}x")).status_code == 404
    assert (await client.http.head(path, headers={"Authorization": "Bearer none"})).status_code == 401


async def test_the_head_of_a_stream_ends(client):
    flow = await client.begin()
    head = await client.http.head(f"/api/v1/unified-discovery/flow/events/{flow}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")


async def test_what_only_changes_has_no_head(client):
    head = await client.http.head("/api/v1/unified-discovery/flow/initialize")
    assert (head.status_code, head.headers["allow"]) == (405, "OPTIONS, POST")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/mapping-profiles", "GET, HEAD, OPTIONS, POST"),
        ("/api/v1/field-mapping/submit", "OPTIONS, POST"),
        ("/health/live", "GET, HEAD, OPTIONS"),
    ],
)
async def test_every_address_tells_what_can_be_done_there(client, path: str, methods: str):
    asked = await client.http.options(path)
    assert (asked.status_code, asked.headers["allow"]) == (204, methods)
    refused = await client.http.delete(path)
    assert (refused.status_code, refused.headers["allow"]) == (405, methods)
    assert refused.headers["content-type"] == "application/problem+json"


async def test_looking_at_a_link_does_not_use_it_up(client):
    code = await client.services.access.create_code(client.tenant.by)
    browser = httpx.AsyncClient(transport=client.http._transport, base_url="http://test")
    assert (await browser.head("/login", params={"code": code})).status_code == 200
    assert (await browser.get("/login", params={"code": code})).status_code == 303


async def test_who_shows_no_token_is_told_so_however_often(client, monkeypatch: pytest.MonkeyPatch):
    def none_left(*_: object) -> None:
        raise TooManyRequests("None left.", retry_after=1)

    monkeypatch.setattr(RateLimit, "take", none_left)
    flows = "/api/v1/unified-discovery/flows"
    stranger = httpx.AsyncClient(transport=client.http._transport, base_url="http://test")
    assert (await stranger.get(flows)).status_code == 401
    assert (await client.http.get(flows)).status_code == 429
