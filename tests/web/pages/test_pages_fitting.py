"""Where a target takes a fixed list, a fix is a word of it: pages offer the words, and nothing else is kept."""

from __future__ import annotations

import csv
import io

import pytest
from markup import plain, texts

pytestmark = pytest.mark.asyncio(loop_scope="session")

HEAD = "server_name,cores,memory_mb,os_name,ip_address\n"
GOOD = "".join(f"srv{i:02},{2 + i % 4},4096,Windows Server 2019,10.0.0.{i}\n" for i in range(1, 28))
ODD = "srv28,2,4096,Debian 11,10.0.0.28\nsrv29,4,8192,Debian 11,10.0.0.29\n"
NEAR = "Debian GNU/Linux 8"


async def delivered(visitor) -> str:
    """A flow to Azure that is delivered but for two rows, whose operating system it doesn't know; its id."""
    return await visitor.delivered(HEAD + GOOD + ODD, "Azure")


async def test_a_row_is_fixed_with_a_word_of_the_list_and_keeps_nothing_else(visitor):
    here = f"/discovery/validation/{await delivered(visitor)}"
    form = (await visitor.get(f"{here}?fix=servers:27")).text
    offered = form.split('name="cell.os_name"')[1].split("</select>")[0]
    assert offered.startswith('><option value="Debian 11">Debian 11 (as it is)')
    assert f'<optgroup label="Nearest"><option>{NEAR}</option>' in offered
    typed = {"table": "servers", "row": "27", "back": here, "cell.server_name": "renamed"}
    refused = await visitor.send(f"{here}/fix", {**typed, "cell.os_name": "Debian 12"})
    assert refused.status_code == 422
    assert f"Nearest: {NEAR}" in " ".join(texts(refused.text, "error-message"))
    assert 'name="cell.server_name" type="text" value="renamed"' in refused.text
    assert "since the last run" not in plain(refused.text)
    taken = await visitor.send(f"{here}/fix", {**typed, "cell.os_name": NEAR})
    assert "2 cells of line 29 changed" in plain(taken.text)


async def test_a_group_is_fixed_with_a_word_of_the_list(visitor):
    flow = await delivered(visitor)
    here = f"/discovery/validation/{flow}"
    causes = (await visitor.client.get(f"/outcome/{flow}")).json()["causes"]
    wanted = {"reason": causes[0]["reason"], "table": "servers", "column": "os_name"}
    page = (await visitor.get(f"{here}/group", params=wanted)).text
    assert f'<optgroup label="Nearest"><option>{NEAR}</option>' in page
    refused = await visitor.send(f"{here}/group", {**wanted, "value": "Debian 12"})
    assert f"Nearest: {NEAR}" in " ".join(texts(refused.text, "note bad"))
    fixed = await visitor.send(f"{here}/group", {**wanted, "value": NEAR})
    assert f"os_name of 2 rows becomes {NEAR}" in plain(fixed.text)
    await visitor.send(f"{here}/run")
    await visitor.client.work()
    assert "29 delivered" in plain((await visitor.get(here)).text)


async def test_a_corrected_file_is_taken_over_but_for_what_the_target_refuses(visitor):
    flow = await delivered(visitor)
    here = f"/discovery/validation/{flow}"
    rows = list(csv.DictReader(io.StringIO((await visitor.get(f"{here}/rejected?table=servers")).text)))
    back = io.StringIO()
    out = csv.DictWriter(back, list(rows[0]))
    out.writeheader()
    out.writerows([{**rows[0], "os_name": NEAR}, {**rows[1], "os_name": "Debian 12"}])
    fields = {"csrf_token": await visitor.csrf(), "table": "servers"}
    answer = await visitor.http.post(f"{here}/corrected", data=fields, files={"file": ("back.csv", back.getvalue())})
    note = " ".join(texts(answer.text, "note"))
    assert "1 cell corrected" in note
    assert "1 cell stays as before: line 30: *OS name" in note
    sent = {"file": ("back.csv", back.getvalue())}
    again = await visitor.client.post(f"/cleansing/{flow}/corrections/servers", files=sent)
    assert again.json()["cells"] == 1
    assert "Debian 12" in again.json()["refused"][0]


async def test_a_decision_over_http_is_refused_by_the_same_rules_and_leaving_a_cell_as_it_is_never_is(client):
    flow = await client.suggested(HEAD + GOOD + ODD, target="Azure")
    preview = (await client.get(f"/field-mapping/preview/{flow}")).json()
    body = {"flow_id": flow, "mappings": preview["suggested_mappings"], "auto_map_remaining": False}
    assert (await client.post("/field-mapping/submit", json=body)).status_code == 200
    await client.work()
    cell = {"kind": "cell", "table": "servers", "column": "os_name", "row": 27, "before": "Debian 11"}
    value = {"kind": "value", "table": "servers", "column": "os_name", "value": "Debian 11"}
    for one in (cell, value):
        wrong = await client.post(f"/review/{flow}/decisions", json={"decisions": [{**one, "after": "BeOS"}]})
        assert wrong.status_code == 422
        assert "BeOS" in wrong.json()["detail"]
        for after in ("Debian 11", None, NEAR):
            right = await client.post(f"/review/{flow}/decisions", json={"decisions": [{**one, "after": after}]})
            assert right.status_code == 200, right.text
