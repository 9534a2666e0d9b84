"""The review page as plain forms: every step is kept, undone, told, and refused where somebody was faster."""

from __future__ import annotations

import json
import re

import pytest
from markup import hidden, keys, plain, texts

from discovery_pipeline.web.pages.views import review

pytestmark = pytest.mark.asyncio(loop_scope="session")

ODD = "<b>host</b>,ip_address,os,memory_gb,environment\n" + "".join(
    f'<img src=x onerror=alert(1)>{i},10.0.0.{i},"<script>alert(1)</script>",{4 * i},{"prod" if i % 2 else "test"}\n'
    for i in range(1, 30)
)


async def page(visitor, flow: str, query: str = "") -> str:
    answer = await visitor.get(f"/discovery/field-mapping/{flow}{query}")
    assert answer.status_code == 200, plain(answer.text)
    return answer.text


def offered_name(html: str) -> str:
    """The name under which the page offers to keep a mapping."""
    return re.findall(r'<input id="profile-name"[^>]* value="([^"]*)"', html)[0]


async def test_before_there_are_files_the_page_leads_to_the_upload(visitor):
    flow = await visitor.client.begin()
    answer = await visitor.get(f"/discovery/field-mapping/{flow}")
    assert answer.url.path == f"/discovery/cmdb-import/{flow}"


async def test_a_review_from_the_first_step_to_the_saved_mapping(visitor):
    flow = await visitor.client.suggested()
    here = f"/discovery/field-mapping/{flow}"
    first = await page(visitor, flow)
    assert len(keys(first)) == 6
    await steps_are_kept_and_undone(visitor, flow, here)
    answer = await visitor.send(f"{here}/accept", {"what": "all", "back": here})
    assert "Undo takes them back in one step" in plain(answer.text)
    await a_transformation_is_tried_then_taken(visitor, flow, here)
    answer = await visitor.send(f"{here}/save", {"version": hidden(answer.text, "version")})
    assert answer.url.path == f"/discovery/cleansing/{flow}", plain(answer.text)
    assert texts(answer.text, "flow-status")[0].startswith("Cleansing:")
    await visitor.client.work()
    await results_are_shown(visitor, flow)


async def steps_are_kept_and_undone(visitor, flow: str, here: str) -> None:
    by_column = keys(await page(visitor, flow))
    for verb, standing in (("accept", "accepted"), ("reject", "rejected"), ("ignore", "ignored")):
        answer = await visitor.send(f"{here}/decide", {verb: by_column["hostname"], "back": here})
        assert f'class="mapping-row {standing}"' in answer.text
    answer = await visitor.send(f"{here}/undo", {"do": "undo", "back": here})
    assert 'class="mapping-row rejected"' in answer.text
    answer = await visitor.send(f"{here}/undo", {"do": "redo", "back": here})
    assert 'class="mapping-row ignored"' in answer.text
    answer = await visitor.send(f"{here}/decide", {"reopen": by_column["hostname"], "back": here})
    assert "ignored" not in texts(answer.text, "mapping-row")[0]
    answer = await visitor.send(f"{here}/decide", {"choose": f"{by_column['hostname']}.2", "back": here})
    assert "changed" in texts(answer.text, "mapping-row")[0]
    await visitor.send(f"{here}/undo", {"do": "undo", "back": here})


async def a_transformation_is_tried_then_taken(visitor, flow: str, here: str) -> None:
    key = keys(await page(visitor, flow))["hostname"]
    form = {"key": key, "field": "server|HostName", "transformation": "upper", "data_type": "string", "back": here}
    tried = await visitor.send(f"{here}/preview", form)
    assert "WEB001" in tried.text
    assert "changed" not in texts(tried.text, "mapping-row")[0]
    wrong = await visitor.send(f"{here}/edit", {**form, "transformation": "uper"})
    assert wrong.status_code == 422
    assert "uper" in plain(wrong.text)
    taken = await visitor.send(f"{here}/edit", {**form, "reason": "all names are capitals there"})
    said = texts(taken.text, "mapping-row")[0]
    assert "all names are capitals there" in said
    assert "WEB001" in said


