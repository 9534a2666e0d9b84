"""Cleansing and validation as plain forms: what people decide there counts in the next run."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest
from markup import plain, texts

from discovery_pipeline.engine.cleansing.decisions import CellDecision
from discovery_pipeline.web import reader_process
from discovery_pipeline.web.services import reading

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROWS = [(f"srv{i:02}", 2 + i % 4, 4096, "Windows Server 2019", f"10.0.0.{i}") for i in range(1, 30)]
FAULTY = "server_name,cores,memory_mb,os_name,ip_address\n" + "".join(
    f"{'' if name in ('srv05', 'srv06') else name},{cores},{memory},{os},{ip if name != 'srv09' else '999.1.1.1'}\n"
    for name, cores, memory, os, ip in ROWS
)


async def delivered(visitor) -> str:
    """A flow to Azure that is delivered, with two rows that have no name; its id."""
    return await visitor.delivered(FAULTY, "Azure")


async def test_rejected_rows_are_corrected_on_the_page_and_by_file(visitor):
    flow = await delivered(visitor)
    here = f"/discovery/validation/{flow}"
    first = plain((await visitor.get(here)).text)
    assert "27 delivered" in first
    assert "Nobody has signed the mapping" not in first, "a reviewer did"
    assert "2 to correct" in first
    editor = (await visitor.get(f"{here}?fix=servers:4")).text
    assert 'name="cell.server_name" type="text" value=""' in editor
    fixed = await visitor.send(f"{here}/fix", {"table": "servers", "row": "4", "cell.server_name": "srv05"})
    assert "1 cell of line 6 changed" in plain(fixed.text)
    await the_other_row_comes_back_as_a_file(visitor, here)
    history = plain((await visitor.get(f"/discovery/history/{flow}?to=0")).text)
    assert history.count("servers.server_name in line 6") == 2, "among the steps, and in what going back would change"
    asked = await visitor.send(f"{here}/run")
    assert "A run with the new decisions was asked for" in plain(asked.text)
    for page in (here, f"/discovery/cleansing/{flow}"):
        waiting = plain((await visitor.get(page)).text)
        assert "begins again" in waiting
        assert "Run again with them" not in waiting
    await visitor.client.work()
    assert "begins again" not in plain((await visitor.get(here)).text)
    after = plain((await visitor.get(here)).text)
    assert "29 delivered" in after
    assert "to correct" not in after.split("Quality")[0]


async def the_other_row_comes_back_as_a_file(visitor, here: str) -> None:
    sent = await visitor.get(f"{here}/rejected?table=servers")
    rows = list(csv.DictReader(io.StringIO(sent.text)))
    assert [(row["discovery_line"], row["discovery_row"]) for row in rows] == [("6", "4"), ("7", "5")]
    corrected = io.StringIO()
    out = csv.DictWriter(corrected, list(rows[1]))
    out.writeheader()
    out.writerow({**rows[1], "server_name": "srv06"})
    fields = {"csrf_token": await visitor.csrf(), "table": "servers"}
    back = await visitor.http.post(f"{here}/corrected", data=fields, files={"file": ("back.csv", corrected.getvalue())})
    assert "1 cell corrected" in plain(back.text)
    lost = await visitor.http.post(f"{here}/corrected", data=fields, files={"file": ("back.csv", "server_name\nx\n")})
    assert "has no column discovery_line" in " ".join(texts(lost.text, "note"))


async def test_a_corrected_file_is_read_by_a_process_of_its_own_and_one_that_ends_it_is_refused(visitor, monkeypatch):
    here = f"/discovery/validation/{await delivered(visitor)}"
    fields = {"csrf_token": await visitor.csrf(), "table": "servers"}

    async def sent(text: str) -> str:
        answer = await visitor.http.post(f"{here}/corrected", data=fields, files={"file": ("back.csv", text)})
        return " ".join(texts(answer.text, "note"))

    for name in ("intake.read", "validation.corrections.corrected"):
        monkeypatch.setattr(f"discovery_pipeline.engine.{name}", None)
    with monkeypatch.context() as hurried:
        hurried.setattr(reading, "PATIENCE_SECONDS", 0.0)
        assert "more than a file may take" in await sent("server_name,discovery_row\nsrv05,4\n")
    assert "1 cell corrected" in await sent("server_name,discovery_row\nsrv05,4\n")


async def test_a_file_corrects_so_many_cells_and_no_more(monkeypatch):
    monkeypatch.setattr(reader_process, "MOST_CORRECTED", 2)
    cell = CellDecision(table="t", column="c", row=0, seen=None, after="x")
    assert reader_process.limited("back.csv", [cell] * 2).refused is None
    assert "changes 3 cells; at most 2" in str(reader_process.limited("back.csv", [cell] * 3).refused)


async def test_a_value_that_no_rule_may_decide_is_decided_and_taken_back(visitor):
    flow = await delivered(visitor)
    here = f"/discovery/cleansing/{flow}"
    assert "999.1.1.1" in plain((await visitor.get(here)).text)
    value = {"table": "servers", "column": "ip_address", "value": "999.1.1.1", "back": here}
    decided = await visitor.send(f"{here}/value", {**value, "becomes": "10.0.0.99"})
    assert "999.1.1.1 in ip_address becomes 10.0.0.99, from the next run on." in plain(decided.text)
    assert "1 decision since the last run" in plain(decided.text)
    undone = await visitor.send(f"{here}/undo", {"do": "undo", "back": here})
    assert "becomes 10.0.0.99" not in plain(undone.text)
    await visitor.send(f"{here}/value", {**value, "becomes": "10.0.0.99"})
    await visitor.send(f"{here}/run", {"back": here})
    await visitor.client.work()
    assert "10.0.0.99" in plain((await visitor.get(f"{here}?column=ip_address")).text)


async def test_every_value_that_needs_a_person_comes_in_its_turn_and_those_decided_are_counted_no_more(visitor):
    wrong = [f"999.1.1.{i}" for i in range(12)]
    rows = [f"srv{i:02},2,4096,Windows Server 2019,{wrong[i] if i < 12 else f'10.0.0.{i}'}" for i in range(60)]
    text = "\n".join(["server_name,cores,memory_mb,os_name,ip_address", *rows])
    flow = await visitor.delivered(text, "Azure")
    here = f"/discovery/cleansing/{flow}"

    async def case() -> str:
        html = (await visitor.get(here)).text
        return plain(html[html.index('id="person-1"') : html.index('id="rules"') if 'id="rules"' in html else None])

    first = await case()
    asked = [value for value in wrong if f"What {value} becomes" in first]
    assert ("12 cells" in first, len(asked), "and 2 rarer values" in first) == (True, 10, True)
    decided = [await visitor.send(f"{here}/value", value(one, i)) for i, one in enumerate(asked)]
    assert decided[-1].status_code == 200
    then = await case()
    assert "2 cells" in then
    assert "10 values decided" in then
    assert [one for one in wrong if f"What {one} becomes" in then.split("10 values decided")[0]] == [
        one for one in wrong if one not in asked
    ]
    for one in wrong:
        await visitor.send(f"{here}/value", value(one, 20 + wrong.index(one)))
    assert "all decided" in await case()
    assert "0 for a person" in plain((await visitor.get(here)).text)


def value(seen: str, number: int) -> dict[str, str]:
    return {"table": "servers", "column": "ip_address", "value": seen, "becomes": f"10.0.1.{number}"}


async def test_a_value_that_a_target_refuses_stays_typed_beside_the_reason(visitor):
    flow = await delivered(visitor)
    here = f"/discovery/cleansing/{flow}"
    value = {"table": "servers", "column": "ip_address", "value": "999.1.1.1", "back": f"{here}?column=os_name"}
    refused = await visitor.send(f"{here}/value", {**value, "becomes": "10.0.0.300"})
    assert refused.status_code == 422
    assert re.search(r'name="becomes"[^>]* value="10.0.0.300"', refused.text)
    assert '"10.0.0.300" is not an IP address of a host' in unescape(texts(refused.text, "error-message")[0])
    assert 'name="column" type="text" size="14" value="os_name"' in refused.text


async def test_a_step_on_rows_is_taken_back_and_done_again_where_it_was_made(visitor):
    flow = await delivered(visitor)
    pages = [f"/discovery/{name}/{flow}" for name in ("cleansing", "validation")]

    async def offered() -> list[list[str]]:
        found = [(await visitor.get(page)).text for page in pages]
        return [re.findall(r'name="do" value="(undo|redo)">', text) for text in found]

    assert await offered() == [[], []]  # the newest step is on the mapping
    value = {"table": "servers", "column": "ip_address", "value": "999.1.1.1", "do": "empty"}
    await visitor.send(f"{pages[0]}/value", value)
    assert await offered() == [["undo"], ["undo"]]
    back = await visitor.send(f"{pages[0]}/undo", {"do": "undo", "back": pages[1]})
    assert back.url.path == pages[1]
    assert await offered() == [["redo"], ["redo"]]
    await visitor.send(f"{pages[0]}/undo", {"do": "redo"})
    assert "is left empty" in plain((await visitor.get(pages[0])).text)


async def test_a_delivery_of_nothing_says_so_and_what_to_do(visitor):
    flow = await visitor.delivered("server_name,cores,memory_mb,os_name\na,four,4096,Ubuntu Linux\n", "Azure")
    page = (await visitor.get(f"/discovery/validation/{flow}")).text
    assert "Nothing is delivered to Azure: it takes none of the 1 row." in texts(page, "note bad")[0]


async def test_rows_of_two_sheets_say_which_one_they_are_in(visitor):
    book = openpyxl.Workbook()
    for name in ("North", "South"):
        sheet = book.create_sheet(name)
        sheet.append(["server_name", "cores", "memory_mb", "os_name"])
        sheet.append([f"{name}-1", "many", 4096, "Ubuntu Linux"])
        sheet.append([f"{name}-2", 4, 4096, "Ubuntu Linux"])
    file = io.BytesIO()
    book.save(file)
    flow = await visitor.delivered(file.getvalue(), "Azure", "estate.xlsx")
    page = plain((await visitor.get(f"/discovery/validation/{flow}")).text)
    assert "estate.xlsx, estate.North, line 2" in page
    assert "estate.xlsx, estate.South line 2, Azure" in page


async def test_a_cell_is_given_back_what_the_source_holds(visitor):
    flow = await delivered(visitor)
    here = f"/discovery/cleansing/{flow}"
    cell = {"table": "servers", "column": "os_name", "row": "0", "back": here}
    kept = await visitor.send(f"{here}/cell", {**cell, "do": "keep"})
    said = "os_name in line 2 of servers keeps what the source has, from the next run on."
    assert texts(kept.text, "note")[0] == said
    asked = (await visitor.get(f"{here}?column=os_name")).text
    assert "1 decision since the last run" in plain(asked)
    for wrong in ({"row": "9999"}, {"row": "x"}, {"column": "nothing"}, {"table": "nothing"}):
        assert (await visitor.send(f"{here}/cell", {**cell, "do": "keep", **wrong})).status_code == 422


async def test_nothing_is_run_again_before_there_is_a_mapping(visitor):
    flow = await visitor.client.suggested()
    answer = await visitor.send(f"/discovery/cleansing/{flow}/run")
    assert answer.status_code == 409
    assert "no approved mapping yet" in plain(answer.text)


async def test_a_group_says_its_reason_once_and_what_each_row_holds_instead(visitor):
    rows = [f"srv{i:02},2,4096,{'Plan 9' if i % 3 == 0 else 'Windows Server 2019'}" for i in range(1, 30)]
    flow = await visitor.delivered("\n".join(["server_name,cores,memory_mb,os_name", *rows]), "Azure")
    here = f"/discovery/validation/{flow}"
    causes = (await visitor.get(here)).text
    reason = parse_qs(urlsplit(unescape(re.findall(r'href="([^"]*/group[^"]*)"', causes)[0])).query)["reason"][0]
    shown = plain((await visitor.get(f"{here}/group", params={"reason": reason})).text)
    assert shown.count('line 4: "Plan 9"') == 1
    assert shown.count("*OS name:") == 1


async def test_rows_with_one_reason_get_one_fix_as_one_step(visitor):
    flow = await delivered(visitor)
    here = f"/discovery/validation/{flow}"
    causes = (await visitor.get(here)).text
    reason = parse_qs(urlsplit(unescape(re.findall(r'href="([^"]*/group[^"]*)"', causes)[0])).query)["reason"][0]
    assert "Fix all 2" in plain(causes)
    page = (await visitor.get(f"{here}/group", params={"reason": reason})).text
    assert "line 6" in plain(page)
    assert '<option value="server_name" selected>' in page  # the column that fills what the reason is about
    assert re.search(r"empty\s+2", plain(page).split("They hold now")[1])
    wanted = {"reason": reason, "table": "servers", "column": "server_name"}
    nothing = await visitor.send(f"{here}/group", wanted)
    assert "Say what they shall hold" in plain(nothing.text)
    fixed = await visitor.send(f"{here}/group", {**wanted, "value": "unnamed"})
    assert "server_name of 2 rows becomes unnamed" in plain(fixed.text)
    assert "2 decisions since the last run" in plain(fixed.text)
    history = plain((await visitor.get(f"/discovery/history/{flow}")).text)
    assert "one fix for 2 rows" in history
    undone = await visitor.send(f"/discovery/history/{flow}/undo", {"do": "undo"})
    assert undone.status_code == 200
    assert "since the last run" not in plain((await visitor.get(here)).text)


async def test_a_group_that_isnt_there_and_a_column_that_isnt_are_refused(visitor):
    here = f"/discovery/validation/{await delivered(visitor)}/group"
    assert (await visitor.get(here, params={"reason": "no such thing"})).status_code == 404
    sent = await visitor.send(here, {"reason": "x", "table": "servers", "column": "nothing", "value": "y"})
    assert "There is no such column" in plain(sent.text)
