"""Flows over HTTP: begun once, told as they stand, changed by who has seen them as they are."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

NEW = {"name": "Q3 estate", "source_system": "ServiceNow", "target_system": "AWS"}


async def begin(client: Any, key: str | None = None, **changed: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else None
    return await client.post("/unified-discovery/flow/initialize", json=NEW | changed, headers=headers)


async def test_a_flow_begins_and_waits_for_files(client):
    told = (await begin(client)).json()
    assert (told["status"], told["current_phase"]) == ("active", "data_import")
    assert told["slug"].startswith("q3-estate-")
    stands = await client.status(told["slug"])
    assert (stands["flow_id"], stands["source_system"], stands["target_system"]) == (
        told["flow_id"], "servicenow", "aws",
    )  # fmt: skip
    assert list(stands["phases"]) == ["initialization", "data_import", "field_mapping", "cleansing", "validation"]


async def test_several_targets_are_named_with_commas(client):
    told = (await begin(client, target_system="AWS, aws-mgn, AWS")).json()
    assert (await client.status(told["flow_id"]))["target_system"] == "aws,aws-mgn"


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""}, {"name": "   "}, {"name": None}, {"name": "x" * 201}, {"name": "a\x00b"}, {"name": 7},
        {"source_system": ""}, {"target_system": "no-such-cloud"}, {"target_system": " , "},
        {"target_system": "/etc/passwd.yaml"},
    ],
)  # fmt: skip
async def test_what_a_flow_needs_is_told(client, changed: dict[str, Any]):
    answer = await begin(client, **changed)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert (await client.get("/unified-discovery/flows")).json()["flows"] == []


async def test_a_key_begins_one_flow_however_often_it_is_sent(client):
    answers = await asyncio.gather(*(begin(client, "once") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["flow_id"] for answer in answers}) == 1
    assert len((await client.get("/unified-discovery/flows")).json()["flows"]) == 1
    assert (await begin(client, "once", name="Another")).status_code == 409
    assert (await begin(client, "twice")).json()["flow_id"] != answers[0].json()["flow_id"]


async def test_a_key_belongs_to_who_sent_it(client, member):
    other = await member(of=client)
    mine, theirs = await begin(client, "same"), await begin(other, "same")
    assert mine.json()["flow_id"] != theirs.json()["flow_id"]


async def test_a_flow_is_cancelled_by_who_has_seen_it_as_it_is(client):
    flow = await client.begin()
    path = f"/unified-discovery/flow/{flow}/cancel"
    assert (await client.post(path, headers={"If-Match": '"7"'})).status_code == 412
    stale = await client.post(path, json={"version": 7})
    assert (stale.status_code, stale.json()["version"]) == (409, 1)
    done = await client.post(path, json={"reason": "a mistake"}, headers={"If-Match": '"1"'})
    assert (done.status_code, done.json()["status"], done.headers["etag"]) == (200, "cancelled", '"2"')
    assert (await client.post(path)).status_code == 409
    changes = (await client.get(f"/unified-discovery/flow/audit/{flow}")).json()["changes"]
    assert [(change["by"], change["reason"]) for change in changes] == [
        (client.tenant.by, "created"), (client.tenant.by, "a mistake"),
    ]  # fmt: skip


async def test_an_admin_archives_a_flow_that_has_ended_as_it_was_seen(client, member):
    flow = await client.begin()
    path = f"/unified-discovery/flow/{flow}/archive"
    admin = await member("admin", client)
    goes_on = await admin.post(path)
    assert (goes_on.status_code, "Only one that is delivered" in goes_on.json()["detail"]) == (409, True)
    await client.post(f"/unified-discovery/flow/{flow}/cancel")
    assert (await (await member("reviewer", client)).post(path)).status_code == 403
    assert (await (await member("admin")).post(path)).status_code == 404
    assert (await admin.post(path, headers={"If-Match": '"1"'})).status_code == 412
    done = await admin.post(path, json={"reason": "a mistake"}, headers={"If-Match": '"2"'})
    assert (done.status_code, done.json()["status"]) == (200, "archived")
    assert (await client.get(f"/unified-discovery/flow/status/{flow}")).status_code == 404
    assert (await admin.post(path)).status_code == 404


async def test_there_is_nothing_to_retry_where_nothing_failed(client):
    flow = await client.begin()
    answer = await client.post(f"/unified-discovery/flow/{flow}/retry")
    assert answer.status_code == 409
    assert "nothing to retry" in answer.json()["detail"]


async def test_the_audit_comes_by_page(client):
    flow = await client.begin()
    for number in range(3):
        await client.upload(flow, f"a,b\n{number},2\n", "again.csv")
    await client.post(f"/unified-discovery/flow/{flow}/cancel")
    path = f"/unified-discovery/flow/audit/{flow}"
    whole = (await client.get(path)).json()
    first = (await client.get(path, params={"limit": 1})).json()
    then = (await client.get(path, params={"after": first["next_after"]})).json()
    assert [*first["changes"], *then["changes"]] == whole["changes"]
    assert whole["next_after"] is None


async def test_lists_come_by_page_by_status_and_by_name(client):
    for number in range(5):
        await client.begin(f"Estate number{number}")
    first = (await client.get("/unified-discovery/flows", params={"limit": 2})).json()
    then = (await client.get("/unified-discovery/flows", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    names = [flow["name"] for flow in [*first["flows"], *then["flows"]]]
    assert names == [f"Estate number{number}" for number in (4, 3, 2, 1, 0)]
    assert then["next_cursor"] is None
    found = (await client.get("/unified-discovery/flows", params={"search": "number3"})).json()["flows"]
    assert [flow["name"] for flow in found] == ["Estate number3"]
    assert (await client.get("/unified-discovery/flows", params={"status": "completed"})).json()["flows"] == []
    assert (await client.get("/unified-discovery/flows", params={"cursor": "x"})).status_code == 422
    assert (await client.get("/unified-discovery/flows", params={"status": "odd"})).status_code == 422


async def test_metrics_count_by_route_and_tell_of_no_flow(client):
    flow = await client.begin("Secret estate")
    await client.status(flow)
    told = (await client.http.get("/metrics")).text
    assert 'route="/api/v1/unified-discovery/flow/status/{flow_id}",status="200"' in told
    assert 'discovery_flows{status="active"}' in told
    assert flow not in told
    assert "ecret" not in told


async def test_the_reference_tells_every_call_and_every_kind_of_problem(client):
    page = (await client.http.get("/docs")).text
    described = (await client.http.get("/openapi.json")).json()
    for path, calls in described["paths"].items():
        assert path in page
        for call in calls.values():
            assert call.get("description"), path
    problem = (await client.get("/unified-discovery/flow/status/none")).json()["type"]
    assert f'id="{problem.partition("#")[2]}"' in page
