"""Two people for a mapping, on the page."""

from __future__ import annotations

import re

import pytest
from markup import hidden, plain
from pydantic import ValidationError

from discovery_pipeline.flow.tenant import ClientAccountId, EngagementId, Tenant
from discovery_pipeline.settings import Settings
from discovery_pipeline.web.services.mappings import Rules

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
    history = plain((await other.get(f"/discovery/history/{flow}")).text)
    assert f"the whole mapping: proposed, {len(seen['suggested_mappings'])} fields" in history
    assert "the whole mapping: no proposal waits" in history


@pytest.mark.usefixtures("two_people")
async def test_who_proposed_is_told_who_sent_it_back_and_why_until_they_propose_again(client, member, visit):
    mine, theirs = await visit(client), await visit(await member("reviewer", client))
    flow = await client.suggested()
    here = f"/discovery/field-mapping/{flow}"
    accepted = await mine.send(f"{here}/accept", {"what": "all", "back": here})
    saved = {"version": hidden(accepted.text, "version")}
    await mine.send(f"{here}/save", saved)
    await theirs.send(f"{here}/decline", {"reason": "memory is in GB"})
    told = plain((await mine.get(here)).text)
    by, proposer = theirs.client.tenant.by, mine.client.tenant.by
    assert f"{by} sent back the mapping that {proposer} proposed, just now: memory is in GB" in told
    await mine.send(f"{here}/save", saved)
    assert "sent back" not in plain((await mine.get(here)).text)
    await mine.send(f"{here}/decline")
    assert "sent back the" not in plain((await mine.get(here)).text), "taken back by who proposed it"
    await mine.send(f"{here}/save", saved)
    await theirs.send(f"{here}/approve")
    assert "sent back" not in plain((await mine.get(here)).text)


@pytest.mark.usefixtures("two_people")
async def test_a_page_that_is_open_hears_of_proposals_and_of_what_is_sent_back(client, member, visit):
    mine, theirs = await visit(client), await visit(await member("reviewer", client))
    flow = await client.suggested()
    here = f"/discovery/field-mapping/{flow}"
    accepted = await mine.send(f"{here}/accept", {"what": "all", "back": here})
    known = hidden(accepted.text, "latest")
    await mine.send(f"{here}/save", {"version": hidden(accepted.text, "version")})
    news = (await theirs.get(f"{here}/changes", params={"after": known})).text
    assert f'data-note="{mine.client.tenant.by} proposed a mapping"' in news
    assert "Approve it" in news
    await theirs.send(f"{here}/decline", {"reason": "memory is in GB"})
    told = (await mine.get(f"{here}/changes", params={"after": known})).text
    assert f"{theirs.client.tenant.by} sent back the mapping" in plain(told)
    assert "memory is in GB" in told
    assert "Approve it" not in told


@pytest.mark.usefixtures("two_people")
async def test_whoever_approves_sees_first_what_changes_in_what_is_delivered(client, member, visit):
    mine, theirs = await visit(client), await visit(await member("reviewer", client))
    flow = await client.suggested()
    here = f"/discovery/field-mapping/{flow}"
    accepted = await mine.send(f"{here}/accept", {"what": "all", "back": here})
    await mine.send(f"{here}/save", {"version": hidden(accepted.text, "version")})
    await theirs.send(f"{here}/approve")
    await client.work()
    key = re.findall(r'data-key="(\w+)"', (await mine.get(f"{here}?q=hostname")).text)[0]
    edit = {"key": key, "field": "server|HostName", "transformation": "upper", "data_type": "string", "back": here}
    edited = await mine.send(f"{here}/edit", edit)
    saved = await mine.send(f"{here}/save", {"version": hidden(edited.text, "version"), "undecided": "leave"})
    assert "What saving changes" in plain(saved.text)
    known = {"version": hidden(saved.text, "version"), "undecided": "leave", "affected": "known"}
    assert "Proposed" in plain((await mine.send(f"{here}/save", known)).text)
    shown = plain((await theirs.send(f"{here}/approve")).text)
    assert f"What approving what {mine.client.tenant.by} proposed changes" in shown
    assert "59 rows of 59 with other values" in shown
    done = await theirs.send(f"{here}/approve", {"affected": "known"})
    assert done.url.path == f"/discovery/cleansing/{flow}"


async def test_the_rule_holds_in_the_engagements_that_a_setting_names():
    rules = Rules.of(Settings(two_people_engagements="3, 5"))
    assert [rules.takes_two(of_engagement(number)) for number in (3, 4, 5)] == [True, False, True]
    assert Rules.of(Settings(two_people=True)).takes_two(of_engagement(4))
    with pytest.raises(ValidationError):
        Settings(two_people_engagements="three")


def of_engagement(number: int) -> Tenant:
    return Tenant(ClientAccountId(1), EngagementId(number), "ana")
