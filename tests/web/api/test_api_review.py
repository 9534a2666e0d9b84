"""Reviews over HTTP: reviewers share a draft, see who was first, and take back what they did."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine.mapping.model import HIGH

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_reviewers_share_a_draft_and_see_who_was_first(client, member):
    flow = await client.suggested()
    other = await member(of=client)
    seen = (await client.get(f"/review/{flow}")).json()
    entry = next(each for each in seen["entries"] if each["column"] == "os")
    mine = {"kind": "mapping", "table": entry["table"], "column": "os", "seen": entry["seen"]}
    step = {"decisions": [mine | {"standing": "accepted"}], "reason": "as always"}
    done = await client.post(f"/review/{flow}/decisions", json=step)
    assert done.status_code == 200, done.text
    late = await other.post(f"/review/{flow}/decisions", json={"decisions": [mine | {"standing": "rejected"}]})
    assert late.status_code == 409
    assert late.json()["changed"][0]["by"] == client.tenant.by
    undone = await other.post(f"/review/{flow}/undo")
    assert undone.json()["of"] == done.json()["batch"]
    assert (await client.get(f"/review/{flow}", params={"standing": "accepted"})).json()["total"] == 0
    again = await client.post(f"/review/{flow}/redo")
    assert again.status_code == 200
    log = (await client.get(f"/review/{flow}/history")).json()
    assert [(one["by"], bool(one["undoes"])) for one in log] == [
        (client.tenant.by, False), (other.tenant.by, True), (client.tenant.by, True),
    ]  # fmt: skip
    trial = {"source_table": entry["table"], "source_field": "os", "transformation": "upper"}
    tried = (await client.post(f"/field-mapping/trial/{flow}", json=trial)).json()
    assert tried["changes"][0]["after"] == "UBUNTU 22.04"
    unknown = {"kind": "cell", "table": "nowhere", "column": "os", "row": 0}
    refused = await client.post(f"/review/{flow}/decisions", json={"decisions": [unknown]})
    assert (refused.status_code, len(refused.json()["errors"])) == (422, 1)


async def test_sure_offers_are_accepted_as_one_step_after_a_look_at_them(client):
    flow = await client.suggested()
    looked = (await client.post(f"/review/{flow}/accept", json={"what": "high", "dry_run": True})).json()
    assert looked["batch"] is None
    assert looked["accepted"]
    assert all(line["confidence"] >= HIGH for line in looked["accepted"])
    done = (await client.post(f"/review/{flow}/accept", json={"what": "high"})).json()
    assert done["accepted"] == looked["accepted"]
    held = (await client.get(f"/review/{flow}", params={"standing": "accepted"})).json()["entries"]
    assert {e["column"] for e in held} == {line["column"] for line in done["accepted"]}
    again = (await client.post(f"/review/{flow}/accept", json={"what": "high"})).json()
    assert again == {"batch": None, "accepted": []}
    undone = (await client.post(f"/review/{flow}/undo")).json()
    assert undone["of"] == done["batch"]


async def test_who_may_only_look_accepts_nothing(client, member):
    flow = await client.suggested()
    viewer = await member("viewer", client)
    assert (await viewer.post(f"/review/{flow}/accept", json={"what": "all"})).status_code == 403
