"""Masking: whoever only reads meets nobody's name, number or mailbox at any door; who decides sees what it is on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.web.api.test_api_sessions import served

pytestmark = pytest.mark.asyncio(loop_scope="session")

PEOPLE = [f"{first} {last}" for first in ("Zaphod", "Trillian", "Wowbagger") for last in ("Quintavalle", "Ombersley")]
ROWS = "".join(
    f"{'' if i == 7 else f'srv{i:02}'},{2 + i % 4},4096,{'windows  server 2019' if i % 3 else 'Windows Server 2019'},"
    f"{'999.1.1.1' if i == 9 else f'10.0.0.{i}'},{PEOPLE[i % 6].upper() if i == 4 else PEOPLE[i % 6]} ,"
    f"{PEOPLE[i % 6].replace(' ', '.').lower()}{'' if i == 5 else '@heart-of-gold.example'},+44 20 7946 0{100 + i}\n"
    for i in range(1, 31)
)
CONTENT = f"server_name,cores,memory_mb,os_name,ip_address,owner_name,owner_email,owner_phone\n{ROWS}"
CANARY = re.compile(r"zaphod|trillian|wowbagger|quintavalle|ombersley|heart-of-gold|7946 ?0", re.IGNORECASE)
READ = (
    "profile",
    "quality",
    "risk",
    "relationships",
    "lineage",
    "field-mapping/preview",
    "review",
    "cleansing",
    "outcome",
    "output",
)
REFUSED = {
    "owner_name": {"check": "pattern", "pattern": "[^W].*"},
    "owner_email": {"check": "pattern", "pattern": ".*@.*"},
}
LISTED = {"owner_name": {"check": "in", "values": PEOPLE[:4]}}
PAGES = ("cmdb-import", "field-mapping", "cleansing", "validation", "report")


async def delivered(client: Any, rules: Mapping[str, dict[str, Any]] = REFUSED) -> str:
    flow = await client.suggested(CONTENT, target="Azure")
    offered = (await client.get(f"/field-mapping/preview/{flow}")).json()
    asked = {name: [{**check, "severity": "error"}] for name, check in rules.items()}
    body = {"flow_id": flow, "mappings": offered["suggested_mappings"], "validation_rules": asked}
    assert (await client.post("/field-mapping/submit", json=body)).status_code == 200
    await client.work()
    cell = {"kind": "cell", "table": "servers", "column": "owner_name", "row": 3, "after": "Wowbagger Quintavalle"}
    value = {"kind": "value", "table": "servers", "column": "owner_name", "value": PEOPLE[0], "after": PEOPLE[1]}
    decided = await client.post(f"/review/{flow}/decisions", json={"decisions": [cell, value]})
    assert decided.status_code == 200, decided.text
    return flow


async def test_who_only_reads_meets_no_canary_at_any_door(client, member):
    flow = await delivered(client)
    viewer = await member("viewer", client)
    paths = [f"/{name}/{flow}" for name in READ]
    paths += [
        f"/review/{flow}/history",
        f"/cleansing/{flow}/patches?limit=1000",
        f"/cleansing/{flow}/rejected?limit=1000",
        f"/unified-discovery/flow/audit/{flow}",
    ]
    for path in paths:
        seen, shown = await client.get(path), await viewer.get(path)
        assert (seen.status_code, shown.status_code) == (200, 200), (path, shown.text[:300])
        assert not CANARY.search(shown.text), (path, CANARY.findall(shown.text), around(shown.text))
    for path in (paths[0], f"/field-mapping/preview/{flow}", f"/cleansing/{flow}/patches?limit=1000"):
        assert CANARY.search((await client.get(path)).text), f"{path}: who decides sees what it is on"


async def test_rules_that_come_with_a_mapping_name_nobody_to_who_only_reads(client, member, web_settings):
    rules = {
        "owner_name": {"check": "in", "values": PEOPLE[:4]},
        "owner_email": {"check": "pattern", "pattern": "(zaphod|trillian).*"},
        "server_name": {"check": "not_null", "where": {"owner_name": PEOPLE[0]}},
    }
    flow = await delivered(client, rules)
    viewer = await member("viewer", client)
    for path in ("unified-discovery/flow/audit", "quality", "outcome", "cleansing"):
        shown = await viewer.get(f"/{path}/{flow}")
        assert not CANARY.search(shown.text), (path, around(shown.text))
    assert CANARY.search((await client.get(f"/unified-discovery/flow/audit/{flow}")).text)
    for person, named in ((client, True), (viewer, False)):
        async with served(web_settings, person.http.headers) as http:
            said = await told(http, flow, until="mapping.approved")
        assert bool(CANARY.search(said)) is named, around(said)


async def told(http: httpx.AsyncClient, flow: str, until: str) -> str:
    """What the stream of events says up to the state after an event of that type."""
    said = kind = ""
    over = False
    async with http.stream("GET", f"/api/v1/unified-discovery/flow/events/{flow}") as answer:
        async for line in answer.aiter_lines():
            said += line
            kind = line.partition(": ")[2] if line.startswith("event:") else kind
            over |= kind == until
            if over and "demands" in line:
                break
    return said


async def test_a_search_finds_only_what_is_shown(client, member):
    flow = await delivered(client)
    viewer = await member("viewer", client)
    for person, named in ((client, True), (viewer, False)):
        for search in ("quintavalle", "wowbagger.", "heart-of-gold"):
            found = (await person.get(f"/cleansing/{flow}/rejected", params={"search": search})).json()
            assert bool(found["total"]) is named, search
        assert (await person.get(f"/cleansing/{flow}/rejected", params={"search": "srv0"})).json()["total"]


async def test_rows_with_personal_data_are_for_those_who_work_on_them(client, member):
    flow = await delivered(client, LISTED)
    viewer = await member("viewer", client)
    for file in (await client.get(f"/output/{flow}")).json()["files"]:
        path = f"/output/{flow}/{file['name']}"
        mine, theirs = await client.get(path), await viewer.get(path)
        assert mine.status_code == 200
        if theirs.status_code == 200:
            assert not CANARY.search(theirs.text), (path, around(theirs.text))
        else:
            assert (theirs.status_code, "servers.owner_email" in theirs.json()["detail"]) == (403, True), path
    assert (await viewer.get(f"/output/{flow}/report.html")).status_code == 200
    assert (await viewer.get(f"/cleansing/{flow}/rejected/servers")).status_code == 403
    assert (await client.get(f"/cleansing/{flow}/rejected/servers")).status_code == 200
    trial = {"source_table": "servers", "source_field": "owner_name", "transformation": "upper"}
    assert (await viewer.post(f"/field-mapping/trial/{flow}", json=trial)).status_code == 403


async def test_pages_hide_it_as_the_api_does(client, member):
    flow = await delivered(client, LISTED)
    viewer = await member("viewer", client)
    http = httpx.AsyncClient(
        transport=client.http._transport, base_url="http://test", headers={"Accept": "text/html"}, follow_redirects=True
    )
    await http.post("/login", data={"token": viewer.token})
    for name in PAGES:
        shown = await http.get(f"/discovery/{name}/{flow}")
        assert shown.status_code == 200, name
        assert not CANARY.search(shown.text), (name, around(shown.text))
    shown = await http.get(f"/discovery/validation/{flow}/rejected?table=servers")
    assert (shown.status_code, bool(CANARY.search(shown.text))) == (403, False)


async def test_without_personal_columns_a_viewer_downloads_everything(client, member):
    flow = await client.suggested(target="AWS")
    offered = (await client.get(f"/field-mapping/preview/{flow}")).json()
    await client.post("/field-mapping/submit", json={"flow_id": flow, "mappings": offered["suggested_mappings"]})
    await client.work()
    viewer = await member("viewer", client)
    for file in (await client.get(f"/output/{flow}")).json()["files"]:
        assert (await viewer.get(f"/output/{flow}/{file['name']}")).status_code == 200, file
    mine, theirs = await client.get(f"/profile/{flow}"), await viewer.get(f"/profile/{flow}")
    assert mine.json() == theirs.json()
    assert mine.headers["etag"] != theirs.headers["etag"]


def around(text: str) -> list[str]:
    """What stands around each canary, for who mends the leak."""
    return [text[max(0, found.start() - 120) : found.end() + 30] for found in CANARY.finditer(text)][:5]