async def results_are_shown(visitor, flow: str) -> None:
    cleansing = await visitor.get(f"/discovery/cleansing/{flow}")
    assert texts(cleansing.text, "flow-status") == ["Cleansing: completed. Validation: completed"]
    validation = await visitor.get(f"/discovery/validation/{flow}")
    assert "59 delivered" in plain(validation.text)
    assert f"/api/v1/output/{flow}/aws.csv" in validation.text
    report = await visitor.get(f"/discovery/report/{flow}")
    assert "Discovery report" in report.text
    assert "default-src 'none'" in report.headers["content-security-policy"]
    rule = {"table": "servers", "column": "os", "rule": "text.trim", "verdict": "reject"}
    again = await visitor.send(f"/discovery/cleansing/{flow}/rule", rule)
    assert "1 decision since the last run" in plain(again.text)


async def test_changing_a_delivered_mapping_shows_first_what_it_changes(visitor):
    flow = await visitor.client.suggested()
    here = f"/discovery/field-mapping/{flow}"
    await visitor.send(f"{here}/accept", {"what": "all", "back": here})
    await visitor.send(f"{here}/save", {"version": hidden(await page(visitor, flow), "version")})
    await visitor.client.work()
    key = keys(await page(visitor, flow))["hostname"]
    form = {"key": key, "field": "server|HostName", "transformation": "upper", "data_type": "string", "back": here}
    changed = await visitor.send(f"{here}/edit", form)
    shown = await visitor.send(f"{here}/save", {"version": hidden(changed.text, "version"), "undecided": "leave"})
    assert shown.url.path.endswith("/save")
    said = plain(shown.text)
    assert "59 rows of 59 with other values (59 cells)" in said
    assert "web001 → becomes WEB001" in said
    status = await visitor.client.status(flow)
    assert status["status"] == "completed"
    form = {"version": hidden(shown.text, "version"), "undecided": "leave", "affected": "known"}
    saved = await visitor.send(f"{here}/save", form)
    assert saved.url.path == f"/discovery/cleansing/{flow}"
    await visitor.client.work()
    file = await visitor.get(f"/api/v1/output/{flow}/aws.csv")
    assert "WEB001" in file.text


async def test_all_high_are_listed_before_they_are_accepted_as_one_step(visitor):
    flow = await visitor.client.suggested()
    here = f"/discovery/field-mapping/{flow}"
    by_column = keys(await page(visitor, flow))
    await visitor.send(f"{here}/decide", {"reject": by_column["hostname"], "back": here})
    html = await page(visitor, flow)
    listed = re.findall(r'<input type="hidden" name="key" value="(\w+)"><span class="v">', html)
    assert f"Accept all High shown ({len(listed)})" in plain(html)
    assert by_column["hostname"] not in listed
    answer = await visitor.send(f"{here}/accept", {"what": "high", "key": listed[1:], "back": here})
    accepted = [key for key in by_column.values() if f'accepted" id="r-{key}"' in answer.text]
    assert accepted == [key for key in by_column.values() if key in listed[1:]]
    assert f'rejected" id="r-{by_column["hostname"]}"' in answer.text
    undone = await visitor.send(f"{here}/undo", {"do": "undo", "back": here})
    assert 'class="mapping-row accepted"' not in undone.text


async def test_a_rejection_that_comes_back_says_what_is_new(visitor):
    first = await visitor.client.suggested("name,memory\n" + "".join(f"srv{i},n/a\n" for i in range(9)))
    there = f"/discovery/field-mapping/{first}"
    key = keys(await page(visitor, first))["memory"]
    await visitor.send(f"{there}/edit", {"key": key, "field": "server|RAM.TotalSizeInMB", "back": there})
    await visitor.send(f"{there}/decide", {"reject": key, "back": there})
    second = await visitor.client.suggested("name,memory\n" + "".join(f"srv{i},{1024 * i}\n" for i in range(2, 40)))
    said = next(row for row in texts(await page(visitor, second), "mapping-row") if row.startswith("memory"))
    assert "rejected before offered again, because this is new:" in said
    view = (await visitor.client.get(f"/review/{second}")).json()["entries"]
    assert next(entry["again"] for entry in view if entry["column"] == "memory")


