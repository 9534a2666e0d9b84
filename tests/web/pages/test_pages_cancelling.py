"""Cancelling on the pages: asked about first, as it was seen, and by whoever may."""

from __future__ import annotations

import pytest
from markup import hidden, plain

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGES = ("cmdb-import", "field-mapping", "cleansing", "validation", "history")


async def test_each_page_of_a_flow_leads_to_a_question_that_says_what_is_kept(visitor):
    flow = await visitor.client.suggested()
    for page in PAGES:
        assert f'href="/discovery/cancel/{flow}"' in (await visitor.get(f"/discovery/{page}/{flow}")).text, page
    asked = await visitor.get(f"/discovery/cancel/{flow}")
    assert "Its files, and what was found and decided until then, are kept to look at." in plain(asked.text)
    assert (await visitor.client.status(flow))["status"] == "waiting_for_review"
    fields = {"version": hidden(asked.text, "version"), "reason": "a wrong <export>\x00" + "!" * 900}
    done = await visitor.send(f"/discovery/cancel/{flow}", fields)
    assert done.url.path == f"/discovery/field-mapping/{flow}"
    assert "cancelled this discovery, just now: a wrong <export>!" in plain(done.text)
    assert f"/discovery/cancel/{flow}" not in done.text
    assert (await visitor.client.status(flow))["status"] == "cancelled"


async def test_a_flow_that_moved_on_is_not_cancelled_unseen_and_what_was_typed_stays(visitor):
    flow = await visitor.client.begin()
    seen = hidden((await visitor.get(f"/discovery/cancel/{flow}")).text, "version")
    await visitor.client.upload(flow)
    await visitor.client.work()
    for version in (seen, "", "x"):
        again = await visitor.send(f"/discovery/cancel/{flow}", {"version": version, "reason": "begun by mistake"})
        assert again.status_code == 409
        assert "The discovery moved on meanwhile, so it was not cancelled." in plain(again.text)
        assert 'value="begun by mistake"' in again.text
    now = {"version": hidden(again.text, "version"), "reason": "begun by mistake"}
    assert "begun by mistake" in plain((await visitor.send(f"/discovery/cancel/{flow}", now)).text)
    twice = await visitor.send(f"/discovery/cancel/{flow}", now)
    assert (twice.status_code, twice.url.path) == (200, f"/discovery/field-mapping/{flow}")
    assert (await visitor.client.status(flow))["status"] == "cancelled"


async def test_a_viewer_is_not_asked_and_cancels_nothing(visitor, member, visit):
    flow = await visitor.client.suggested()
    viewer = await visit(await member("viewer", visitor.client))
    asked = await viewer.get(f"/discovery/cancel/{flow}")
    assert asked.url.path == f"/discovery/field-mapping/{flow}"
    assert f"/discovery/cancel/{flow}" not in asked.text
    version = str((await visitor.client.status(flow))["version"])
    assert (await viewer.send(f"/discovery/cancel/{flow}", {"version": version})).status_code == 403
    stranger = await visit(await member())
    assert (await stranger.get(f"/discovery/cancel/{flow}")).status_code == 404
    forged = await visitor.post(f"/discovery/cancel/{flow}", {"version": version, "csrf_token": "x"})
    assert forged.status_code == 403
    assert (await visitor.client.status(flow))["status"] == "waiting_for_review"


async def test_what_is_delivered_has_nothing_left_to_cancel(visitor):
    flow = await visitor.delivered("hostname,os\nweb1,Ubuntu 22.04\nweb2,RHEL 8\n", "servicenow")
    assert (await visitor.client.status(flow))["status"] == "completed"
    asked = await visitor.get(f"/discovery/cancel/{flow}")
    assert asked.url.path == f"/discovery/validation/{flow}"
    assert f"/discovery/cancel/{flow}" not in asked.text
    version = str((await visitor.client.status(flow))["version"])
    refused = await visitor.send(f"/discovery/cancel/{flow}", {"version": version})
    assert refused.status_code == 409
    assert "nothing left to cancel" in plain(refused.text)
