"""The preview: what would be delivered is seen before a mapping is saved, and nothing comes of looking."""

from __future__ import annotations

import pytest
from markup import hidden, keys, plain, texts

pytestmark = pytest.mark.asyncio(loop_scope="session")

TWO = "name,ip_address,mgmt_ip,os,ram_mb\n" + "".join(
    f"web{i:02},{f'10.0.0.{i}' if i % 10 else 'none yet'},10.9.0.{i},Ubuntu 22.04,{4096 if i > 3 else -1}\n"
    for i in range(1, 60)
)


async def test_the_preview_shows_rows_and_problems_and_saves_as_the_review_does(visitor):
    flow = await visitor.client.suggested(TWO)
    before = await visitor.client.status(flow)
    shown = await visitor.get(f"/discovery/preview/{flow}")
    said = plain(shown.text)
    assert "The first 59 rows, cleansed by rules" in said
    assert "count as accepted here" in said
    assert "web01" in said
    assert "aws.csv" in said
    assert (await visitor.client.status(flow)) == before
    here = f"/discovery/field-mapping/{flow}"
    await visitor.send(f"{here}/accept", {"what": "all", "back": here})
    shown = await visitor.get(f"/discovery/preview/{flow}")
    saved = await visitor.send(f"{here}/save", {"version": hidden(shown.text, "version")})
    assert saved.url.path == f"/discovery/cleansing/{flow}"


async def test_what_is_foreseen_is_what_is_delivered(visitor):
    flow = await visitor.client.suggested(TWO)
    preview = (await visitor.client.get(f"/field-mapping/preview/{flow}")).json()
    names = ("source_field", "target_field", "transformation", "data_type", "source_table", "target_table")
    wanted = {
        "flow_id": flow,
        "mappings": [{n: m[n] for n in names} for m in preview["suggested_mappings"]],
    }
    (foreseen,) = (await visitor.client.post("/field-mapping/rehearse", json=wanted)).json()["targets"]
    assert (await visitor.client.post("/field-mapping/submit", json=wanted)).status_code == 200
    await visitor.client.work()
    (ended,) = (await visitor.client.get(f"/outcome/{flow}")).json()["targets"]
    assert (foreseen["delivered"], foreseen["rejected"]) == (
        ended["delivered"],
        ended["to_correct"] + ended["repeated"],
    )
    file = (await visitor.get(f"/api/v1/output/{flow}/aws.csv")).text.splitlines()
    (first,) = foreseen["files"]
    assert first["columns"] == file[0].split(",")
    assert first["first"][0][:2] == [cell or None for cell in file[1].split(",")[:2]]


async def test_who_only_reads_sees_the_preview_without_buttons_and_without_names(visitor, member, visit):
    people = [f"{first} {last}" for first in ("Ana", "Ben", "Cy", "Dora") for last in ("Lopez", "Fox", "Roe")]
    rows = (f"web{i:02},10.0.0.{i},Ubuntu 22.04,{people[i % 12]},{people[i % 12].split()[0].lower()}{i}@example.org\n"
            for i in range(1, 60))  # fmt: skip
    flow = await visitor.client.suggested("name,ip_address,os,assigned_to,email\n" + "".join(rows))
    page, here = f"/discovery/preview/{flow}", f"/discovery/field-mapping/{flow}"
    by_column = keys((await visitor.get(here)).text)
    for column, field in (("assigned_to", "VMware.VMName"), ("email", "ApplicationWave")):
        edit = {"key": by_column[column], "field": f"server|{field}", "data_type": "string", "back": here}
        await visitor.send(f"{here}/edit", edit)
    assert "Ana Fox" in plain((await visitor.get(page)).text)
    viewer = await visit(await member("viewer", visitor.client))
    assert page in (await viewer.get(here)).text
    seen = await viewer.get(page)
    assert seen.status_code == 200
    said = plain(seen.text)
    assert "web01" in said
    assert "A••• F•••" in said
    assert "Fox" not in said
    assert "@example.org" not in said
    assert "Save Mappings" not in said


async def test_a_mapping_that_cannot_be_followed_has_its_faults_for_a_preview(visitor):
    flow = await visitor.client.suggested()
    here = f"/discovery/field-mapping/{flow}"
    for column, key in keys((await visitor.get(here)).text).items():
        form = {"key": key, "field": "server|HostName", "data_type": "string", "back": here}
        if column in ("hostname", "os"):
            await visitor.send(f"{here}/edit", form)
    said = plain((await visitor.get(f"/discovery/preview/{flow}")).text)
    assert "can't be followed yet" in said
    assert "blocks" in said


async def test_a_refused_save_says_what_stays_accepted(visitor):
    flow = await visitor.client.suggested()
    here = f"/discovery/field-mapping/{flow}"
    by_column = keys((await visitor.get(here)).text)
    for column in ("hostname", "os"):
        form = {"key": by_column[column], "field": "server|HostName", "data_type": "string", "back": here}
        answer = await visitor.send(f"{here}/edit", form)
    form = {"version": hidden(answer.text, "version"), "undecided": "accept"}
    refused = await visitor.send(f"{here}/save", form)
    assert refused.status_code == 422
    assert "it isn't saved, and nothing is delivered. What was accepted just now stays accepted" in plain(refused.text)


async def test_the_steps_stand_in_their_order(visitor):
    flow = await visitor.client.suggested()
    html = (await visitor.get(f"/discovery/field-mapping/{flow}?show=values")).text
    assert texts(html, "word") == [
        "Upload", "Header", "Mapping", "Values", "Problems", "Preview", "Cleansing", "Validation", "Report"
    ]  # fmt: skip
    (here,) = [line for line in html.splitlines() if 'aria-current="step"' in line]
    assert "show=values" in here


async def test_a_rival_is_shown_and_preferred_in_one_step(visitor):
    flow = await visitor.client.suggested(TWO)
    here = f"/discovery/field-mapping/{flow}"
    html = (await visitor.get(here)).text
    by_column = keys(html)
    rival = texts(html, "mapping-row")[2]
    assert "also fits IPAddress , which ip_address" in rival
    assert "No match" not in rival
    assert "They differ: choose one. Of 59 rows, filled are" in rival
    answer = await visitor.send(f"{here}/prefer", {"prefer": by_column["mgmt_ip"], "back": here})
    assert f'accepted" id="r-{by_column["mgmt_ip"]}"' in answer.text
    assert f'rejected" id="r-{by_column["ip_address"]}"' in answer.text
    undone = await visitor.send(f"{here}/undo", {"do": "undo", "back": here})
    assert 'class="mapping-row open' in undone.text
    assert 'class="mapping-row accepted' not in undone.text
    view = (await visitor.client.get(f"/review/{flow}")).json()["entries"]
    assert next(e["suits"]["filled_by"] for e in view if e["column"] == "mgmt_ip") == ["ip_address"]