async def test_a_wrong_unit_is_flagged_in_words(visitor):
    flow = await visitor.client.suggested("name,ram_mb\n" + "".join(f"srv{i},{2 ** (i % 5)}\n" for i in range(40)))
    here = f"/discovery/field-mapping/{flow}"
    key = keys(await page(visitor, flow))["ram_mb"]
    form = {"key": key, "field": "server|RAM.TotalSizeInMB", "data_type": "float", "back": here}
    answer = await visitor.send(f"{here}/edit", form)
    assert "odd range 100% of the values are hardly possible" in plain(answer.text)
    mended = await visitor.send(f"{here}/edit", {**form, "transformation": 'convert("GB","MB")'})
    assert "odd range" not in plain(mended.text)


async def test_somebody_who_was_slower_is_told_and_changes_nothing(visitor, member, visit):
    flow = await visitor.client.suggested()
    here = f"/discovery/field-mapping/{flow}"
    seen = hidden(await page(visitor, flow), "latest")
    key = keys(await page(visitor, flow))["hostname"]
    other = await visit(await member("reviewer", visitor.client))
    await other.send(f"{here}/decide", {"accept": key, "back": here, "latest": seen})
    late = await visitor.send(f"{here}/decide", {"reject": key, "back": here, "latest": seen})
    assert late.status_code == 409
    assert "hostname: accepted as HostName, by" in plain(late.text)
    assert "accepted" in texts(late.text, "mapping-row")[0]
    assert "accepted" in texts(await page(visitor, flow), "mapping-row")[0]
    news = await visitor.get(f"{here}/changes?after={seen}&system=aws")
    assert "accepted" in texts(news.text, "mapping-row")[0]
    narrowed = await visitor.get(f"{here}/changes?after={seen}&system=aws&back={here}?show=unmapped")
    assert re.search(r'show=unmapped"[^>]* aria-current', narrowed.text)
    assert (await visitor.get(f"{here}/changes?after=999999&system=aws")).status_code == 204


async def test_a_script_is_sent_the_changed_rows_of_its_page_and_all_where_a_filter_may_have_let_one_go(
    visitor, monkeypatch
):
    monkeypatch.setattr(review, "PAGE", 2)
    flow = await visitor.client.suggested()
    here = f"/discovery/field-mapping/{flow}"
    html = await page(visitor, flow)
    seen = hidden(html, "latest")
    await visitor.send(f"{here}/decide", {"accept": keys(html)["hostname"], "back": here})
    for query, rows in (("", 1), ("?page=2", 0), ("?page=2&show=unsure", 1), ("?page=2&sort=unsure", 1)):
        news = await visitor.get(f"{here}/changes", params={"after": seen, "system": "aws", "back": here + query})
        assert len(texts(news.text, "mapping-row")) == rows, query
        assert "1 of 6 columns decided" in plain(news.text)


async def test_what_the_target_needs_is_filled_and_undecided_offers_are_asked_about(visitor):
    flow = await visitor.client.suggested("colour,size\n" + "red,1\nblue,2\n" * 9, target="Azure")
    here = f"/discovery/field-mapping/{flow}"
    html = await page(visitor, flow)
    assert "missing" in plain(html)
    need = {"table": "server", "source": "servers", "field": "*Server name", "back": here}
    answer = await visitor.send(f"{here}/fill", {**need, "column": "colour"})
    assert "filled by colour" in plain(answer.text)
    answer = await visitor.send(f"{here}/fill", {**need, "field": "*Cores", "constant": '2"; drop'})
    assert "drop" in plain(answer.text)
    answer = await visitor.send(f"{here}/fill", {**need, "column": "nothing"})
    assert answer.status_code == 422


