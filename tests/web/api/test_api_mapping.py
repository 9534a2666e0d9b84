"""Mappings over HTTP: what is suggested is accepted, what can't be followed is told line by line, and one wins."""

from __future__ import annotations

import asyncio
import csv
import io
from collections import Counter
from typing import Any

import pytest

from discovery_pipeline.engine.mapping.model import HIGH
from discovery_pipeline.store.recovery import StateRecovery

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def offered(client: Any, flow: str) -> dict[str, Any]:
    answer = await client.get(f"/field-mapping/preview/{flow}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def submit(client: Any, flow: str, mappings: list[dict[str, Any]], headers: Any = None, **more: Any) -> Any:
    return await client.post(
        "/field-mapping/submit", json={"flow_id": flow, "mappings": mappings, **more}, headers=headers
    )


async def test_what_preview_suggests_submit_accepts_as_it_stands_and_is_delivered(client):
    flow = await client.suggested()
    seen = await offered(client, flow)
    assert {field["name"] for field in seen["source_schema"]["fields"]} >= {"hostname", "ip_address"}
    answer = await submit(client, flow, seen["suggested_mappings"])
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["status"], told["flow_id"]) == ("success", flow)
    assert told["mapped_fields"] == len(seen["suggested_mappings"]) > 3
    assert (await client.status(flow))["current_phase"] == "cleansing"
    await client.work()
    stands = await client.status(flow)
    assert (stands["status"], stands["progress"]) == ("completed", 100), stands["error"]
    await delivered_files_can_be_had(client, flow)
    await results_can_be_read(client, flow)


async def delivered_files_can_be_had(client: Any, flow: str) -> None:
    listed = {file["name"]: file for file in (await client.get(f"/output/{flow}")).json()["files"]}
    assert {"rejected_rows.csv", "mapping.yaml", "report.html"} <= listed.keys()
    for name, file in listed.items():
        answer = await client.get(f"/output/{flow}/{name}")
        assert (answer.status_code, len(answer.content)) == (200, file["byte_size"])
        assert answer.headers["content-disposition"].startswith("attachment")
    part = await client.get(f"/output/{flow}/mapping.yaml", headers={"Range": "bytes=2-5"})
    whole = await client.get(f"/output/{flow}/mapping.yaml")
    assert (part.status_code, part.content) == (206, whole.content[2:6])
    for name in ("../value.json", "%2e%2e/value.json", "/etc/passwd", "nothing.csv", "..%2f..%2fCURRENT"):
        assert (await client.get(f"/output/{flow}/{name}")).status_code == 404, name


