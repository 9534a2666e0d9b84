"""Targets as pages: what each takes; a contract of one's own is brought, followed alone, and taken away."""

from __future__ import annotations

import re

import pytest
from markup import hidden, plain

from discovery_pipeline.engine import targets

pytestmark = pytest.mark.asyncio(loop_scope="session")
HERE = "/discovery/targets"
OWN = """
name: our-cmdb
title: Our own CMDB
tables:
- name: host
  file: hosts.csv
  fields:
  - {name: HostName, required: true, aliases: [hostname], max_length: 64}
  - {name: Address, type: ipv4, aliases: [ip_address]}
"""


async def bring(visitor, content: str | bytes = OWN, name: str = "cmdb.yaml"):
    csrf = {"csrf_token": await visitor.csrf()}
    return await visitor.http.post(HERE, data=csrf, files={"file": (name, content)})


async def test_a_contract_is_brought_looked_at_chosen_for_a_discovery_and_removed(visitor):
    brought = await bring(visitor)
    assert brought.url.path == f"{HERE}/our-cmdb"
    said = plain(brought.text)
    assert "Kept. New discoveries can have our-cmdb as their target." in said
    assert "HostName required string at most 64 characters" in said
    listed = (await visitor.get(HERE)).text
    assert plain(listed).index("Our own CMDB") < plain(listed).index("ships with the product")
    file = re.search(r'href="(/api/v1/targets/our-cmdb/file)"', listed)
    assert file
    assert targets.parsed((await visitor.get(file[1])).text, "x") == targets.parsed(OWN, "x")
    assert "our-cmdb" in plain((await visitor.get("/discovery?new=1")).text)
    flow = await visitor.client.suggested(target="our-cmdb")
    gone = await visitor.send(f"{HERE}/our-cmdb/remove")
    assert "Removed: our-cmdb." in plain(gone.text)
    assert "Our own CMDB" not in plain((await visitor.get(HERE)).text)
    assert (await visitor.get(f"/discovery/field-mapping/{flow}")).status_code == 200


async def test_what_ships_is_told_field_by_field_and_stays(visitor):
    said = plain((await visitor.get(f"{HERE}/aws")).text)
    assert "RAM.TotalSizeInMB" in said
    assert "Remove" not in said
    assert (await visitor.send(f"{HERE}/aws/remove")).status_code == 404
    assert (await visitor.get(f"{HERE}/nothing")).status_code == 404


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("hello", "x.yaml", "not a target contract"),
        (OWN.replace("our-cmdb", "aws"), "x.yaml", "ships with the product"),
        (OWN.replace("our-cmdb", "a/b"), "x.yaml", "without commas, slashes"),
        (b"\xff\xfe", "x.yaml", "no text in UTF-8"),
        (b"", "", "Choose a contract"),
    ],
    ids=["words", "shipped", "slashed", "bytes", "nothing"],
)
async def test_what_is_no_contract_is_told_on_the_page(visitor, content, name, said):
    answer = await bring(visitor, content, name)
    assert answer.status_code == 422
    assert said in plain(answer.text)


async def test_who_may_only_look_brings_and_removes_nothing(visitor, member, visit):
    await bring(visitor)
    viewer = await visit(await member("viewer", visitor.client))
    assert "Bring a contract" not in (await viewer.get(HERE)).text
    assert "Remove" not in plain((await viewer.get(f"{HERE}/our-cmdb")).text)
    assert (await bring(viewer)).status_code == 403
    assert (await viewer.send(f"{HERE}/our-cmdb/remove")).status_code == 403


async def test_of_several_targets_those_that_lack_nothing_can_be_delivered_alone(visitor):
    await bring(visitor)
    flow = await visitor.client.suggested(target="AWS, our-cmdb")
    no = {
        "kind": "mapping",
        "table": "servers",
        "column": "hostname",
        "target_system": "our-cmdb",
        "standing": "rejected",
    }
    await visitor.client.post(f"/review/{flow}/decisions", json={"decisions": [no]})
    at = f"/discovery/field-mapping/{flow}"
    version = hidden((await visitor.get(at)).text, "version")
    refused = await visitor.send(f"{at}/save", {"version": version, "undecided": "accept"})
    assert refused.status_code == 422, plain(refused.text)
    assert "AWS would lack nothing" in plain(refused.text)
    version = hidden(refused.text, "version")
    saved = await visitor.send(f"{at}/save", {"version": version, "undecided": "leave", "ready_only": "yes"})
    assert saved.url.path == f"/discovery/cleansing/{flow}"
    assert "Left out: our-cmdb: " in plain(saved.text)