async def test_values_are_given_the_targets_words(visitor):
    rows = "".join(f"srv{i},{'Legacy' if i % 2 else 'uefi'}\n" for i in range(20))
    flow = await visitor.client.suggested(f"name,boot_type\n{rows}", target="Azure")
    here = f"/discovery/field-mapping/{flow}"
    key = keys(await page(visitor, flow))["boot_type"]
    await visitor.send(f"{here}/edit", {"key": key, "field": "server|Boot type", "data_type": "string", "back": here})
    opened = await page(visitor, flow, f"?open={key}")
    assert "the target takes a fixed list" in plain(opened)
    matched = {"key": key, "from": ["uefi", "Legacy"], "to": ["UEFI", "BIOS"], "back": here}
    answer = await visitor.send(f"{here}/values", matched)
    assert 'map_values({"Legacy": "BIOS", "uefi": "UEFI", "BIOS": "BIOS"})' in plain(answer.text)


STAGES = "name,environment\n" + "".join(
    f"srv{i:03},{stage}\n"
    for i, stage in enumerate(
        [stage for stage in ("Production", "Prod", "PRD", "Dev", "UAT", "Test", "tst", "Staging", "DR") for _ in "1234"]
        + ["Sandbox", "Sandbox", "QA", "Training", "lab"]
    )
)


async def test_every_value_can_be_matched_and_none_that_the_target_lists_is_lost(visitor):
    flow = await visitor.client.suggested(STAGES, target="ServiceNow")
    here = f"/discovery/field-mapping/{flow}"
    key = keys(await page(visitor, flow))["environment"]
    opened = await page(visitor, flow, f"?open={key}")
    told = plain(opened)
    assert "No word for 2 values in 3 rows: they are left empty." in told
    assert [opened.count(f'name="from" value="{one}"') for one in ("QA", "Training", "lab", "Sandbox")] == [1] * 4
    matched = {"key": key, "from": ["Sandbox", "lab"], "to": ["Test", ""], "back": here}
    await visitor.send(f"{here}/values", matched)
    entries = (await visitor.client.get(f"/review/{flow}")).json()["entries"]
    how = next(entry for entry in entries if entry["column"] == "environment")["fields"][0]["transformation"]
    made = json.loads(how.removeprefix("map_values(").removesuffix(")"))
    listed = {"QA": "QA", "Training": "Training", "DR": "Disaster recovery", "Sandbox": "Test"}
    assert listed.items() <= made.items()
    assert "lab" not in made


async def test_a_long_list_of_values_comes_in_pages(visitor):
    rows = "".join(f"srv{i:03},Ubuntu {i % 140}.04 LTS x\n" for i in range(280))
    flow = await visitor.client.suggested(f"name,operating_system\n{rows}", target="Azure")
    key = keys(await page(visitor, flow))["operating_system"]
    first = await page(visitor, flow, f"?open={key}")
    assert "1–100 of 140" in plain(first)
    second = await page(visitor, flow, f"?open={key}&values=2")
    assert "101–140 of 140" in plain(second)
    assert (first.count('name="from"'), second.count('name="from"')) == (100, 40)


async def test_no_word_is_never_called_as_it_is_where_the_target_refuses_it(visitor):
    rows = "".join(f"srv{i},{'HP-UX 11' if i % 2 else 'ubuntu 20'}\n" for i in range(20))
    flow = await visitor.client.suggested(f"name,operating_system\n{rows}", target="Azure")
    key = keys(await page(visitor, flow))["operating_system"]
    opened = await page(visitor, flow, f"?open={key}")
    assert "No word for 1 value in 10 rows: the target refuses them." in plain(opened)
    assert opened.count('<option value="">no word: refused</option>') == 2


async def test_the_nearest_words_are_taken_where_none_is_chosen(visitor):
    rows = "".join(f"srv{i},{'RHEL 8.4' if i % 2 else 'AIX 7'}\n" for i in range(20))
    flow = await visitor.client.suggested(f"name,operating_system\n{rows}", target="Azure")
    here = f"/discovery/field-mapping/{flow}"
    key = keys(await page(visitor, flow))["operating_system"]
    opened = plain(await page(visitor, flow, f"?open={key}"))
    assert "nearest is Red Hat Enterprise Linux 7" in opened
    assert "No word for 2 values in 20 rows" in opened
    near = {"key": key, "from": ["RHEL 8.4", "AIX 7"], "to": ["", ""], "near": ["Red Hat Enterprise Linux 7", ""]}
    answer = await visitor.send(f"{here}/values", {**near, "do": "nearest", "back": here})
    assert 'lookup({"RHEL 8.4": "Red Hat Enterprise Linux 7"})' in plain(answer.text)


