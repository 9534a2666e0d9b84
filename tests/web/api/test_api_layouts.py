"""How files are read, over HTTP: looked at, chosen, tried before it is kept, and read again."""

from __future__ import annotations

import io
import zipfile

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

ODD = "Estate of the north\nhost,ip,ram\nname,address,GB\n" + "".join(f"web{i},10.0.0.{i},{i}\n" for i in range(1, 40))


async def part(client, flow: str, place: int = 0) -> dict:
    answer = await client.get(f"/data-import/layout/{flow}")
    assert answer.status_code == 200, answer.text
    return answer.json()["parts"][place]


async def columns(client, flow: str) -> list[str]:
    seen = await client.get(f"/field-mapping/preview/{flow}")
    assert seen.status_code == 200, seen.text
    return [field["name"] for field in seen.json()["source_schema"]["fields"]]


async def test_another_line_names_the_columns_and_everything_after_it_is_made_anew(client):
    flow = await client.suggested(ODD)
    found = await part(client, flow)
    assert [row["line"] for row in found["top"][:3]] == [1, 2, 3]
    assert found["top"][0]["cells"] == ["Estate of the north"]
    assert found["chosen"] is None
    before = await client.status(flow)
    wanted = {"parts": [{"file": "servers.csv", "header_line": 3}]}
    answer = await client.post(f"/data-import/layout/{flow}", json=wanted)
    assert answer.status_code == 200, answer.text
    assert answer.json()["current_phase"] == "data_import"
    assert answer.json()["version"] > before["version"]
    await client.work()
    assert await columns(client, flow) == ["name", "address", "GB"]
    assert (await part(client, flow))["chosen"] is not None
    same = await client.post(f"/data-import/layout/{flow}", json=wanted)
    assert same.json()["current_phase"] == "field_mapping"
    await client.post(f"/data-import/layout/{flow}", json={"parts": [{"file": "servers.csv"}]})
    await client.work()
    assert (await part(client, flow))["chosen"] is None


async def test_a_choice_is_known_by_who_made_it(client):
    flow = await client.suggested(ODD)
    await client.post(f"/data-import/layout/{flow}", json={"parts": [{"file": "servers.csv", "header_line": 3}]})
    changes = (await client.get(f"/unified-discovery/flow/audit/{flow}")).json()["changes"]
    made = next(change for change in changes if change["reason"].startswith("how files are read"))
    assert made["new_state"]["reading"][0]["options"] == {"header_rows": 1, "skip_rows": 2}
    assert made["by"] == client.tenant.by


async def test_no_line_names_the_columns(client):
    flow = await client.suggested("a,1\nb,2\nc,3\n")
    await client.post(
        f"/data-import/layout/{flow}", json={"parts": [{"file": "servers.csv", "header_line": 0, "first_line": 2}]}
    )
    await client.work()
    read = await part(client, flow)
    assert (read["header_line"], read["first_line"]) == (None, 2)
    assert await columns(client, flow) == ["column_1", "column_2"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"file": "servers.csv", "header_line": 43}, "no rows"),
        ({"file": "servers.csv", "header_line": 4_000}, "can't be read that way"),
        ({"file": "servers.csv", "encoding": "klingon"}, "no encoding named"),
        ({"file": "other.csv", "header_line": 1}, "no file"),
        ({"file": "servers.csv", "sheet": "S", "header_line": 1}, "no sheet"),
        ({"file": "servers.csv", "header_line": -1}, "greater than or equal"),
    ],
)
async def test_what_cant_be_read_so_is_refused_and_changes_nothing(client, wanted, said):
    flow = await client.suggested(ODD)
    before = await client.status(flow)
    answer = await client.post(f"/data-import/layout/{flow}", json={"parts": [wanted]})
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail"]
    assert (await client.status(flow))["version"] == before["version"]


async def test_a_sheet_is_left_out_and_stays_listed(client):
    flow = await client.begin()
    assert (await client.upload(flow, workbook(), "estate.xlsx")).status_code == 200
    await client.work()
    answer = await client.post(
        f"/data-import/layout/{flow}", json={"parts": [{"file": "estate.xlsx", "sheet": "Apps", "left_out": True}]}
    )
    assert answer.status_code == 200, answer.text
    await client.work()
    seen = (await client.get(f"/field-mapping/preview/{flow}")).json()
    assert seen["source_schema"]["tables"] == ["estate.Servers"]
    left = await part(client, flow, 1)
    assert (left["sheet"], left["table"], left["why"]) == ("Apps", None, "left out by choice")
    both = [{"file": "estate.xlsx", "sheet": name, "left_out": True} for name in ("Servers", "Apps")]
    refused = await client.post(f"/data-import/layout/{flow}", json={"parts": both})
    assert refused.status_code == 422
    assert "one sheet at least" in refused.json()["detail"]


TITLED = "Estate of the north\n\nhost,ip\n"  # a header without rows, as it is found


