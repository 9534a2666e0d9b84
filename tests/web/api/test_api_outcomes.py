"""What became of the rows adds up to all of them, and what is left can be looked at, matched and corrected."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROWS = 59  # of the sample that clients upload
IN_TEST = 19


async def delivered(client: Any, taken: str = "prod") -> str:
    """A flow of which only the rows of one environment are delivered."""
    flow = await client.suggested()
    offered = (await client.get(f"/field-mapping/preview/{flow}")).json()["suggested_mappings"]
    rules = {"environment": [{"check": "in", "values": [taken], "severity": "error"}]}
    wanted = {"flow_id": flow, "mappings": offered, "validation_rules": rules}
    answer = await client.post("/field-mapping/submit", json=wanted)
    assert answer.status_code == 200, answer.text
    await client.work()
    return flow


async def test_the_outcome_adds_up_to_every_row_by_target_and_by_file(client):
    flow = await delivered(client)
    told = (await client.get(f"/outcome/{flow}")).json()
    (end,) = told["targets"]
    assert (end["target_system"], end["rows_in"], end["to_correct"]) == ("aws", ROWS, IN_TEST)
    assert end["delivered"] + end["to_correct"] + end["repeated"] + end["elsewhere"] == ROWS
    assert sum(file["source_rows"] for file in end["files"]) == end["delivered"] == ROWS - IN_TEST
    delivered_files = {file["name"] for file in (await client.get(f"/output/{flow}")).json()["files"]}
    assert all(any(name.endswith(file["name"]) for name in delivered_files) for file in end["files"])
    await what_is_left_can_be_looked_at(client, flow, told["causes"])


async def test_where_no_row_is_delivered_the_outcome_names_no_file(client):
    flow = await delivered(client, "none of them")
    (end,) = (await client.get(f"/outcome/{flow}")).json()["targets"]
    assert (end["delivered"], end["to_correct"], end["files"]) == (0, ROWS, [])
    assert (await client.get(f"/output/{flow}/aws.csv")).status_code == 404


async def what_is_left_can_be_looked_at(client: Any, flow: str, causes: list[dict[str, Any]]) -> None:
    (cause,) = causes
    assert (cause["rows"], cause["lines"][0]) == (IN_TEST, {"file": "servers.csv", "table": "servers", "line": 4})
    rejected = f"/cleansing/{flow}/rejected"
    page = (await client.get(rejected, params={"limit": 5, "search": "TEST"})).json()
    assert (page["total"], len(page["rows"])) == (IN_TEST, 5)
    first = page["rows"][0]
    assert (first["table"], first["line"], first["row"]) == ("servers", 4, 2)
    assert (first["record"]["hostname"], first["record"]["environment"]) == ("web003", "test")
    assert (await client.get(rejected, params={"table": "none"})).json()["total"] == 0
    assert (await client.get(rejected, params={"offset": 18})).json()["rows"][0]["record"]["hostname"] == "web057"
    group = (await client.get(f"/cleansing/{flow}/group", params={"reason": cause["reason"]})).json()
    assert group["parts"][0]["held"] == [{"value": "test", "rows": IN_TEST}]
    other = {"reason": cause["reason"], "column": "cpu_cores"}
    held = (await client.get(f"/cleansing/{flow}/group", params=other)).json()["parts"][0]
    assert (held["column"], sum(one["rows"] for one in held["held"])) == ("cpu_cores", IN_TEST)


async def test_before_there_is_an_outcome_that_is_said(client):
    flow = await client.suggested()
    for path in (f"/outcome/{flow}", f"/cleansing/{flow}/rejected", f"/cleansing/{flow}/group?reason=x"):
        answer = await client.get(path)
        assert answer.status_code == 404, path
    early = await client.begin()
    assert (await client.get(f"/agents/{early}")).status_code == 404


async def test_which_reason_is_only_asked_where_there_is_a_flow(client):
    assert (await client.get("/cleansing/no-such-flow/group")).status_code == 404
    answer = await client.get(f"/cleansing/{await client.begin()}/group")
    assert (answer.status_code, "reason" in answer.json()["detail"]) == (422, True)


async def test_what_agents_would_send_can_be_read_before_anything_is(client, member):
    flow = await client.suggested()
    requests = (await client.get(f"/agents/{flow}")).json()
    assert len(requests) > 3
    assert all(one["model"] is None and len(one["sha256"]) == 64 and one["body"] for one in requests)
    viewer = await member("viewer", of=client)
    assert (await viewer.get(f"/agents/{flow}")).status_code == 403


KINDS = "name,memory_mb,kind\n" + "".join(f"web{i:03},4096,{'VM' if i % 3 else 'bare metal'}\n" for i in range(1, 60))
HERE = {"table": "servers", "column": "kind"}


async def test_values_are_matched_to_the_words_that_the_target_takes(client):
    flow = await client.suggested(KINDS, target="Azure")
    chosen = {"kind": "mapping", **HERE, "standing": "accepted", "fields": [{"target_field": "Server type"}]}
    step = {"decisions": [chosen]}
    assert (await client.post(f"/review/{flow}/decisions", json=step)).status_code == 200
    found = (await client.get(f"/review/{flow}/values", params=HERE)).json()
    assert (found["target_field"], found["allowed"]) == ("Server type", ["Virtual", "Physical"])
    assert {line["source"]: line["count"] for line in found["lines"]} == {"VM": 40, "bare metal": 19}
    words = {"VM": "Virtual", "bare metal": "Physical"}
    made = await client.post(f"/review/{flow}/values", json={**HERE, "words": words})
    assert (made.status_code, bool(made.json()["batch"])) == (200, True)
    now = (await client.get(f"/review/{flow}/values", params=HERE)).json()
    assert ({line["source"]: line["target"] for line in now["lines"]}, now["without"]) == (words, 0)
    offered = await client.post(f"/review/{flow}/values", json={**HERE, "words": {"VM": "Physical"}})
    assert offered.status_code == 200
    now = (await client.get(f"/review/{flow}/values", params={**HERE, "offset": 1})).json()
    assert [(line["source"], line["target"]) for line in now["lines"]] == [("bare metal", "Physical")]
    assert (now["values"], now["others"], now["other_rows"], now["wordless"]) == (2, 0, 0, 0)
    none = await client.post(f"/review/{flow}/values", json={**HERE, "words": {"bare metal": ""}})
    assert none.status_code == 200
    now = (await client.get(f"/review/{flow}/values", params=HERE)).json()
    assert {line["source"]: line["target"] for line in now["lines"]} == {"VM": "Physical", "bare metal": ""}
    unknown = await client.post(f"/review/{flow}/values", json={**HERE, "words": {"VM": "Cloud"}})
    assert (unknown.status_code, "Virtual" in unknown.json()["detail"]) == (422, True)


async def test_a_field_that_takes_anything_has_no_words(client):
    flow = await client.suggested()
    free = {"table": "servers", "column": "hostname"}
    assert (await client.get(f"/review/{flow}/values", params=free)).status_code == 404
    assert (await client.get(f"/review/{flow}/values", params={**free, "column": "none"})).status_code == 404
    assert (await client.post(f"/review/{flow}/values", json={**free, "words": {"a": "b"}})).status_code == 422


async def test_what_is_the_same_in_every_row_is_decided_without_a_column(client):
    flow = await client.suggested(KINDS, target="Azure")
    constant = {"target_field": "Server type", "transformation": 'constant("Virtual")'}
    step = {"kind": "mapping", "table": "servers", "column": "", "standing": "accepted", "fields": [constant]}
    decided = f"/review/{flow}/decisions"
    assert (await client.post(decided, json={"decisions": [step]})).status_code == 200
    assert (await client.get(f"/review/{flow}/history")).json()[-1]["subject"] == ["azure", "servers", ""]
    assert (await client.post(decided, json={"decisions": [{**step, "standing": None}]})).status_code == 200
    for wrong in (
        {**step, "table": "none"}, {**step, "fields": None}, {**step, "standing": "rejected"},
        {**step, "fields": [{**constant, "transformation": "upper"}]},
        {**step, "fields": [{**constant, "transformation": "constant("}]},
    ):  # fmt: skip
        assert (await client.post(decided, json={"decisions": [wrong]})).status_code == 422, wrong


async def test_every_column_is_shown_with_the_other_fields_that_it_could_fill(client):
    flow = await client.suggested()
    entries = (await client.get(f"/review/{flow}")).json()["entries"]
    others = {one["column"]: [a["target_field"] for a in one["alternatives"]] for one in entries}
    assert others["hostname"]
