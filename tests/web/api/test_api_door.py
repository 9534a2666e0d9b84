"""The door: every call asks who is there, in one order, and shows nobody what is another's."""

from __future__ import annotations

import re
from typing import Any

import pytest

from discovery_pipeline.settings import Settings
from discovery_pipeline.web.app import application

pytestmark = pytest.mark.asyncio(loop_scope="session")

DESCRIBED = application(Settings()).openapi()
CALLS = [(method, path) for path, calls in DESCRIBED["paths"].items() for method in calls if path.startswith("/api/")]
ON_A_FLOW = [(method, path) for method, path in CALLS if "{flow_id}" in path]
LOOKING = ("/trial/", "/rehearse")
CHANGING = [(method, path) for method, path in CALLS if method != "get" and not any(one in path for one in LOOKING)]


def filled(path: str, flow: str = "x") -> str:
    return re.sub(r"\{[a-z_]+\}", "x", path.replace("{flow_id}", flow)).removeprefix("/api/v1")


async def ask(client: Any, method: str, path: str, **more: Any) -> Any:
    return await client.http.request(method, "/api/v1" + path, **more)


async def test_there_are_calls_to_try():
    assert len(CALLS) > 12
    assert ("post", "/api/v1/field-mapping/submit") in CALLS


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_without_a_token_nobody_comes_in(client, method: str, path: str):
    answer = await client.http.request(method, path.format_map(Anything()), headers={"Authorization": ""})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_a_token_that_is_worth_nothing_is_none(client, method: str, path: str):
    answer = await ask(client, method, filled(path), headers={"Authorization": "Bearer dp_nothing"})
    assert answer.status_code == 401


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_the_engagement_must_be_said(client, method: str, path: str):
    without = {"X-Client-Account-ID": str(client.tenant.client_account_id), "X-Engagement-ID": ""}
    answer = await ask(client, method, filled(path), headers=without)
    assert answer.status_code == 400
    assert "X-Engagement-ID" in answer.json()["detail"]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_another_tenants_engagement_is_refused(client, member, method: str, path: str):
    other = await member()
    headers = {
        "X-Client-Account-ID": str(other.tenant.client_account_id),
        "X-Engagement-ID": str(other.tenant.engagement_id),
    }
    assert (await ask(client, method, filled(path), headers=headers)).status_code == 403


@pytest.mark.parametrize(("method", "path"), ON_A_FLOW)
async def test_another_tenants_flow_is_not_there(client, member, method: str, path: str):
    flow = await (await member()).begin("Theirs")
    answer = await ask(client, method, filled(path, flow), **sent(method, path, flow))
    assert answer.status_code == 404, answer.text
    assert "Theirs" not in answer.text


async def test_another_tenants_flow_takes_no_mapping(client, member):
    flow = await (await member()).begin("Theirs")
    answer = await client.post("/field-mapping/submit", json={"flow_id": flow, "mappings": []})
    assert answer.status_code == 404


@pytest.mark.parametrize(("method", "path"), CHANGING)
async def test_a_viewer_changes_nothing(client, member, method: str, path: str):
    flow = await client.begin()
    viewer = await member("viewer", of=client)
    answer = await ask(viewer, method, filled(path, flow), **sent(method, path, flow))
    assert answer.status_code == 403, answer.text
    assert "viewer" in answer.json()["detail"]


async def test_a_viewer_looks(client, member):
    flow = await client.begin()
    viewer = await member("viewer", of=client)
    assert (await viewer.get(f"/unified-discovery/flow/status/{flow}")).status_code == 200


@pytest.mark.parametrize(
    "flow",
    [
        "6f1c1c1e-9f55-4c1f-8d1e-0c6f0d4d5a11", "no-such-flow", "..", "%00", "%2e%2e%2f", "a" * 3000,
        "'; drop table users; --", "💥",
    ],
)  # fmt: skip
async def test_a_flow_that_cannot_be_is_not_there(client, flow: str):
    answer = await client.get(f"/unified-discovery/flow/status/{flow}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_token_is_looked_at_before_the_body(client):
    answer = await client.post("/field-mapping/submit", content=b"{", headers={"Authorization": "Bearer dp_x"})
    assert answer.status_code == 401
    assert (await client.post("/field-mapping/submit", content=b"{")).status_code == 422


@pytest.mark.parametrize("header", ["Basic eDp5", "Bearer", "bearer ", "dp_x", "Bearer \N{SNOWMAN}"])
async def test_an_authorization_of_another_kind_is_none(client, header: str):
    answer = await client.get("/unified-discovery/flows", headers={"Authorization": header.encode()})
    assert answer.status_code == 401


@pytest.mark.parametrize("number", ["abc", "-1", "1.5", "", "9" * 40, "1 or 1=1"])
async def test_an_account_is_a_number(client, number: str):
    answer = await client.get("/unified-discovery/flows", headers={"X-Client-Account-ID": number})
    assert answer.status_code in {400, 403}


async def test_a_revoked_token_is_worth_nothing(client):
    assert (await client.get("/unified-discovery/flows")).status_code == 200
    await client.services.flows.revoke_token(client.token)
    assert (await client.get("/unified-discovery/flows")).status_code == 401


async def test_every_answer_carries_the_security_headers(client):
    for path in ("/health/live", "/docs", "/api/v1/unified-discovery/flows", "/nowhere"):
        answer = await client.http.get(path)
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_health_and_metrics_need_nobody(client):
    for path in ("/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs"):
        assert (await client.http.get(path, headers={"Authorization": ""})).status_code == 200, path


def sent(method: str, path: str, flow: str) -> dict[str, Any]:
    """What the call takes, so that nothing but who asks is wrong with it."""
    if "upload" in path or "corrections" in path:
        return {"files": {"file": ("a.csv", "a,b\n1,2\n")}}
    named = path.removesuffix("/{flow_id}").rsplit("/", 1)[-1]
    query = {
        "column": {"table": "t", "column": "c"},
        "group": {"reason": "r"},
        "values": {"table": "t", "column": "c"},
    }.get(named, {})
    if "/targets/" in path:
        return {"content": "name: x"}
    about = {"flow_id": flow} if named in ABOUT_A_FLOW else {}
    return {"params": query} if method == "get" else {"json": about | BODIES.get(named, {})}


ABOUT_A_FLOW = ("submit", "affected", "rehearse", "mapping-profiles", "apply")
"""Calls whose body says which flow it is about."""


BODIES: dict[str, dict[str, Any]] = {
    "initialize": {"name": "n", "source_system": "s", "target_system": "aws"},
    "submit": {"mappings": []},
    "trial": {"source_table": "t", "source_field": "f"},
    "layout": {"parts": [{"file": "a.csv"}]},
    "affected": {"mappings": []},
    "rehearse": {"mappings": []},
    "restore": {"to": 0},
    "clusters": {"table": "t", "column": "c", "members": ["a"], "winner": "b"},
    "decisions": {"decisions": [{"kind": "rule", "table": "t", "column": "c", "rule": "r", "verdict": "accept"}]},
    "mapping-profiles": {"name": "n"},
    "import": {"filename": "f.yaml", "content": "x"},
    "copy": {"name": "n"},
    "rename": {"name": "m"},
    "group": {"reason": "r", "table": "t", "column": "c", "value": None},
    "apply": {},
    "values": {"table": "t", "column": "c", "words": {"a": "b"}},
}


class Anything(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "x"
