"""A browser program on another site hears nothing, unless a setting lets it."""

from __future__ import annotations

import httpx
import pytest

from discovery_pipeline.errors import SettingsError
from discovery_pipeline.settings import Settings
from discovery_pipeline.web.app import application
from discovery_pipeline.web.origins import sharing

PORTAL = "https://portal.example.org"
ASKING = {
    "Origin": PORTAL,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, x-client-account-id, idempotency-key, content-type",
}
FLOWS = "/api/v1/unified-discovery/flows"


def browser(origins: str = "") -> httpx.AsyncClient:
    """A browser in front of an application with these origins."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(application(Settings(cors_origins=origins))), base_url="http://test"
    )


async def test_nobody_else_hears_anything_by_default():
    async with browser() as http:
        for answer in (await http.options("/health/live", headers=ASKING), await http.get("/docs", headers=ASKING)):
            assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_an_origin_that_is_named_may_ask_with_a_token():
    async with browser(f"{PORTAL}/, https://other.example.org") as http:
        answer = await http.options(FLOWS, headers=ASKING)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PORTAL)
        allowed = answer.headers["access-control-allow-headers"].lower()
        assert {"authorization", "x-engagement-id", "if-match", "last-event-id"} <= set(allowed.split(", "))
        live = await http.get("/health/live", headers={"Origin": PORTAL})
        assert live.headers["access-control-allow-origin"] == PORTAL
        assert "ETag" in live.headers["access-control-expose-headers"]


async def test_cookies_are_never_shared_and_others_not_let_in():
    async with browser(PORTAL) as http:
        answer = await http.options(FLOWS, headers={**ASKING, "Origin": "https://elsewhere.example.org"})
        assert "access-control-allow-origin" not in answer.headers
        assert "access-control-allow-credentials" not in (await http.options(FLOWS, headers=ASKING)).headers


@pytest.mark.parametrize("said", ["portal.example.org", f"{PORTAL}/app", "ftp://portal.example.org", "null"])
def test_what_is_no_origin_is_named(said: str):
    with pytest.raises(SettingsError, match="DISCOVERY_CORS_ORIGINS"):
        sharing(said)


def test_every_site_may_be_let_in():
    assert sharing("*") is not None
    assert sharing(" , ") is None
