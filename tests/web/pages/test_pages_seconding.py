"""Two people for a mapping, on the page."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.usefixtures("two_people")
async def test_the_page_says_who_waits_for_whom(client, member, visit):
    flow = await client.suggested()
    seen = (await client.get(f"/field-mapping/preview/{flow}")).json()
    await client.post("/field-mapping/submit", json={"flow_id": flow, "mappings": seen["suggested_mappings"]})
    here = f"/discovery/field-mapping/{flow}"
    mine = (await (await visit(client)).get(here)).text
    assert "It takes a second person" in mine
    assert "Take it back" in mine
    assert "Approve it" not in mine
    other = await visit(await member("reviewer", client))
    assert "Approve it" in (await other.get(here)).text
    approved = await other.send(f"{here}/approve")
    assert approved.url.path == f"/discovery/cleansing/{flow}"
