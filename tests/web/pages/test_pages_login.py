"""Logging in and out: by token or by a link that works once, and only to our own pages."""

from __future__ import annotations

import re

import httpx
import pytest
from markup import hidden, plain

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def stranger(app) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers={"Accept": "text/html"})


async def test_a_stranger_is_led_to_the_login_and_back_to_what_they_wanted(stranger, client):
    answer = await stranger.get("/discovery?status=failed")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fdiscovery%3Fstatus%3Dfailed"
    form = await stranger.get(answer.headers["location"])
    assert 'name="next" value="/discovery?status=failed"' in form.text
    answer = await stranger.post("/login", data={"token": client.token, "next": "/discovery?status=failed"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/discovery?status=failed")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.token not in cookie


async def test_a_worthless_token_is_told_and_opens_nothing(stranger):
    answer = await stranger.post("/login", data={"token": "dp_nothing", "next": "/discovery"})
    assert answer.status_code == 401
    assert 'class="error-message"' in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "elsewhere", ["https://example.com", "//example.com", "/\\example.com", "/discovery//example.com", "javascript:x"]
)
async def test_nobody_is_led_elsewhere(stranger, client, elsewhere):
    answer = await stranger.post("/login", data={"token": client.token, "next": elsewhere})
    assert answer.headers["location"] == "/discovery"


async def test_a_link_lets_in_once(stranger, client):
    code = await client.services.access.create_code(client.tenant.by)
    first = await stranger.get(f"/login?code={code}")
    assert (first.status_code, first.headers["location"]) == (303, "/discovery")
    assert (await stranger.get("/discovery")).status_code == 200
    stranger.cookies.clear()
    again = await stranger.get(f"/login?code={code}")
    assert again.status_code == 401
    assert "used already" in again.text


async def test_a_login_that_another_site_sends_is_refused(stranger, client):
    sent = await stranger.post("/login", data={"token": client.token}, headers={"Sec-Fetch-Site": "cross-site"})
    assert sent.status_code == 403
    assert "set-cookie" not in sent.headers


async def test_signing_out_ends_the_session_on_the_server_too(visitor):
    kept = dict(visitor.http.cookies)
    await visitor.send("/logout")
    visitor.http.cookies.update(kept)
    answer = await visitor.get("/discovery", follow_redirects=False)
    assert answer.headers["location"].startswith("/login")


async def test_a_session_that_ran_out_asks_to_log_in_again(app, client, stranger):
    cookie = await client.services.access.open_session(client.tenant.by, hours=-1)
    stranger.cookies.set("discovery_session", cookie)
    answer = await stranger.get("/discovery")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fdiscovery")


async def test_the_cookie_outlives_the_session_so_that_a_late_form_is_known(client, stranger):
    answer = await stranger.post("/login", data={"token": client.token, "next": "/discovery"})
    kept = int(re.search(r"max-age=(\d+)", answer.headers["set-cookie"].lower())[1])
    assert kept >= client.settings.session_hours * 3600 + 24 * 3600


async def test_what_was_typed_before_the_session_ended_is_sent_again_after_the_login(visitor):
    csrf = await visitor.csrf()
    await visitor.client.services.access.close_session(visitor.http.cookies["discovery_session"])
    typed = {"name": "Typed long ago", "sourceSystem": "ServiceNow", "targetSystem": "AWS"}
    asked = await visitor.post("/discovery", {"csrf_token": csrf, **typed})
    assert asked.status_code == 401
    assert "Your session ended" in plain(asked.text)
    kept = {name: hidden(asked.text, name) for name in ("sent_to", *(f"typed.{field}" for field in typed))}
    refused = await visitor.post("/login", {**kept, "token": "dp_worthless"})
    assert hidden(refused.text, "typed.name") == "Typed long ago"
    back = await visitor.post("/login", {**kept, "token": visitor.client.token})
    again = {name: hidden(back.text, name) for name in ("csrf_token", *typed)}
    begun = await visitor.post("/discovery", again)
    assert begun.url.path.startswith("/discovery/cmdb-import/")


async def test_a_button_without_fields_is_pressed_again_after_the_login(visitor):
    flow = await visitor.client.suggested()
    here = f"/discovery/field-mapping/{flow}"
    csrf = await visitor.csrf()
    await visitor.client.services.access.close_session(visitor.http.cookies["discovery_session"])
    left = {"Referer": f"http://test{here}?q=host"}
    asked = await visitor.post(f"{here}/decline", {"csrf_token": csrf}, headers=left)
    assert "What you pressed is kept" in plain(asked.text)
    kept = {name: hidden(asked.text, name) for name in ("next", "sent_to")}
    assert kept == {"next": f"{here}?q=host", "sent_to": f"{here}/decline"}
    back = await visitor.post("/login", {**kept, "token": visitor.client.token})
    assert f'action="{here}/decline"' in back.text
    assert f'href="{here}?q=host"' in back.text


async def test_a_file_that_came_after_the_session_is_said_to_be_lost_and_its_page_comes_back(visitor):
    flow = await visitor.client.begin()
    page = f"/discovery/cmdb-import/{flow}"
    await visitor.client.services.access.close_session(visitor.http.cookies["discovery_session"])
    files = {"file": ("a.csv", "a,b\n1,2\n")}
    asked = await visitor.http.post(page, files=files, headers={"Referer": f"http://test{page}"})
    assert asked.status_code == 401
    assert "isn't kept" in plain(asked.text)
    back = await visitor.post("/login", {"next": hidden(asked.text, "next"), "token": visitor.client.token})
    assert back.url.path == page


async def test_who_is_asked_to_sign_in_for_a_page_is_told_so_and_comes_back_to_it(visitor):
    flow = await visitor.client.suggested()
    page = f"/discovery/field-mapping/{flow}?q=host"
    await visitor.client.services.access.close_session(visitor.http.cookies["discovery_session"])
    asked = await visitor.get(page)
    assert "You are signed out" in plain(asked.text)
    back = await visitor.post("/login", {"next": hidden(asked.text, "next"), "token": visitor.client.token})
    assert str(back.url).endswith(page)
