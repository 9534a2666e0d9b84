"""Reviews over HTTP: reviewers share a draft, see who was first, and take back what they did."""

from __future__ import annotations

import pytest

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
