"""The list of discoveries, the form that begins one, and what every page carries."""

from __future__ import annotations

import pytest
from markup import plain, texts

pytestmark = pytest.mark.asyncio(loop_scope="session")

OWN = "{name: our-cmdb, title: Our CMDB, tables: [{name: host, file: hosts.csv, fields: [{name: HostName}]}]}"
FILLED = {"name": "Q3 estate", "sourceSystem": "ServiceNow", "targetSystem": "AWS"}


async def test_an_empty_form_says_what_is_required(visitor):
    answer = await visitor.send("/discovery", {"name": "", "sourceSystem": "", "targetSystem": ""})
    assert answer.status_code == 422
    said = texts(answer.text, "error-message")
    assert said == ["A name is required.", "A source system is required.", "A target system is required."]


async def test_what_was_typed_stays(visitor):
    answer = await visitor.send("/discovery", {"name": "Half <done>", "sourceSystem": "ServiceNow", "targetSystem": ""})
    assert 'value="Half &lt;done&gt;"' in answer.text
    assert '<option value="ServiceNow" selected>' in answer.text


@pytest.mark.parametrize("target", ["AWS", "aws", "Google Cloud", "AWS Migration Hub import"])
async def test_a_target_is_known_by_label_name_and_title(visitor, target):
    answer = await visitor.send("/discovery", {**FILLED, "targetSystem": target})
    assert answer.url.path.startswith("/discovery/cmdb-import/"), plain(answer.text)


async def test_an_unknown_target_is_told(visitor):
    answer = await visitor.send("/discovery", {**FILLED, "targetSystem": "Nowhere"})
    assert texts(answer.text, "error-message") == ["There is no target Nowhere. Choose one of the list."]


async def test_the_engagements_own_targets_are_offered_too(visitor, client):
    await client.http.put("/api/v1/targets/our-cmdb", content=OWN)
    assert '<option value="our-cmdb" title="Our CMDB">' in (await visitor.get("/discovery?new=1")).text
    answer = await visitor.send("/discovery", {**FILLED, "targetSystem": "our-cmdb"})
    assert "ServiceNow to our-cmdb" in plain(answer.text)


async def test_a_discovery_goes_to_several_targets(visitor):
    answer = await visitor.send("/discovery", {**FILLED, "alsoTarget": ["AWS MGN", "AWS"]})
    assert "ServiceNow to AWS, AWS MGN" in plain(answer.text)


async def test_flows_are_found_by_name_and_standing(visitor):
    for name in ("Harbour move", "Mountain move"):
        await visitor.send("/discovery", {**FILLED, "name": name})
    found = (await visitor.get("/discovery?q=harbour")).text
    assert "Harbour move" in found
    assert "Mountain move" not in found
    assert "Nothing fits" in (await visitor.get("/discovery?status=completed&q=harbour")).text
    assert "Mountain move" in (await visitor.get("/discovery?status=active")).text


async def test_the_button_shows_the_form_without_a_script(visitor):
    assert '<form method="get" action="/discovery"><button class="main" name="new" value="1">New Discovery' in (
        await visitor.get("/discovery")
    ).text.replace("\n", "")
    form = (await visitor.get("/discovery?new=1")).text
    for part in ('name="name"', 'name="sourceSystem"', 'name="targetSystem"', ">Start Discovery</button>"):
        assert part in form


@pytest.mark.parametrize(
    "path", ["/discovery", "/login", "/discovery/nothing/here", "/discovery/field-mapping/nothing"]
)
async def test_every_page_keeps_scripts_and_styles_of_others_out(visitor, path):
    answer = await visitor.get(path)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "'unsafe-inline'" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "<script>" not in answer.text
    assert " style=" not in answer.text
    assert " onclick=" not in answer.text


@pytest.mark.parametrize(
    "path", ["/discovery", "/logout", "/discovery/field-mapping/{}/save", "/discovery/field-mapping/{}/accept",
             "/discovery/cleansing/{}/rule", "/discovery/cleansing/{}/run", "/discovery/validation/{}/fix"]
)  # fmt: skip
async def test_a_form_without_its_sessions_token_is_refused(visitor, path):
    flow = await visitor.client.begin()
    for forged in ({}, {"csrf_token": ""}, {"csrf_token": "0" * 64}):
        answer = await visitor.post(path.format(flow), {**FILLED, **forged})
        assert answer.status_code == 403, path


async def test_an_upload_without_its_sessions_token_is_refused(visitor):
    flow = await visitor.client.begin()
    for fields in ({}, {"csrf_token": "0" * 64}):
        answer = await visitor.http.post(
            f"/discovery/cmdb-import/{flow}", data=fields, files={"file": ("a.csv", "a,b\n1,2\n")}
        )
        assert answer.status_code == 403
    assert "a.csv" not in (await visitor.get(f"/discovery/cmdb-import/{flow}")).text


@pytest.mark.parametrize("page", ["cmdb-import", "field-mapping", "cleansing", "validation", "report"])
async def test_another_tenants_flow_is_not_there(visitor, member, visit, page):
    flow = await visitor.client.begin("Secret merger")
    stranger = await visit(await member())
    answer = await stranger.get(f"/discovery/{page}/{flow}")
    assert answer.status_code == 404
    assert "Secret merger" not in answer.text
    assert "Secret merger" not in (await stranger.get("/discovery")).text


async def test_a_viewer_sees_no_buttons_and_may_not_begin(visitor, member, visit):
    viewer = await visit(await member("viewer", visitor.client))
    answer = await viewer.send("/discovery", FILLED)
    assert answer.status_code == 403
    assert "reviewer" in answer.text


@pytest.mark.parametrize(
    ("said", "meant"), [("/discovery/", "/discovery"), ("/discovery/profiles//", "/discovery/profiles")]
)
async def test_a_slash_at_the_end_leads_to_the_page_without(visitor, said: str, meant: str):
    answer = await visitor.get(said)
    assert (answer.status_code, answer.url.path) == (200, meant)


async def test_an_address_that_isnt_there_is_a_page(visitor):
    answer = await visitor.get("/discovery/nothing")
    assert answer.status_code == 404
    assert "All discoveries" in answer.text