async def test_what_was_taken_back_and_done_again_is_told_by_what_it_was(visitor):
    flow = await visitor.client.suggested("name,memory\n" + "".join(f"srv{i},{1024 * i}\n" for i in range(2, 40)))
    here = f"/discovery/field-mapping/{flow}"
    await visitor.send(f"{here}/decide", {"reject": keys(await page(visitor, flow))["name"], "back": here})
    for what in ("undo", "redo"):
        await visitor.send(f"{here}/undo", {"do": what, "back": here})
    told = plain(await page(visitor, flow))
    assert "did again: rejected: name" in told
    assert "took back: rejected: name" in told


async def test_what_agents_would_send_can_be_seen_before_anything_is(visitor, member, visit):
    early = await visitor.get(f"/discovery/agents/{await visitor.client.begin()}")
    assert early.status_code == 404
    flow = await visitor.client.suggested()
    said = plain((await visitor.get(f"/discovery/agents/{flow}")).text)
    assert "No model is set" in said
    assert "ip_address" in said
    assert "10.0.0.1" not in said
    viewer = await visit(await member("viewer", visitor.client))
    assert (await viewer.get(f"/discovery/agents/{flow}")).status_code == 403


async def test_a_mapping_profile_is_kept_and_applied_to_the_next_file(visitor):
    first = await visitor.client.suggested()
    here = f"/discovery/field-mapping/{first}"
    await visitor.send(f"{here}/accept", {"what": "all", "back": here})
    kept = await visitor.send(f"{here}/profile/keep", {"name": "CMDB <prod>", "back": here})
    assert "Kept as mapping profile 'CMDB <prod>' v1" in plain(kept.text)
    second = await visitor.client.suggested("hostname,notes\nweb1,a\nweb2,b\n")
    there = f"/discovery/field-mapping/{second}"
    applied = await visitor.send(f"{there}/profile/apply", {"name": "CMDB <prod>", "back": there})
    assert "no column 'ip_address'" in plain(applied.text)
    assert "of it can't be followed here; nothing is taken out of the profile:" in plain(applied.text)
    assert 'class="mapping-row accepted"' in applied.text
    later = plain(await page(visitor, second))
    assert "Mapping profile CMDB <prod> v1 was used: it decides 1 column here, before any guess." in later
    assert "What it decides hostname → HostName" in later
    assert "can't be followed here; nothing is taken out of the profile" in later


async def test_a_profile_of_another_source_is_offered_to_be_applied_and_never_overwritten(visitor):
    first = await visitor.client.suggested()
    here = f"/discovery/field-mapping/{first}"
    await visitor.send(f"{here}/accept", {"what": "all", "back": here})
    assert "'May' v1" in plain((await visitor.send(f"{here}/profile/keep", {"name": "May", "back": here})).text)
    second = await visitor.client.begin(source="VMware")
    await visitor.client.upload(second)
    await visitor.client.work()
    there = f"/discovery/field-mapping/{second}"
    html = await page(visitor, second)
    assert "'May' v1, from ServiceNow" in plain(html)
    assert not offered_name(html)
    await visitor.send(f"{there}/accept", {"what": "all", "back": there})
    refused = plain((await visitor.send(f"{there}/profile/keep", {"name": "May", "back": there})).text)
    assert "'May' is a mapping profile for exports of servicenow. Choose another name" in refused
    assert "Save as mapping profile" in refused
    applied = await visitor.send(f"{there}/profile/apply", {"name": "May", "back": there})
    assert "Mapping profile 'May' v1" in plain(applied.text)
    later = await page(visitor, await visitor.client.suggested())
    assert "Mapping profile May v1 was used" in plain(later)
    assert offered_name(later) == "May"


