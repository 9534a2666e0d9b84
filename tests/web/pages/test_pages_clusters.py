"""Spellings of one value: looked at, made one after a look at what changes, undone; and the same over HTTP."""

from __future__ import annotations

import re

import pytest
from markup import plain

pytestmark = pytest.mark.asyncio(loop_scope="session")
SITES = "host,site\n" + "".join(
    f"srv{i},{site}\n" for i, site in enumerate(["Berlin"] * 20 + ["berlin"] * 5 + ["BERLIN "] * 3 + ["Bonn"] * 9)
)


async def test_spellings_become_one_after_a_look_at_the_rows(visitor):
    flow = await visitor.client.suggested(SITES)
    here = f"/discovery/clusters/{flow}"
    page = plain((await visitor.get(here)).text)
    assert "site 1" in page
    assert "28 rows" in page
    form = {"table": "servers", "column": "site", "winner": "Berlin", "member": ["Berlin", "berlin"]}
    looked = await visitor.send(f"{here}/merge", form)
    assert "5 rows of servers would hold another value in site" in plain(looked.text)
    nothing = (await visitor.client.get(f"/review/{flow}/history")).json()
    assert nothing == []
    done = await visitor.send(f"{here}/merge", {**form, "do": "merge"})
    assert "1 spelling becomes Berlin in 5 rows" in plain(done.text)
    decided = (await visitor.client.get(f"/review/{flow}/history")).json()
    assert [(one["subject"], one["after"]) for one in decided] == [
        (["servers", "site", "berlin"], {"after": "Berlin"}), (["servers", "site", "Berlin"], {"after": "Berlin"}),
    ]  # fmt: skip
    assert len({one["batch"] for one in decided}) == 1
    undone = await visitor.send(f"{here}/undo", {"table": "servers", "column": "site"})
    assert "Undone." in plain(undone.text)


async def test_a_look_at_what_changes_keeps_what_was_ticked_chosen_and_typed(visitor):
    flow = await visitor.client.suggested(SITES)
    form = {"table": "servers", "column": "site", "winner": "berlin", "member": ["berlin", "BERLIN "]}
    looked = (await visitor.send(f"/discovery/clusters/{flow}/merge", form)).text
    ticked = dict(re.findall(r'type="checkbox" name="member" value="([^"]*)"( checked)?', looked))
    assert ticked == {"Berlin": "", "berlin": " checked", "BERLIN ": " checked"}
    assert re.findall(r'type="radio" name="winner" value="([^"]*)" checked', looked) == ["berlin"]
    refused = await visitor.send(f"/discovery/clusters/{flow}/merge", form | {"member": [], "own": "Hauptstadt"})
    assert refused.status_code == 422
    assert 'name="own" type="text" value="Hauptstadt"' in refused.text


async def test_who_decided_what_says_that_a_merge_decided_values_of_a_column(visitor):
    flow = await visitor.client.suggested(SITES)
    merge = {"table": "servers", "column": "site", "members": ["Berlin", "berlin"], "winner": "Berlin"}
    await visitor.client.post(f"/clusters/{flow}", json=merge)
    page = plain((await visitor.get(f"/discovery/field-mapping/{flow}")).text)
    assert "decided: 2 values of site" in page
    await visitor.client.post(f"/review/{flow}/undo", json={})
    page = plain((await visitor.get(f"/discovery/field-mapping/{flow}")).text)
    assert "took back: decided: 2 values of site" in page


async def test_a_merge_that_changes_nothing_is_told(visitor):
    flow = await visitor.client.suggested(SITES)
    here = f"/discovery/clusters/{flow}"
    alone = {"table": "servers", "column": "site", "winner": "Berlin", "member": ["Berlin"]}
    assert (await visitor.send(f"{here}/merge", alone)).status_code == 422
    wrong = await visitor.client.post(
        f"/clusters/{flow}", json={"table": "servers", "column": "no", "members": ["a"], "winner": "b"}
    )
    assert wrong.status_code == 422


async def test_clusters_are_looked_at_and_merged_over_http(client, member):
    flow = await client.suggested(SITES)
    (column,) = (await client.get(f"/clusters/{flow}")).json()
    assert (column["table"], column["column"], column["clusters"]) == ("servers", "site", 1)
    about = {"table": "servers", "column": "site"}
    (cluster,) = (await client.get(f"/clusters/{flow}/column", params=about)).json()
    assert cluster["members"][0] == {"value": "Berlin", "cells": 20}
    merge = {**about, "members": [m["value"] for m in cluster["members"]], "winner": "Berlin", "dry_run": True}
    looked = (await client.post(f"/clusters/{flow}", json=merge)).json()
    assert (looked["batch"], looked["rows"]) == (None, 8)
    done = (await client.post(f"/clusters/{flow}", json=merge | {"dry_run": False})).json()
    assert done["batch"]
    viewer = await member("viewer", client)
    assert (await viewer.get(f"/clusters/{flow}")).status_code == 403
    stranger = await member()
    assert (await stranger.get(f"/clusters/{flow}")).status_code == 404
