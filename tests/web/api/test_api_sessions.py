"""Browsers: a session by a link that works once, its CSRF token, its end; and the stream of a flow's events."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import text

from discovery_pipeline.settings import Settings
from discovery_pipeline.store.people import accounts
from discovery_pipeline.web.app import application
from discovery_pipeline.web.security import COOKIE, CSRF_HEADER
from discovery_pipeline.web.services import mappings

pytestmark = pytest.mark.asyncio(loop_scope="session")

FLOWS = "/api/v1/unified-discovery/flows"
NEW = {"name": "By hand", "source_system": "servicenow", "target_system": "aws"}


async def browser(client: Any) -> httpx.AsyncClient:
    """A browser that came in by a link."""
    code = await client.services.access.create_code(client.tenant.by)
    made = httpx.AsyncClient(transport=client.http._transport, base_url="http://test")
    answer = await made.get("/login", params={"code": code})
    assert answer.status_code == 303
    assert re.search(r"HttpOnly.*SameSite=lax", answer.headers["set-cookie"], re.IGNORECASE)
    return made


async def test_a_link_works_once(client):
    code = await client.services.access.create_code(client.tenant.by)
    assert await client.services.access.redeem_code(code) == client.tenant.by
    assert await client.services.access.redeem_code(code) is None
    assert await client.services.access.redeem_code("guessed") is None


async def test_a_link_that_is_too_old_does_not_work(client):
    code = await client.services.access.create_code(client.tenant.by, minutes=-1)
    assert await client.services.access.redeem_code(code) is None


async def test_a_browser_reads_with_its_cookie_and_changes_with_its_token_only(client):
    there = await browser(client)
    assert (await there.get(FLOWS)).status_code == 200
    begin = "/api/v1/unified-discovery/flow/initialize"
    assert (await there.post(begin, json=NEW)).status_code == 403
    assert (await there.post(begin, json=NEW, headers={CSRF_HEADER: "guessed"})).status_code == 403
    token = await csrf(client, there)
    assert (await there.post(begin, json=NEW, headers={CSRF_HEADER: token})).status_code == 200


async def csrf(client: Any, there: httpx.AsyncClient) -> str:
    from starlette.datastructures import Headers

    from discovery_pipeline.web.security import caller_of

    caller = await caller_of(client.services, Headers({"cookie": f"{COOKIE}={there.cookies[COOKIE]}"}))
    return caller.csrf_token


async def test_a_session_that_was_ended_is_worth_nothing(client):
    there = await browser(client)
    await client.services.access.close_session(there.cookies[COOKIE])
    assert (await there.get(FLOWS)).status_code == 401
    shown = await there.get("/discovery", headers={"Accept": "text/html"})
    assert (shown.status_code, shown.headers["location"]) == (303, "/login?next=%2Fdiscovery")


async def test_a_session_ends_by_itself(client):
    cookie = await client.services.access.open_session(client.tenant.by, hours=-1)
    assert await client.services.access.members_of_session(cookie) == ()


async def test_a_token_does_not_open_the_pages_and_a_cookie_of_anothers_is_none(client):
    made = httpx.AsyncClient(transport=client.http._transport, base_url="http://test")
    made.cookies.set(COOKIE, client.token)
    assert (await made.get(FLOWS)).status_code == 401


@asynccontextmanager
async def served(settings: Settings, headers: httpx.Headers) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real server, since a stream without end can't be read from the application itself."""
    server = uvicorn.Server(uvicorn.Config(application(settings), port=0, log_level="critical"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.02)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as http:
            yield http
    finally:
        server.should_exit = True
        await serving


async def test_events_come_from_the_first_on_and_go_on_where_the_reader_stood(client, web_settings):
    async with served(web_settings, client.http.headers) as http:
        flow = await client.begin()
        first = await heard(http, flow, 2)
        assert [kind for _, kind in first] == ["flow.created", "flow.phase.completed"]
        waiting = asyncio.create_task(heard(http, flow, 3, after=first[-1][0]))
        await asyncio.sleep(0.2)
        await client.post(f"/unified-discovery/flow/{flow}/cancel", json={"reason": "enough"})
        later = await asyncio.wait_for(waiting, 60)
        assert [kind for _, kind in later] == ["flow.state.updated", "flow.cancelled", "flow.state.updated"]
        path = f"/api/v1/unified-discovery/flow/events/{flow}"
        assert (await http.get(path, headers={"Last-Event-ID": "nonsense"})).status_code == 422
        assert (await http.get(f"{path}x")).status_code == 404


async def test_a_stream_ends_with_the_token_that_it_was_begun_with(client, member, web_settings):
    rival = await member("reviewer", client)
    flow = await client.begin()
    path = f"/api/v1/unified-discovery/flow/events/{flow}"
    async with served(web_settings, rival.http.headers) as http, http.stream("GET", path) as answer:
        lines = answer.aiter_lines()
        while "flow.phase.completed" not in await anext(lines):
            pass
        async with client.services.sessions.operating() as session:
            await accounts.revoke(session, rival.token, datetime.now(UTC))
        await client.post(f"/unified-discovery/flow/{flow}/cancel", json={"reason": "enough"})
        assert not [line async for line in lines if "cancel" in line]


async def heard(http: httpx.AsyncClient, flow: str, count: int, after: str | None = None) -> list[tuple[str, str]]:
    """The ids and types of the next events."""
    headers = {"Last-Event-ID": after} if after else {}
    found: list[tuple[str, str]] = []
    kind = ""
    async with http.stream("GET", f"/api/v1/unified-discovery/flow/events/{flow}", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            if name == "id":
                found.append((value, kind))
            if len(found) == count:
                return found
    return found


async def test_a_token_that_asks_too_fast_is_told_to_wait(client, web_settings):
    settings = web_settings.model_copy(update={"rate_limit": 0.01})
    app = application(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://test", headers=client.http.headers
        ) as http,
    ):
        assert (await http.get(FLOWS)).status_code == 200
        refused = await http.get(FLOWS)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1


async def test_a_token_that_is_revoked_ends_the_sessions_that_came_from_it_at_once(client):
    there = await browser(client)
    code = await client.services.access.create_code(client.tenant.by)
    assert (await there.get(FLOWS)).status_code == 200
    async with client.services.sessions.operating() as session:
        assert await accounts.revoke(session, client.token, datetime.now(UTC))
    assert (await there.get(FLOWS)).status_code == 401
    shown = await there.get("/discovery", headers={"Accept": "text/html"})
    assert (shown.status_code, shown.headers["location"]) == (303, "/login?next=%2Fdiscovery")
    late = httpx.AsyncClient(transport=client.http._transport, base_url="http://test")
    assert (await late.get("/login", params={"code": code})).status_code == 401
    assert not late.cookies


async def test_a_session_ends_with_its_token_and_goes_on_while_another_token_of_the_user_is_in_force(client):
    there = await browser(client)
    async with client.services.sessions.operating() as session:
        expire = "update api_tokens set expires_at = now() - interval '1 second' where token_hash = :hash"
        await session.execute(text(expire), {"hash": accounts.hashed(client.token)})
    assert (await there.get(FLOWS)).status_code == 401
    async with client.services.sessions.operating() as session:
        again = """
            insert into api_tokens (client_account_id, engagement_id, user_id, token_hash)
            select client_account_id, engagement_id, user_id, :other from api_tokens where token_hash = :hash"""
        await session.execute(text(again), {"hash": accounts.hashed(client.token), "other": b"another"})
    assert (await there.get(FLOWS)).status_code == 200


async def test_a_member_who_is_removed_is_out_with_token_and_session(client):
    there = await browser(client)
    async with client.services.sessions.operating() as session:
        leave = "delete from memberships using users where users.id = user_id and login = :login"
        await session.execute(text(leave), {"login": client.tenant.by})
    assert (await there.get(FLOWS)).status_code == 401
    assert (await client.get("/unified-discovery/flows")).status_code == 401


async def test_who_comes_without_a_token_is_not_asked_for_one(client):
    async with client.services.sessions.operating() as session:
        await accounts.enrol(session, client.tenant, f"ana of {client.tenant.client_account_id}", "viewer")
    cookie = await client.services.access.open_session(f"ana of {client.tenant.client_account_id}")
    assert [member.role for member in await client.services.access.members_of_session(cookie)] == ["viewer"]


async def test_streams_and_waits_end_as_soon_as_the_service_is_told_to(
    client, web_settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mappings, "PATIENCE_SECONDS", 500.0)
    flow = await client.begin()
    await client.upload(flow)
    told: list[int] = []
    former = signal.signal(signal.SIGTERM, lambda number, _: told.append(number))  # uvicorn hands it on at its end
    try:
        async with served(web_settings, client.http.headers) as http:
            waiting = asyncio.create_task(http.get(f"/api/v1/field-mapping/preview/{flow}"))
            async with http.stream("GET", f"/api/v1/unified-discovery/flow/events/{flow}") as answer:
                lines = answer.aiter_lines()
                while "run.requested" not in await anext(lines):
                    pass
                began = time.monotonic()
                signal.raise_signal(signal.SIGTERM)
                assert [line async for line in lines if line.startswith("event:")] == []  # it is closed, not cut
            assert (await waiting).status_code == 202
        assert time.monotonic() - began < mappings.PATIENCE_SECONDS / 2
        assert told == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, former)