async def results_can_be_read(client: Any, flow: str) -> None:
    for name in ("profile", "quality", "risk", "relationships"):
        answer = await client.get(f"/{name}/{flow}")
        assert answer.status_code == 200
        again = await client.get(f"/{name}/{flow}", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    fields = (await client.get(f"/lineage/{flow}")).json()["fields"]
    by_target = {field["target_field"]: field for field in fields}
    assert by_target["HostName"]["sources"][0]["field"] == "hostname"
    assert by_target["HostName"]["sources"][0]["file"] == "servers.csv"
    assert by_target["HostName"]["approved_by"] == client.tenant.by


async def test_a_preview_waits_for_files_not_for_ever(client):
    flow = await client.begin()
    answer = await client.get(f"/field-mapping/preview/{flow}")
    assert answer.status_code == 409
    assert "no files" in answer.json()["detail"]


async def test_a_preview_of_what_is_being_made_says_when_to_come_again(client, monkeypatch):
    monkeypatch.setattr("discovery_pipeline.web.services.mappings.MappingService.preview", still_at_work)
    flow = await client.begin()
    answer = await client.get(f"/field-mapping/preview/{flow}")
    assert (answer.status_code, answer.headers["retry-after"]) == (202, "5")


async def still_at_work(*_: Any) -> None:
    return None


async def test_a_preview_comes_as_soon_as_there_is_one(client, monkeypatch):
    monkeypatch.setattr("discovery_pipeline.web.services.mappings.PATIENCE_SECONDS", 500.0)
    flow = await client.begin()
    await client.upload(flow)
    waiting = asyncio.create_task(client.get(f"/field-mapping/preview/{flow}"))
    await client.work()
    answer = await waiting
    assert answer.status_code == 200
    assert answer.headers["etag"] == f'"{answer.json()["version"]}"'


async def test_a_run_that_fails_is_told_to_who_waits_and_can_be_retried(client, monkeypatch):
    flow = await client.begin()
    await client.upload(flow)

    def broken(*_: Any) -> None:
        raise ValueError("a disk broke")

    with monkeypatch.context() as patched:
        patched.setattr("discovery_pipeline.engine.profiling.profile", broken)
        await client.work()
    stands = await client.status(flow)
    assert (stands["status"], stands["current_phase"]) == ("failed", "data_import")
    assert (await client.get(f"/field-mapping/preview/{flow}")).status_code == 409
    stale = await client.post(f"/unified-discovery/flow/{flow}/retry", json={"version": 1})
    assert stale.status_code == 409
    again = await client.post(f"/unified-discovery/flow/{flow}/retry", json={"version": stands["version"]})
    assert (again.status_code, again.json()["status"]) == (200, "active")
    assert again.json()["phases"]["data_import"]["status"] == "pending"
    recovery = StateRecovery(client.services.flows)
    assert flow not in {str(swept.id) for swept in await recovery.sweep()}, "a phase that waits for its run isn't dead"
    await client.work()
    assert (await client.status(flow))["status"] == "waiting_for_review"


async def test_every_error_of_every_line_is_told_at_once(client):
    flow = await client.suggested()
    lines = [
        {"source_field": "hostname", "target_field": "CPU.NumberOfCores", "data_type": "integer"},
        {"source_field": "hostname", "target_field": "HostName", "transformation": "frobnicate()"},
        {"source_field": "no_such", "target_field": "OS.Name"},
        {"source_field": "os", "target_field": "NoSuchField"},
        {"source_field": "ip_address", "target_field": "IPAddress"},
        {"source_field": "hostname", "target_field": "IPAddress"},
    ]
    rules = {"nowhere": [{"check": "pattern", "pattern": "("}], "os": [{"check": "magic"}, {"check": "in"}]}
    answer = await submit(client, flow, lines, validation_rules=rules)
    assert answer.status_code == 422
    told = " ".join(answer.json()["errors"])
    for said in (
        "Type mismatch: transformation required for string to integer conversion", "frobnicate", "no_such",
        "NoSuchField", "Target mapped twice: IPAddress", "'nowhere' is neither", "no pattern",
        "os: there is no check 'magic'", "in needs values",
    ):  # fmt: skip
        assert said in told
    assert (await client.status(flow))["current_phase"] == "field_mapping"


async def test_a_required_target_that_was_suggested_must_stay(client):
    flow = await client.suggested()
    answer = await submit(client, flow, [{"source_field": "os", "target_field": "OS.Name"}])
    assert answer.status_code == 422
    assert any("Required target field unmapped" in error for error in answer.json()["errors"])


async def test_columns_left_out_take_their_suggestion_where_it_is_sure(client):
    flow = await client.suggested()
    seen = await offered(client, flow)
    sure = [m for m in seen["suggested_mappings"] if m["confidence"] >= HIGH and m["source_field"] != "os"]
    mine = {"source_field": "os", "target_field": "OS.Name", "transformation": "upper"}
    answer = await submit(client, flow, [mine], auto_map_remaining=True)
    assert answer.status_code == 200, answer.text
    assert answer.json()["mapped_fields"] == len(sure) + 1
    unsure = {m["source_field"] for m in seen["suggested_mappings"] if m["confidence"] < HIGH} - {"os"}
    assert unsure <= set(answer.json()["unmapped_fields"])


async def test_rules_come_with_the_mapping_and_are_run(client):
    flow = await client.suggested()
    seen = await offered(client, flow)
    rules = {"environment": [{"check": "in", "values": ["prod"], "severity": "error"}]}
    answer = await submit(client, flow, seen["suggested_mappings"], validation_rules=rules)
    assert answer.status_code == 200, answer.text
    await client.work()
    rejected = (await client.get(f"/output/{flow}/rejected_rows.csv")).text
    assert "is not one of prod" in rejected
    assert rejected.count("servers.csv") == 19  # every third of 59 is in test
    reason = next(csv.DictReader(io.StringIO(rejected)))["reasons"]
    group = f"/cleansing/{flow}/group"
    found = (await client.get(group, params={"reason": reason})).json()
    assert [(part["table"], part["rows"]) for part in found["parts"]] == [("servers", 19)]
    assert (await client.get(group, params={"reason": "another"})).status_code == 404
    wanted = {"reason": reason, "table": "servers", "column": "environment", "value": "prod"}
    assert (await client.post(group, json={**wanted, "column": "none"})).status_code == 422
    assert (await client.post(group, json=wanted)).json() == {"cells": 19, "refused": []}


async def test_of_a_hundred_reviewers_one_wins_and_the_audit_stays_whole(client, member):
    flow = await client.suggested()
    seen = await offered(client, flow)
    others = [await member(of=client) for _ in range(9)]
    tag = {"If-Match": f'"{seen["version"]}"'}

    async def one(number: int) -> int:
        who = [client, *others][number % 10]
        mappings = [dict(m) for m in seen["suggested_mappings"]]
        mappings[0]["is_required"] = bool(number % 3)
        return (await submit(who, flow, mappings, headers=tag if number % 2 else None)).status_code

    answers = Counter(await asyncio.gather(*(one(number) for number in range(100))))
    won = answers.pop(200)
    assert set(answers) <= {409, 412}
    assert won + answers.total() == 100
    stands = await client.status(flow)
    assert (stands["current_phase"], stands["version"]) == ("cleansing", seen["version"] + 1)
    assert await StateRecovery(client.services.flows).check(flow) == []


async def test_with_the_version_seen_exactly_one_of_many_wins(client):
    flow = await client.suggested()
    seen = await offered(client, flow)
    tag = {"If-Match": f'"{seen["version"]}"'}
    answers = await asyncio.gather(*(submit(client, flow, seen["suggested_mappings"], headers=tag) for _ in range(20)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 19}
    late = next(answer for answer in answers if answer.status_code == 412).json()
    assert late["version"] == seen["version"] + 1
    assert "mapping.submitted" in {change["event"] for change in late["changed"]}


async def test_the_same_again_is_the_first_answer(client):
    flow = await client.suggested()
    seen = await offered(client, flow)
    first = await submit(client, flow, seen["suggested_mappings"])
    again = await submit(client, flow, seen["suggested_mappings"][::-1])
    assert (again.status_code, again.json()) == (200, first.json())
    tag = {"If-Match": f'"{first.json()["version"]}"'}
    assert (await submit(client, flow, seen["suggested_mappings"], headers=tag)).json() == first.json()
    events = [event.type for event in await story(client, flow)]
    assert events.count("mapping.submitted") == 1
    assert [event.data["job"] for event in await story(client, flow) if event.type == "run.requested"] == [
        "discover", "deliver",
    ]  # fmt: skip


async def story(client: Any, flow: str) -> list[Any]:
    from discovery_pipeline.store import rows

    async with client.services.sessions.transaction(client.tenant) as session:
        return await rows.story(session, (await rows.find(session, flow)).id)


async def test_a_key_gives_the_first_answer_and_belongs_to_one_request(client):
    flow = await client.suggested()
    seen = await offered(client, flow)
    key = {"Idempotency-Key": "save-1", "If-Match": f'"{seen["version"]}"'}
    first = await submit(client, flow, seen["suggested_mappings"], headers=key)
    again = await submit(client, flow, seen["suggested_mappings"], headers=key)
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    other = await submit(client, flow, seen["suggested_mappings"][1:], headers=key)
    assert other.status_code == 409


async def test_a_mapping_somebody_else_submitted_is_not_overwritten_unseen(client, member):
    flow = await client.suggested()
    seen = await offered(client, flow)
    await submit(client, flow, seen["suggested_mappings"])
    other = await member(of=client)
    refused = await submit(other, flow, seen["suggested_mappings"])
    assert refused.status_code == 409
    assert client.tenant.by in refused.json()["detail"]
    now = (await client.status(flow))["version"]
    changed = [m for m in seen["suggested_mappings"] if m["source_field"] != "environment"]
    again = await submit(other, flow, changed, headers={"If-Match": f'"{now}"'})
    assert again.status_code == 200, again.text
    assert "environment" in again.json()["unmapped_fields"]


async def test_the_version_seen_counts_in_the_body_as_it_does_in_a_header(client, member):
    flow = await client.suggested()
    seen = await offered(client, flow)
    changed = [m for m in seen["suggested_mappings"] if m["source_field"] != "environment"]
    first = await submit(client, flow, seen["suggested_mappings"], version=seen["version"])
    assert first.status_code == 200, first.text
    other = await member(of=client)
    stale = await submit(other, flow, changed, version=seen["version"])
    assert (stale.status_code, stale.json()["version"]) == (409, first.json()["version"])
    assert "mapping.submitted" in {change["event"] for change in stale.json()["changed"]}
    again = await submit(other, flow, changed, version=stale.json()["version"])
    assert again.status_code == 200, again.text
    assert (await submit(other, flow, changed, version=0)).status_code == 422


async def test_nothing_can_be_submitted_before_there_are_suggestions(client):
    flow = await client.begin()
    assert (await submit(client, flow, [])).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {}, {"flow_id": "x"}, {"flow_id": "x", "mappings": {}}, {"flow_id": "x", "mappings": [{}]}, [], "x", 3, None,
        {"flow_id": "x", "mappings": [{"source_field": "a\x00", "target_field": "b"}]},
        {"flow_id": "x", "mappings": [{"source_field": "a", "target_field": "b", "data_type": "blob"}]},
        {"flow_id": "x", "mappings": [], "validation_rules": {"a": [{"check": "in", "severity": "grave"}]}},
    ],
)  # fmt: skip
async def test_a_body_of_another_form_is_told_what_is_wrong(client, body: Any):
    answer = await client.post("/field-mapping/submit", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


@pytest.mark.parametrize("tag", ["x", '"x"', '"1" "2"', "1e5", "-1", '"' + "9" * 30 + '"'])
async def test_an_if_match_that_is_none_of_ours_is_told(client, tag: str):
    answer = await submit(client, "x", [], headers={"If-Match": tag})
    assert answer.status_code == 422


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_without_end_is_refused(client, announced: bool):
    whole = b'{"flow_id": "' + b"x" * (33 << 20)

    async def piecemeal() -> Any:
        for start in range(0, len(whole), 1 << 20):
            yield whole[start : start + (1 << 20)]

    answer = await client.post("/field-mapping/submit", content=whole if announced else piecemeal())
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_a_changed_mapping_would_change_is_counted_before_it_is_submitted(client, member):
    flow = await client.suggested(target="AWS,Azure")
    seen = (await client.get(f"/field-mapping/preview/{flow}")).json()
    mappings = seen["suggested_mappings"]
    first = {"flow_id": flow, "mappings": mappings}
    early = (await client.post("/field-mapping/affected", json=first)).json()
    assert [(t["runs_again"], t["counted"]) for t in early["targets"]] == [(True, False), (True, False)]
    await client.post("/field-mapping/submit", json=first)
    await client.work()
    same = (await client.post("/field-mapping/affected", json=first)).json()
    assert same["delivered"]
    assert not any(target["runs_again"] for target in same["targets"])
    other = [
        m | {"transformation": "upper"} if m["target_system"] == "aws" and m["target_field"] == "HostName" else m
        for m in mappings
    ]
    found = (await client.post("/field-mapping/affected", json={"flow_id": flow, "mappings": other})).json()
    aws, azure = found["targets"]
    assert (aws["target_system"], aws["runs_again"], azure["runs_again"]) == ("aws", True, False)
    (file,) = aws["files"]
    assert (file["changed"], file["added"], file["removed"]) == (59, 0, 0)
    assert file["fields"] == [{"field": "HostName", "cells": 59, "before": "web001", "after": "WEB001"}]
    assert (await client.status(flow))["version"] == found["version"]
    wrong = [{"source_field": "nothing", "target_field": "HostName"}]
    assert (await client.post("/field-mapping/affected", json={"flow_id": flow, "mappings": wrong})).status_code == 422
    viewer = await member("viewer", client)
    assert (await viewer.post("/field-mapping/affected", json=first)).status_code == 403


async def test_what_a_mapping_would_change_counts_what_was_decided_on_rows_since_the_delivery(client):
    flow = await client.suggested(target="AWS,Azure")
    mappings = (await client.get(f"/field-mapping/preview/{flow}")).json()["suggested_mappings"]
    same = {"flow_id": flow, "mappings": mappings}
    await client.post("/field-mapping/submit", json=same)
    await client.work()
    (name,) = {m["source_field"] for m in mappings if m["target_system"] == "aws" and m["target_field"] == "HostName"}
    value = {"kind": "value", "table": "servers", "column": name, "value": "web001", "after": "web-one"}
    decided = await client.post(f"/review/{flow}/decisions", json={"decisions": [value]})
    assert decided.status_code == 200, decided.text
    aws, azure = (await client.post("/field-mapping/affected", json=same)).json()["targets"]
    assert (aws["runs_again"], azure["runs_again"]) == (True, True)
    assert [file["changed"] for file in aws["files"]] == [1]
    assert aws["files"][0]["fields"] == [{"field": "HostName", "cells": 1, "before": "web001", "after": "web-one"}]
    await client.post(f"/review/{flow}/undo", json={})
    again = (await client.post("/field-mapping/affected", json=same)).json()["targets"]
    assert not any(target["runs_again"] for target in again)
