"""Uploads: typed by name and content, kept once, refused with line and reason; names lead nowhere."""

from __future__ import annotations

import asyncio
import errno
import gzip
import io
import json
import os
import zipfile
from typing import Any

import pytest

from discovery_pipeline.store import imports
from discovery_pipeline.store.files.artifacts import UPLOADS
from discovery_pipeline.web import multipart

pytestmark = pytest.mark.asyncio(loop_scope="session")

TABLE = "a,b\n1,2\n3,4\n"


def packed(**files: str | bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return whole.getvalue()


async def kept(client: Any, flow: str) -> list[str]:
    """Names of the flow's files as runs will find them."""
    there = await client.services.flows.get(client.tenant, flow)
    folder = client.services.artifacts.reading(there, UPLOADS)
    return sorted(path.name for path in folder.iterdir())


async def test_an_upload_says_what_is_in_the_file(client):
    flow = await client.begin()
    answer = await client.upload(flow, "name;ram\nweb01;16\nweb02;32\n")
    told = answer.json()
    assert (answer.status_code, told["filename"], told["row_count"]) == (200, "servers.csv", 2)
    assert told["columns"] == ["name", "ram"]
    assert told["tables"][0]["delimiter"] == ";"
    assert isinstance(told["import_id"], int)
    stands = await client.status(flow)
    assert stands["run"]["status"] == "requested"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("report.pdf", b"%PDF-1.7 ..."), ("photo.png", b"\x89PNG\r\n"), ("virus.exe", TABLE.encode()),
        ("notes.txt", b"just some words\nand more of them\n"), ("page.csv", b"<!doctype html><html></html>"),
        ("servers.docx", TABLE.encode()), ("servers.csv", bytes(range(256)) * 20), ("servers.gz", b"\x1f\x8b\x08\x00"),
        ("all.tar.gz", gzip.compress(TABLE.encode())), ("all.zip.gz", gzip.compress(packed(inside__csv=TABLE))),
        ("words", b"nothing in particular"), ("servers.csv.sh", TABLE.encode()),
    ],
)  # fmt: skip
async def test_a_type_that_is_not_read_is_refused_before_the_flow_is_looked_up(client, name: str, content: bytes):
    answer = await client.upload("no-such-flow", content, name)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("Invalid file type")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("servers.tsv", b"a\tb\n1\t2\n"), ("export.txt", b"a|b\n1|2\n3|4\n"), ("SERVERS.CSV", TABLE.encode("utf-16")),
        ("servers.json", json.dumps([{"a": 1}, {"a": 2}]).encode()), ("servers.jsonl", b'{"a": 1}\n{"a": 2}\n'),
        ("wrong.csv", packed(inside__csv=TABLE)), ("dump", b"a,b\n1,2\n3,4\n"),
        ("servers.csv.gz", gzip.compress(TABLE.encode())), ("servers.jsonl.GZ", gzip.compress(b'{"a": 1}\n{"a": 2}\n')),
    ],
)  # fmt: skip
async def test_content_decides_where_the_name_leaves_it_open(client, name: str, content: bytes):
    answer = await client.upload(await client.begin(), content, name)
    assert answer.status_code == 200, answer.text
    assert answer.json()["row_count"] >= 1


