"""Files come whole or in ranges, and not at all where the caller has them."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from discovery_pipeline.web.downloads import Download


@pytest.fixture
def shop(tmp_path: Path) -> httpx.AsyncClient:
    """A server of one file of ten bytes."""
    file = tmp_path / "Geräte.csv"
    file.write_bytes(b"0123456789")

    async def served(_: Request) -> Download:
        return Download(file, media_type="text/csv", filename=file.name)

    app = Starlette(routes=[Route("/", served)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.mark.parametrize(
    ("wanted", "got"), [("bytes=0-3", b"0123"), ("bytes=-2", b"89"), ("bytes=8-", b"89"), ("bytes=4-99", b"456789")]
)
async def test_a_range_is_served(shop: httpx.AsyncClient, wanted: str, got: bytes):
    answer = await shop.get("/", headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, got)
    assert answer.headers["content-range"].endswith("/10")


@pytest.mark.parametrize("wanted", ["lines=1-2", "bytes", "bytes=x-y", "bytes=5-2", "bytes="])
async def test_a_range_that_says_nothing_gives_the_whole_file(shop: httpx.AsyncClient, wanted: str):
    answer = await shop.get("/", headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (200, b"0123456789")


async def test_a_range_beyond_the_end_is_a_problem_that_says_how_long_the_file_is(shop: httpx.AsyncClient):
    answer = await shop.get("/", headers={"Range": "bytes=10-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "10 bytes" in answer.json()["detail"]


async def test_who_has_the_file_gets_it_no_more(shop: httpx.AsyncClient):
    tag = (await shop.get("/")).headers["etag"]
    for match in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = await shop.get("/", headers={"If-None-Match": match})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert (await shop.get("/", headers={"If-None-Match": '"other"'})).status_code == 200


async def test_a_range_of_an_older_file_gives_the_whole_new_one(shop: httpx.AsyncClient):
    tag = (await shop.get("/")).headers["etag"]
    for match, status in ((tag, 206), ('"other"', 200)):
        answer = await shop.get("/", headers={"Range": "bytes=0-3", "If-Range": match})
        assert answer.status_code == status


async def test_a_name_beyond_ascii_is_kept(shop: httpx.AsyncClient):
    said = (await shop.get("/")).headers["content-disposition"]
    assert said == "attachment; filename*=utf-8''Ger%C3%A4te.csv"
