"""Systems: a program learns from where and to where flows go, and brings contracts of its own."""

from __future__ import annotations

from typing import Any

import pytest

from discovery_pipeline.engine import targets

pytestmark = pytest.mark.asyncio(loop_scope="session")

OWN = """
name: our-cmdb
title: Our own CMDB
tables:
- name: host
  file: hosts.csv
  fields:
  - {name: HostName, required: true, aliases: [hostname]}
  - {name: Address, type: ipv4, aliases: [ip_address]}
"""


async def keep(client: Any, name: str = "our-cmdb", text: str | bytes = OWN) -> Any:
    return await client.http.put(f"/api/v1/targets/{name}", content=text, headers={"Content-Type": "application/yaml"})


async def names(client: Any) -> list[str]:
    return [target["name"] for target in (await client.get("/targets")).json()]


async def test_source_systems_are_listed_as_the_form_offers_them(client):
    told = (await client.get("/source-systems")).json()
    assert {"name": "servicenow", "title": "ServiceNow"} in told


async def test_every_target_that_ships_is_listed_with_its_fields(client):
    told = {target["name"]: target for target in (await client.get("/targets")).json()}
    assert sorted(told) == list(targets.names())
    assert "RAM.TotalSizeInMB" in told["aws"]["tables"][0]["fields"]
    assert not told["aws"]["own"]


async def test_a_target_is_told_with_all_that_its_contract_says(client):
    told = (await client.get("/targets/AWS%20MGN")).json()
    assert told["name"] == "aws-mgn"
    assert targets.Target.model_validate(told["contract"]) == targets.load("aws-mgn")


async def test_a_contract_goes_out_as_the_file_that_comes_in(client):
    await keep(client)
    file = await client.get("/targets/our-cmdb/file")
    assert file.headers["content-type"].startswith("application/yaml")
    assert file.headers["content-disposition"].endswith("filename*=UTF-8''our-cmdb.yaml")
    again = await keep(client, text=file.text)
    assert again.json()["contract"] == (await client.get("/targets/our-cmdb")).json()["contract"]
    assert (await client.get("/targets/nowhere/file")).status_code == 404


async def test_ones_own_contract_is_kept_listed_and_delivered_to(client):
    kept = await keep(client)
    assert (kept.status_code, kept.json()["own"], kept.json()["kept_by"]) == (200, True, client.tenant.by)
    assert await names(client) == [*targets.names(), "our-cmdb"]
    flow = await client.suggested(target="Our own CMDB")
    preview = (await client.get(f"/field-mapping/preview/{flow}")).json()
    assert {field["name"] for field in preview["target_schema"]["fields"]} == {"HostName", "Address"}
    wanted = {"flow_id": flow, "mappings": preview["suggested_mappings"]}
    assert (await client.post("/field-mapping/submit", json=wanted)).status_code == 200
    await client.work()
    file = await client.get(f"/output/{flow}/hosts.csv")
    assert file.text.startswith("HostName,Address\nweb001,10.0.0.1\n")


async def test_a_flow_keeps_the_contract_that_it_began_with(client):
    await keep(client)
    flow = await client.suggested(target="our-cmdb")
    assert (await keep(client, text=OWN.replace("HostName", "Renamed"))).status_code == 200
    assert (await client.http.delete("/api/v1/targets/our-cmdb")).status_code == 204
    assert (await client.http.delete("/api/v1/targets/our-cmdb")).status_code == 404
    preview = (await client.get(f"/field-mapping/preview/{flow}")).json()
    assert "HostName" in {field["name"] for field in preview["target_schema"]["fields"]}
    new = {"name": "n", "source_system": "x", "target_system": "our-cmdb"}
    answer = await client.post("/unified-discovery/flow/initialize", json=new)
    assert answer.status_code == 422
    assert "There are: aws" in answer.json()["detail"]


async def test_a_contract_is_its_engagements_alone(client, member):
    await keep(client)
    other = await member()
    assert "our-cmdb" not in await names(other)
    assert (await other.get("/targets/our-cmdb")).status_code == 404
    assert (await other.http.delete("/api/v1/targets/our-cmdb")).status_code == 404
    assert "our-cmdb" in await names(client)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("our-cmdb", "", "not a target contract"), ("our-cmdb", "[" * 60_000, "levels deep"),
        ("our-cmdb", "a: [", "not valid YAML"), ("our-cmdb", b"\xff\xfe", "no UTF-8: byte 1"),
        ("our-cmdb", OWN.replace("hosts.csv", "../../hosts.csv"), "no path below"),
        ("other", OWN, "is of target 'our-cmdb'"), ("aws", OWN.replace("our-cmdb", "aws"), "ships"),
        ("our-cmdb", OWN.replace("Our own CMDB", "AWS"), "ships"),
        ("our-cmdb", OWN + "#" * (1 << 20), "at most 1,048,576 characters"),
    ],
    ids=["empty", "deep", "open", "bytes", "escaping", "misnamed", "shipped", "titled", "long"],
)  # fmt: skip
async def test_what_is_no_contract_is_refused_with_the_reason(client, name: str, text: str | bytes, said: str):
    answer = await keep(client, name, text)
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail"]
    assert await names(client) == list(targets.names())


async def test_a_viewer_looks_at_targets_and_keeps_none(client, member):
    viewer = await member("viewer", of=client)
    assert (await keep(viewer)).status_code == 403
    assert (await viewer.get("/targets/aws")).status_code == 200


async def test_of_several_targets_those_that_lack_nothing_are_named_and_go_alone_when_asked(client):
    await keep(client)
    flow = await client.suggested(target="AWS, our-cmdb")
    suggested = (await client.get(f"/field-mapping/preview/{flow}")).json()["suggested_mappings"]
    wanted = {"flow_id": flow, "mappings": [each for each in suggested if each["target_system"] == "aws"]}
    answer = await client.post("/field-mapping/submit", json=wanted)
    told = answer.json()
    assert (answer.status_code, told["ready_targets"]) == (422, ["aws"])
    assert "needs HostName" in told["detail"]
    assert "ready_only" in told["detail"]
    answer = await client.post("/field-mapping/submit", json=wanted | {"ready_only": True})
    assert answer.status_code == 200, answer.text
    assert any(warning.startswith("Left out: our-cmdb: ") for warning in answer.json()["validation_warnings"])
    await client.work()
    assert (await client.status(flow))["status"] == "completed"
    names = {file["name"] for file in (await client.get(f"/output/{flow}")).json()["files"]}
    assert "aws.csv" in names
    assert "hosts.csv" not in names


async def test_what_lacks_something_in_every_target_goes_nowhere(client):
    flow = await client.suggested()
    answer = await client.post("/field-mapping/submit", json={"flow_id": flow, "mappings": [], "ready_only": True})
    assert answer.status_code == 422
    assert "ready_targets" not in answer.json()
