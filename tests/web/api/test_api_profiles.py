"""Mapping profiles over HTTP: kept by version, handed on as files, put to use on the next export."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

OTHER = "hostname,os,owner\nweb900,Debian 12,ana\nweb901,Debian 12,ben\n"


async def test_a_profile_is_kept_compared_copied_handed_on_and_put_to_use(client, member):
    flow = await client.suggested()
    seen = (await client.get(f"/field-mapping/preview/{flow}")).json()
    assert (await client.post("/mapping-profiles", json={"name": "SNOW", "flow_id": flow})).status_code == 404
    mappings = seen["suggested_mappings"]
    await client.post("/field-mapping/submit", json={"flow_id": flow, "mappings": mappings})
    first = await client.post("/mapping-profiles", json={"name": "SNOW", "flow_id": flow})
    assert first.status_code == 200, first.text
    assert (first.json()["profile"]["version"], len(first.json()["profile"]["fields"])) == (1, len(mappings))
    again = (await client.post("/mapping-profiles", json={"name": "SNOW", "flow_id": flow})).json()
    assert again["profile"]["version"] == 1

    text = (await client.get("/mapping-profiles/SNOW/file")).text
    copy = {"name": "Größe; 2"}
    assert (await client.post("/mapping-profiles/SNOW/copy", json=copy)).status_code == 200
    kept_as = (await client.get("/mapping-profiles/Größe; 2/file", params={"form": "csv"})).headers
    assert kept_as["content-disposition"] == (
        "attachment; filename=\"mapping-profile-v1.csv\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%3B%202-v1.csv"
    )
    changed = text.replace("name: SNOW", "name: SNOW").replace("target_field: HostName", "target_field: OS.Name", 1)
    second = await client.post("/mapping-profiles/import", json={"filename": "snow.yaml", "content": changed})
    assert second.status_code == 200, second.text
    assert second.json()["profile"]["version"] == 2
    parted = (await client.get("/mapping-profiles/SNOW/differences", params={"before": 1})).json()
    assert parted
    copied = (await client.post("/mapping-profiles/SNOW/copy", json={"name": "Copy", "version": 1})).json()
    assert (copied["profile"]["name"], copied["profile"]["version"]) == ("Copy", 1)
    listed = (await client.get("/mapping-profiles")).json()
    assert {each["profile"]["name"] for each in listed} == {"SNOW", "Copy", "Größe; 2"}
    assert (await client.get("/mapping-profiles/SNOW/file", params={"form": "csv"})).text.startswith("profile,version")

    fresh = await client.suggested(OTHER)
    put = await client.post("/mapping-profiles/Copy/apply", json={"flow_id": fresh})
    assert put.status_code == 200, put.text
    taken = {field["source_field"]: field["target_field"] for field in put.json()["taken"]}
    assert taken["hostname"] == "HostName"
    assert "ip_address" in {one["field"]["source_field"] for one in put.json()["left"]}
    entries = (await client.get(f"/review/{fresh}", params={"standing": "accepted"})).json()["entries"]
    assert {entry["column"] for entry in entries} == set(taken)

    beside = (await client.get(f"/mapping-profiles/Copy/against/{fresh}")).json()
    assert beside["changes"] == []
    assert len(beside["left"]) == len(put.json()["left"])

    stranger = await member()
    assert (await stranger.get("/mapping-profiles")).json() == []
    assert (await stranger.get("/mapping-profiles/SNOW")).status_code == 404


async def test_a_saved_profile_wins_over_a_later_rejection_which_is_told_beside(client):
    flow = await client.suggested()
    assert (await client.post(f"/review/{flow}/accept", json={"what": "all"})).status_code == 200
    assert (await client.post("/mapping-profiles", json={"name": "Prod", "flow_id": flow})).status_code == 200
    refused = await client.suggested(OTHER)
    no = {"kind": "mapping", "table": "servers", "column": "hostname", "standing": "rejected"}
    step = await client.post(f"/review/{refused}/decisions", json={"decisions": [no]})
    assert step.status_code == 200, step.text

    third = await client.suggested(OTHER.replace("ben", "cy"))
    entries = (await client.get(f"/review/{third}")).json()["entries"]
    offered = next(entry for entry in entries if entry["column"] == "hostname")["fields"][0]
    told = ["saved mapping 'Prod' v1", "but you rejected this pair after it was saved"]
    assert (offered["target_field"], offered["evidence"]) == ("HostName", told)
    put = (await client.post("/mapping-profiles/Prod/apply", json={"flow_id": third})).json()
    taken = next(field for field in put["taken"] if field["source_field"] == "hostname")
    assert (taken["target_field"], taken["evidence"]) == ("HostName", told)


@pytest.mark.parametrize("content", ["\n", "[]", "name: x", "{", "name: x\ntarget_system: aws\nfields: [{}]"])
async def test_a_file_that_is_no_profile_is_told_what_is_wrong(client, content: str):
    answer = await client.post("/mapping-profiles/import", json={"filename": "x.yaml", "content": content})
    assert answer.status_code == 422
    assert "x.yaml" in answer.json()["detail"]


async def test_an_imported_profile_is_for_the_systems_that_flows_name(client):
    content = "{name: P, source_system: ServiceNow, target_system: AWS, fields: [%s]}"
    line = "{source_table: t, source_field: a, target_table: server, target_field: HostName}"
    kept = await client.post("/mapping-profiles/import", json={"filename": "p.yaml", "content": content % line})
    assert kept.status_code == 200, kept.text
    about = kept.json()["profile"]
    assert (about["source_system"], about["target_system"]) == ("servicenow", "aws")
