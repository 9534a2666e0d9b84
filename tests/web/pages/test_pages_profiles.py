"""Mapping profiles as pages: listed, compared, copied, brought as files, made of old runs; and engagements."""

from __future__ import annotations

import pytest
import pytest_asyncio
from markup import hidden, plain

pytestmark = pytest.mark.asyncio(loop_scope="session")
HERE = "/discovery/profiles"


@pytest_asyncio.fixture(loop_scope="session")
async def saved(visitor) -> str:
    """A flow whose mapping was submitted."""
    flow = await visitor.client.suggested()
    seen = (await visitor.client.get(f"/field-mapping/preview/{flow}")).json()
    await visitor.client.post("/field-mapping/submit", json={"flow_id": flow, "mappings": seen["suggested_mappings"]})
    return flow


async def test_a_profile_of_an_old_run_is_changed_by_file_compared_and_copied(visitor, saved):
    status = await visitor.client.status(saved)
    listed = await visitor.get(HERE)
    assert "No profile yet" in plain(listed.text)
    made = await visitor.send(f"{HERE}/made", {"name": "SNOW & co", "flow": f"{status['slug']}|aws"})
    here = made.url.raw_path.decode()
    assert here == f"{HERE}/SNOW%20%26%20co"
    assert "Kept as 'SNOW & co' v1" in plain(made.text)
    file = (await visitor.client.get("/mapping-profiles/SNOW%20%26%20co/file")).text
    changed = file.replace("source_field: os", "source_field: os\n  transformation: upper")
    csrf = {"csrf_token": await visitor.csrf()}
    brought = await visitor.http.post(HERE, data=csrf, files={"file": ("snow.yaml", changed)})
    assert "Kept as 'SNOW & co' v2" in plain(brought.text)
    between = plain((await visitor.get(f"{here}?version=2&before=1")).text)
    assert "What changed since version 1" in between
    assert "os by upper" in between
    beside = plain((await visitor.get(f"{here}?version=2&flow={status['slug']}")).text)
    assert "Beside the mapping of Q3 estate" in beside
    assert "changed OS.Name server os os by upper" in beside
    same = plain((await visitor.get(f"{here}?version=1&flow={status['slug']}")).text)
    assert "They say the same." in same
    copied = await visitor.send(f"{here}/copy", {"name": "Other", "version": "1"})
    assert "Copied as 'Other' v1" in plain(copied.text)
    assert "Other" in plain((await visitor.get(HERE)).text)
    taken = await visitor.send(f"{HERE}/Other/rename", {"name": "SNOW & co"})
    assert "There is a mapping profile 'SNOW & co' already" in plain(taken.text)
    renamed = await visitor.send(f"{HERE}/Other/rename", {"name": "Another"})
    assert renamed.url.path == f"{HERE}/Another"
    listed = plain((await visitor.get(HERE)).text)
    assert "Another" in listed
    assert "Other" not in listed
    assert "Another" in plain((await visitor.get(f"{HERE}/Other")).text)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("x.yaml", b"[]", "not a mapping profile"), ("x.csv", b"\xff\xfe", "no text in UTF-8"), ("", b"", "Choose a")],
)
async def test_a_file_that_is_no_profile_is_told_on_the_page(visitor, name, content, said):
    csrf = {"csrf_token": await visitor.csrf()}
    answer = await visitor.http.post(HERE, data=csrf, files={"file": (name, content)})
    assert answer.status_code == 422
    assert said in plain(answer.text)


async def test_what_cant_be_kept_is_told(visitor, saved):
    slug = (await visitor.client.status(saved))["slug"]
    assert (await visitor.send(f"{HERE}/made", {"name": "", "flow": slug})).status_code == 422
    slashed = await visitor.send(f"{HERE}/made", {"name": "a/b", "flow": f"{slug}|aws"})
    assert "without slashes" in plain(slashed.text)
    line = "{source_field: os, target_table: server, target_field: OS.Name}"
    file = f"name: Elsewhere\nsource_system: vmware\ntarget_system: aws\nfields: [{line}]\n"
    brought = await visitor.client.post("/mapping-profiles/import", json={"filename": "x.yaml", "content": file})
    assert brought.status_code == 200, brought.text
    other = await visitor.send(f"{HERE}/made", {"name": "Elsewhere", "flow": f"{slug}|aws"})
    assert other.status_code == 422
    assert "'Elsewhere' is a mapping profile for exports of vmware" in plain(other.text)
    assert "Make one of an old run" in plain(other.text)
    assert (await visitor.get(f"{HERE}/nothing")).status_code == 404
    assert (await visitor.get(f"{HERE}/no%00thing")).status_code == 404
    assert (await visitor.get(f"{HERE}/nothing?version=99999999999")).status_code == 422


async def test_who_may_only_look_keeps_nothing(visitor, saved, member, visit):
    viewer = await visit(await member("viewer", visitor.client))
    assert "Bring a file" not in (await viewer.get(HERE)).text
    slug = (await visitor.client.status(saved))["slug"]
    assert (await viewer.send(f"{HERE}/made", {"name": "x", "flow": f"{slug}|aws"})).status_code == 403


async def test_who_works_in_several_engagements_goes_from_one_to_another(visitor, member):
    from discovery_pipeline.store.people import accounts

    there = await member()
    other = await there.begin("Elsewhere only")
    async with visitor.client.services.sessions.operating() as session:
        await accounts.enrol(session, there.tenant, visitor.client.tenant.by, "viewer")
    await visitor.client.begin("Here only")
    first = await visitor.get("/discovery")
    assert "Here only" in first.text
    assert "Go to another engagement" in first.text
    chosen = await visitor.get("/discovery/engagements")
    key = f"{there.tenant.client_account_id}-{there.tenant.engagement_id}"
    assert f'value="{key}"' in chosen.text
    switched = await visitor.send("/discovery/engagements", {"engagement": key})
    assert "Elsewhere only" in switched.text
    assert "Here only" not in switched.text
    assert (await visitor.get(f"/discovery/cmdb-import/{other}")).status_code == 200
    assert hidden(switched.text, "csrf_token")
    refused = await visitor.send("/discovery/engagements", {"engagement": "1-1"})
    assert refused.status_code == 403
    mine = (await visitor.client.get("/engagements")).json()
    assert {(one["engagement_id"], one["role"], one["chosen"]) for one in mine} == {
        (visitor.client.tenant.engagement_id, "reviewer", True), (there.tenant.engagement_id, "viewer", False),
    }  # fmt: skip
