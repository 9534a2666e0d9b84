"""Archiving on the pages: asked about first, as it was seen, and by whoever may."""

from __future__ import annotations

import pytest
from markup import hidden, plain

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_admin_puts_a_flow_away_that_has_ended_after_a_question(visitor, member, visit):
    admin = await visit(await member("admin", visitor.client))
    flow = await visitor.client.begin()
    page = f"/discovery/archive/{flow}"
    assert page not in (await admin.get(f"/discovery/cmdb-import/{flow}")).text
    assert (await admin.get(page)).url.path == f"/discovery/cmdb-import/{flow}"
    await visitor.client.post(f"/unified-discovery/flow/{flow}/cancel")
    assert f'href="{page}"' in (await admin.get(f"/discovery/cmdb-import/{flow}")).text
    asked = await admin.get(page)
    assert "It leaves the list and Dagster for everyone, and can't be brought back." in plain(asked.text)
    stale = await admin.send(page, {"version": "1", "reason": "begun by <mistake>"})
    assert (stale.status_code, "so it was not archived" in plain(stale.text)) == (409, True)
    assert 'value="begun by &lt;mistake&gt;"' in stale.text
    done = await admin.send(page, {"version": hidden(stale.text, "version"), "reason": "begun by mistake"})
    assert (done.url.path, "is archived." in plain(done.text)) == ("/discovery", True)
    assert flow not in done.text
    assert (await admin.get(f"/discovery/cmdb-import/{flow}")).status_code == 404


async def test_who_is_no_admin_is_not_asked_and_archives_nothing(visitor, member, visit):
    flow = await visitor.client.begin()
    await visitor.client.post(f"/unified-discovery/flow/{flow}/cancel")
    reviewer = await visit(await member("reviewer", visitor.client))
    asked = await reviewer.get(f"/discovery/archive/{flow}")
    assert asked.url.path == f"/discovery/cmdb-import/{flow}"
    assert f"/discovery/archive/{flow}" not in asked.text
    assert (await reviewer.send(f"/discovery/archive/{flow}", {"version": "2"})).status_code == 403
    assert (await visitor.client.status(flow))["status"] == "cancelled"
