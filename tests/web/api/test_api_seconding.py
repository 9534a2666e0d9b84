"""Two people for a mapping: one proposes, another one approves; nobody approves their own."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def wanted(client, flow: str) -> dict:
    seen = (await client.get(f"/field-mapping/preview/{flow}")).json()
    return {"flow_id": flow, "mappings": seen["suggested_mappings"]}


@pytest.mark.usefixtures("two_people")
async def test_what_one_proposes_counts_once_another_approves_it(client, member):
    flow = await client.suggested()
    mapping = await wanted(client, flow)
    proposed = await client.post("/field-mapping/submit", json=mapping)
    assert (proposed.status_code, proposed.json()["status"]) == (202, "waiting_for_approval")
    assert (await client.status(flow))["status"] == "waiting_for_review"
    assert (await client.post("/field-mapping/submit", json=mapping)).status_code == 202
    own = await client.post(f"/field-mapping/approve/{flow}")
    assert (own.status_code, own.json()["type"]) == (403, "/docs#second-person")
    viewer, other = await member("viewer", client), await member("reviewer", client)
    assert (await viewer.post(f"/field-mapping/approve/{flow}")).status_code == 403
    seen = (await other.get(f"/field-mapping/proposal/{flow}")).json()
    assert seen["proposed_by"] == client.tenant.by
    assert len(seen["mappings"]) == len(mapping["mappings"])
    done = await other.post(f"/field-mapping/approve/{flow}")
    assert done.status_code == 200, done.text
    assert (await client.status(flow))["current_phase"] == "cleansing"
    said = [(one["by"], one["kind"]) for one in (await client.get(f"/review/{flow}/history")).json()]
    assert said == [(client.tenant.by, "mapping.proposal"), (other.tenant.by, "mapping.proposal")]
    assert (await other.post(f"/field-mapping/approve/{flow}")).status_code == 409
    assert (await other.get(f"/field-mapping/proposal/{flow}")).status_code == 404


@pytest.mark.usefixtures("two_people")
async def test_submitting_the_same_is_an_approval_and_another_mapping_a_proposal_of_ones_own(client, member):
    flow = await client.suggested()
    mapping = await wanted(client, flow)
    other = await member("reviewer", client)
    await client.post("/field-mapping/submit", json=mapping)
    less = mapping | {"mappings": [m for m in mapping["mappings"] if m["source_field"] != "os"]}
    assert (await other.post("/field-mapping/submit", json=less)).status_code == 202
    assert (await other.post(f"/field-mapping/approve/{flow}")).status_code == 403
    assert (await client.post("/field-mapping/submit", json=less)).status_code == 200
    assert (await client.status(flow))["current_phase"] == "cleansing"


@pytest.mark.usefixtures("two_people")
async def test_a_proposal_is_sent_back_with_a_reason(client, member):
    flow = await client.suggested()
    await client.post("/field-mapping/submit", json=await wanted(client, flow))
    other = await member("reviewer", client)
    assert (await other.post(f"/field-mapping/decline/{flow}", json={"reason": "os is wrong"})).status_code == 200
    assert (await client.get(f"/review/{flow}/history")).json()[-1]["reason"] == "os is wrong"
    assert (await other.post(f"/field-mapping/approve/{flow}")).status_code == 409


async def test_without_the_rule_one_person_is_enough(client):
    flow = await client.suggested()
    assert (await client.post("/field-mapping/submit", json=await wanted(client, flow))).status_code == 200