@pytest.mark.parametrize(("name", "said"), [("", "name is one line"), ("a/b", "without slashes")])
async def test_a_profile_without_a_proper_name_is_not_kept_and_the_review_says_why(visitor, name, said):
    flow = await visitor.client.suggested()
    here = f"/discovery/field-mapping/{flow}"
    empty = plain((await visitor.send(f"{here}/profile/keep", {"name": "x", "back": here})).text)
    assert "no mapping to keep: accept or submit one first" in empty
    await visitor.send(f"{here}/accept", {"what": "all", "back": here})
    refused = plain((await visitor.send(f"{here}/profile/keep", {"name": name, "back": here})).text)
    assert said in refused
    assert "Save as mapping profile" in refused


async def test_hostile_text_is_only_text(visitor):
    flow = await visitor.client.begin("<svg onload=alert(1)>")
    name = '"><script>alert(1)</script>.csv'
    answer = await visitor.http.post(
        f"/discovery/cmdb-import/{flow}", data={"csrf_token": await visitor.csrf()}, files={"file": (name, ODD)}
    )
    assert answer.status_code == 200, plain(answer.text)
    await visitor.client.work()
    here = f"/discovery/field-mapping/{flow}"
    html = await page(visitor, flow)
    key = next(iter(keys(html).values()))
    for path in (here, f"{here}?open={key}&q=<script>", f"{here}/panel?open={key}", f"/discovery/cmdb-import/{flow}",
                 "/discovery", f"{here}?show=<script>&sort=<b>&table=<i>&page=-1"):  # fmt: skip
        text = (await visitor.get(path)).text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        assert "<svg onload" not in text, path
        assert "<b>host</b>" not in text, path


async def test_who_may_only_look_sees_masked_values_and_no_buttons(visitor, member, visit):
    flow = await visitor.client.suggested("name,email\n" + "".join(f"P {i},p{i}@example.com\n" for i in range(30)))
    viewer = await visit(await member("viewer", visitor.client))
    html = await page(viewer, flow)
    assert "p1@example.com" not in html
    assert "Accept All Suggestions" not in html
    answer = await viewer.send(f"/discovery/field-mapping/{flow}/accept", {"what": "all"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("notes.exe", b"MZ\x00", "Invalid file type"), ("empty.csv", b"", ""), ("", b"", "Choose a file first")],
)
async def test_a_file_that_cant_be_read_is_told_on_the_page(visitor, name, content, said):
    flow = await visitor.client.begin()
    answer = await visitor.http.post(
        f"/discovery/cmdb-import/{flow}", data={"csrf_token": await visitor.csrf()}, files={"file": (name, content)}
    )
    assert answer.status_code in (400, 422)
    note = texts(answer.text, "note")
    assert note, plain(answer.text)
    assert said in plain(answer.text)
    assert 'name="file"' in answer.text


async def test_decisions_stand_when_the_file_comes_again_in_another_order_with_a_column_more(visitor):
    header, rows = "hostname,ip_address,os", [f"web{i:02},10.0.0.{i},Ubuntu 22.04" for i in range(1, 40)]
    flow = await visitor.client.suggested("\n".join([header, *rows]))
    here = f"/discovery/field-mapping/{flow}"
    by_column = keys(await page(visitor, flow))
    await visitor.send(f"{here}/decide", {"accept": by_column["hostname"], "back": here})
    await visitor.send(f"{here}/decide", {"reject": by_column["os"], "back": here})
    again = [f"rack,{header}", *(f"R{n},{row}" for n, row in enumerate(reversed(rows)))]
    assert (await visitor.client.upload(flow, "\n".join(again))).status_code == 200
    await visitor.client.work()
    html = await page(visitor, flow)
    by_key = {key: stands for stands, key in re.findall(r'class="mapping-row (\w+)[^"]*" id="r-(\w+)"', html)}
    stands = {column: by_key[key] for column, key in keys(html).items()}
    assert stands == {"rack": "open", "hostname": "accepted", "ip_address": "open", "os": "rejected"}