@pytest.mark.parametrize(
    ("name", "content", "said", "line"),
    [
        ("servers.csv", b"", "empty", 1), ("servers.csv", b"a,b\n", "no rows", 1),
        ("servers.json", b'[{"a": 1},\n{"a": ', "not valid JSON", 2), ("servers.xlsx", b"PK\x03\x04....", "damaged", 1),
        ("servers.zip", packed(), "empty", 1),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_refused_with_the_line_and_the_reason(
    client, name: str, content: bytes, said: str, line: int
):
    flow = await client.begin()
    answer = await client.upload(flow, content, name)
    assert answer.status_code == 422
    told = answer.json()
    assert said in told["detail"]
    assert (told["errors"][0]["file"], told["errors"][0]["line"]) == (name, line)
    assert (await client.status(flow))["run"] is None


async def test_without_a_file_there_is_nothing_to_keep(client):
    flow = await client.begin()
    for more in ({"files": {"other": (None, "text")}}, {"content": b"x"}, {"json": {}}, {}):
        answer = await client.post(f"/data-import/upload/{flow}", **more)
        assert answer.status_code == 422, more


async def test_a_body_that_is_cut_off_is_told(client):
    flow = await client.begin()
    whole = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\n1,2\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await client.post(f"/data-import/upload/{flow}", content=whole, headers=headers)
    assert answer.status_code == 422
    assert "boundary" in answer.json()["detail"]


async def test_a_file_larger_than_the_limit_is_refused_and_not_kept(client):
    flow = await client.begin()
    rows = b"a,b\n" + b"1,2\n" * (client.settings.upload_limit // 4)

    async def piecemeal() -> Any:
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        yield head
        for start in range(0, len(rows), 1 << 18):
            yield rows[start : start + (1 << 18)]
        yield b"\r\n--x--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    announced = await client.upload(flow, rows * 2)
    unannounced = await client.post(f"/data-import/upload/{flow}", content=piecemeal(), headers=headers)
    assert (announced.status_code, unannounced.status_code) == (413, 413)
    assert "Split it" in unannounced.json()["detail"]
    assert list((client.settings.root / "scratch" / "arriving").iterdir()) == []


async def test_a_full_disk_is_told_and_the_file_is_taken_once_there_is_room(client, monkeypatch: pytest.MonkeyPatch):
    def no_room(self: multipart._Writing, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    flow = await client.begin()
    with monkeypatch.context() as full:
        full.setattr(multipart._Writing, "write", no_room)
        refused = await client.upload(flow)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert "disk is full" in refused.json()["detail"]
    assert (await client.upload(flow)).status_code == 200


async def test_the_same_bytes_are_the_first_answer_and_no_second_run(client):
    flow = await client.begin()
    first = (await client.upload(flow, TABLE, "one.csv")).json()
    again = (await client.upload(flow, TABLE, "two.csv")).json()
    assert (again["import_id"], again["filename"], again["repeated"]) == (first["import_id"], "one.csv", True)
    assert await kept(client, flow) == ["one.csv"]


async def test_uploads_add_up_and_one_of_the_same_name_replaces(client):
    flow = await client.begin()
    await client.upload(flow, TABLE, "one.csv")
    await client.upload(flow, "c,d\n1,2\n", "two.csv")
    await client.upload(flow, "a,b\n5,6\n", "one.csv")
    assert await kept(client, flow) == ["one.csv", "two.csv"]
    there = await client.services.flows.get(client.tenant, flow)
    folder = client.services.artifacts.reading(there, UPLOADS)
    assert (folder / "one.csv").read_text() == "a,b\n5,6\n"
    told = (await client.get(f"/unified-discovery/flow/audit/{flow}")).json()["changes"]
    assert [change["reason"] for change in told][1:] == ["one.csv replaces an earlier file of that name"]
    await client.work()
    profile = (await client.get(f"/profile/{flow}")).json()
    assert {table["name"]: table["row_count"] for table in profile["tables"]} == {"one": 1, "two": 1}


async def test_many_files_at_once_and_one_bad_one_does_not_stop_the_others(client):
    flow = await client.begin()
    files = [("file", ("good.csv", TABLE)), ("file", ("bad.pdf", b"%PDF")), ("file", ("empty.csv", b""))]
    answer = await client.post(f"/data-import/upload/{flow}", files=files)
    assert answer.status_code == 200
    told = {file["filename"]: file for file in answer.json()["files"]}
    assert {name: file["status"] for name, file in told.items()} == {
        "good.csv": "accepted", "bad.pdf": "rejected", "empty.csv": "rejected",
    }  # fmt: skip
    assert "Invalid file type" in told["bad.pdf"]["reason"]
    assert answer.json()["filename"] == "good.csv"
    assert await kept(client, flow) == ["good.csv"]


async def test_bytes_that_come_twice_at_once_are_one_file(client):
    flow = await client.begin()
    files = [("file", ("one.csv", TABLE)), ("file", ("two.csv", TABLE))]
    answer = await client.post(f"/data-import/upload/{flow}", files=files)
    assert len({file["import_id"] for file in answer.json()["files"]}) == 1
    assert len(await kept(client, flow)) == 1


async def test_an_archive_is_its_members(client):
    flow = await client.begin()
    answer = await client.upload(flow, packed(one__csv=TABLE, two__csv="x,y\n1,2\n", three__pdf=b"%PDF"), "all.zip")
    told = {file["filename"]: file["status"] for file in answer.json()["files"]}
    assert told == {"all.zip/one.csv": "accepted", "all.zip/two.csv": "accepted", "all.zip/three.pdf": "rejected"}


async def test_what_an_archive_brought_before_and_does_not_any_more_is_let_go_and_said(client):
    flow = await client.suggested()
    assert (await client.upload(flow, packed(one__csv=TABLE, two__csv="x,y\n1,2\n"), "all.zip")).status_code == 200
    await client.work()
    again = await client.upload(flow, packed(one__csv=TABLE), "all.zip")
    assert (again.status_code, again.json()["repeated"]) == (200, True)
    assert (await client.status(flow))["current_phase"] == "data_import"
    audit = (await client.get(f"/unified-discovery/flow/audit/{flow}?limit=500")).json()["changes"]
    assert "all.zip came again without all.zip/two.csv" in [change["reason"] for change in audit]
    await client.work()
    tables = {table["name"] for table in (await client.get(f"/profile/{flow}")).json()["tables"]}
    assert tables == {"servers", "one"}
    assert await statuses(client, flow) == {
        "servers.csv": "accepted", "all.zip/one.csv": "accepted", "all.zip/two.csv": "replaced",
    }  # fmt: skip
    await client.upload(flow, packed(one__csv=TABLE, two__csv="x,y\n1,2\n"), "all.zip")
    assert (await statuses(client, flow))["all.zip/two.csv"] == "accepted"


async def statuses(client: Any, flow: str) -> dict[str, str]:
    async with client.services.sessions.transaction(client.tenant) as session:
        return {row.filename: row.status for row in await imports.of_flow(session, flow)}


async def test_an_archive_that_unpacks_to_far_more_is_refused(client):
    flow = await client.begin()
    answer = await client.upload(flow, packed(bomb__csv=b"a,b\n" + b"0" * (80 << 20)), "bomb.zip")
    assert answer.status_code == 422
    assert "far more" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("../../../etc/cron.d/evil.csv", "evil.csv"), ("..\\..\\windows\\evil.csv", "evil.csv"),
        ("/etc/passwd.csv", "passwd.csv"), ("a\u202egpj.csv", "agpj.csv"), (".hidden.csv", "hidden.csv"),
        ("x" * 500 + ".csv", "x" * 196 + ".csv"), ("<script>alert(1)</script>.csv", "script>.csv"),
        ("naïve 💥 файл.csv", "naïve 💥 файл.csv"), ("a'; drop table x; --.csv", "a'; drop table x; --.csv"),
    ],
)  # fmt: skip
async def test_a_name_is_shown_and_leads_nowhere(client, name: str, plain: str):
    flow = await client.begin()
    answer = await client.upload(flow, TABLE, name)
    assert answer.status_code == 200, answer.text
    assert answer.json()["filename"] == plain
    assert await kept(client, flow) == [plain]


async def test_uploads_at_the_same_time_are_all_kept(client):
    flow = await client.begin()
    answers = await asyncio.gather(*(client.upload(flow, f"a,b\n{n},2\n", f"{n}.csv") for n in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert await kept(client, flow) == sorted(f"{n}.csv" for n in range(8))


async def test_an_upload_after_mapping_began_opens_the_import_again(client):
    flow = await client.suggested()
    assert (await client.status(flow))["current_phase"] == "field_mapping"
    answer = await client.upload(flow, "owner,cost\nana,3\n", "owners.csv")
    assert answer.status_code == 200
    stands = await client.status(flow)
    assert (stands["current_phase"], stands["run"]["status"]) == ("data_import", "requested")
    trail = (await client.get(f"/unified-discovery/flow/audit/{flow}")).json()["changes"]
    assert any("owners.csv" in change["reason"] for change in trail)


async def test_a_flow_that_ended_takes_no_files(client):
    flow = await client.begin()
    await client.post(f"/unified-discovery/flow/{flow}/cancel")
    answer = await client.upload(flow, TABLE)
    assert answer.status_code == 409
    assert "Create a new flow" in answer.json()["detail"]