async def test_a_refused_file_is_held_and_read_as_somebody_says(client):
    flow = await client.begin()
    refused = await client.upload(flow, TITLED)
    assert refused.status_code == 422
    assert refused.json()["layout"] == f"/api/v1/data-import/layout/{flow}"
    seen = await part(client, flow)
    assert (seen["table"], seen["header_line"], seen["delimiter"]) == (None, 3, ",")
    assert [row["cells"] for row in seen["top"]] == [["Estate of the north"], [], ["host", "ip"]]
    nothing = await client.post(
        f"/data-import/layout/{flow}", json={"parts": [{"file": "servers.csv", "header_line": 3}]}
    )
    assert nothing.status_code == 422
    assert "no rows" in nothing.json()["detail"]
    assert (await part(client, flow))["table"] is None
    wanted = {"parts": [{"file": "servers.csv", "header_line": 0, "first_line": 3}]}
    answer = await client.post(f"/data-import/layout/{flow}", json=wanted)
    assert answer.status_code == 200, answer.text
    assert answer.headers["ETag"] == f'"{(await client.status(flow))["version"]}"'
    await client.work()
    assert (await part(client, flow))["table"] == "servers"
    assert await columns(client, flow) == ["column_1", "column_2"]


async def test_a_sheet_without_a_table_is_read_as_somebody_says(client):
    flow = await client.begin()
    empty = workbook(rows=0)
    assert (await client.upload(flow, empty, "estate.xlsx")).status_code == 422
    seen = [await part(client, flow, place) for place in (0, 1)]
    assert [(one["sheet"], one["header_line"]) for one in seen] == [("Servers", 1), ("Apps", 1)]
    wanted = {"parts": [{"file": "estate.xlsx", "sheet": "Apps", "header_line": 0, "first_line": 1}]}
    assert (await client.post(f"/data-import/layout/{flow}", json=wanted)).status_code == 200
    await client.work()
    read, other = [await part(client, flow, place) for place in (1, 0)]
    assert (read["table"], other["table"], other["why"]) == ("estate.Apps", None, "no rows below a header")


async def test_a_refused_file_takes_no_place_of_one_that_is_read(client):
    flow = await client.suggested(ODD)
    refused = await client.upload(flow, TITLED)
    assert refused.status_code == 422
    assert "layout" not in refused.json()
    assert (await part(client, flow))["table"] == "servers"
    other = await client.upload(flow, TITLED, "titled.csv")
    assert "layout" in other.json()
    assert (await client.upload(flow, ODD.replace("web", "db"), "titled.csv")).status_code == 200
    await client.work()
    assert [one["table"] for one in [await part(client, flow, place) for place in (0, 1)]] == ["servers", "titled"]


async def test_who_may_only_look_sees_no_lines_and_chooses_nothing(client, member):
    flow = await client.suggested(ODD)
    viewer = await member("viewer", client)
    assert (await part(viewer, flow))["top"] == []
    wanted = {"parts": [{"file": "servers.csv", "header_line": 3}]}
    assert (await viewer.post(f"/data-import/layout/{flow}", json=wanted)).status_code == 403
    stranger = await member()
    assert (await stranger.get(f"/data-import/layout/{flow}")).status_code == 404
    assert (await stranger.post(f"/data-import/layout/{flow}", json=wanted)).status_code == 404


async def test_a_choice_on_another_version_is_refused(client):
    flow = await client.suggested(ODD)
    wanted = {"parts": [{"file": "servers.csv", "header_line": 3}]}
    answer = await client.post(f"/data-import/layout/{flow}", json=wanted, headers={"If-Match": '"1"'})
    assert answer.status_code == 412
    assert (await client.post(f"/data-import/layout/{flow}", json={**wanted, "version": 1})).status_code == 409


def workbook(rows: int = 20) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    first = book.active
    first.title = "Servers"
    apps = book.create_sheet("Apps")
    for sheet, names in ((first, ("host", "ram")), (apps, ("app", "owner"))):
        sheet.append(names)
        for i in range(rows):
            sheet.append((f"{names[0]}{i}", i))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def test_an_archive_of_which_nothing_is_read_is_held_too(client):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("servers.csv", TITLED)
        archive.writestr("scan.pdf", "%PDF-1.7")
    flow = await client.begin()
    refused = await client.upload(flow, whole.getvalue(), "all.zip")
    assert (refused.status_code, "layout" in refused.json()) == (422, True)
    assert (await part(client, flow))["file"] == "all.zip/servers.csv"
    wanted = {"parts": [{"file": "all.zip/servers.csv", "header_line": 0, "first_line": 3}]}
    answer = await client.post(f"/data-import/layout/{flow}", json=wanted)
    assert answer.status_code == 200, answer.text
    await client.work()
    assert (await part(client, flow))["table"] == "servers"
    again = await client.upload(flow, whole.getvalue(), "all.zip")
    assert (again.status_code, again.json()["repeated"]) == (200, True)
