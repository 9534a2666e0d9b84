"""What was decided on values of one export comes back with the next: offered, looked at, taken, undone."""

from __future__ import annotations

import pytest
from markup import keys, lines, plain

pytestmark = pytest.mark.asyncio(loop_scope="session")
MAY, JUNE = (
    "host,site\n" + "".join(f"{name}{i},{site}\n" for i, site in enumerate([*["Berlin"] * 20, *others, *["Bonn"] * 9]))
    for name, others in (("srv", ["berlin"] * 5 + ["BERLIN "] * 3), ("web", ["berlin"] * 2 + ["Hamburg"] * 4))
)
MERGE = {"table": "servers", "column": "site", "members": ["Berlin", "berlin", "BERLIN "], "winner": "Berlin"}


async def _merged(client) -> str:
    """The next flow after one in which spellings were made one."""
    may = await client.suggested(MAY)
    assert (await client.post(f"/clusters/{may}", json=MERGE)).status_code == 200
    june = await client.begin("June")
    assert (await client.upload(june, JUNE, "june.csv")).status_code == 200
    await client.work()
    return june


async def test_a_rule_of_an_earlier_export_is_offered_taken_and_undone_over_http(client):
    june = await _merged(client)
    (offer,) = (await client.get(f"/cleansing/{june}/remembered")).json()
    assert {key: offer[key] for key in ("table", "column", "after", "rows", "flow")} == {
        "table": "june", "column": "site", "after": "Berlin", "rows": 2, "flow": "Q3 estate",
    }  # fmt: skip
    assert {one["value"]: one["rows"] for one in offer["values"]} == {"berlin": 2, "Berlin": 20}
    assert (await client.get(f"/review/{june}/history")).json() == []  # nothing is applied by itself
    strange = {"values": [{"table": "june", "column": "site", "value": "Bonn"}]}
    assert (await client.post(f"/cleansing/{june}/remembered", json=strange)).status_code == 422
    taken = (await client.post(f"/cleansing/{june}/remembered", json={})).json()
    assert (taken["values"], taken["cells"]) == (2, 2)
    log = (await client.get(f"/review/{june}/history")).json()
    assert {one["reason"] for one in log} == {"as decided in Q3 estate"}
    assert (await client.get(f"/cleansing/{june}/remembered")).json() == []
    await client.post(f"/review/{june}/undo", json={"batch": taken["batch"]})
    assert len((await client.get(f"/cleansing/{june}/remembered")).json()) == 1


async def test_what_was_taken_back_is_remembered_by_nobody(client):
    may = await client.suggested(MAY)
    done = (await client.post(f"/clusters/{may}", json=MERGE)).json()
    await client.post(f"/review/{may}/undo", json={"batch": done["batch"]})
    june = await client.suggested(JUNE)
    assert (await client.get(f"/cleansing/{june}/remembered")).json() == []


async def test_other_kinds_of_source_and_other_people_are_offered_nothing(client, member):
    june = await _merged(client)
    new = {"name": "VMs", "source_system": "VMware", "target_system": "AWS"}
    vms = (await client.post("/unified-discovery/flow/initialize", json=new)).json()["flow_id"]
    await client.upload(vms, JUNE, "june.csv")
    await client.work()
    assert (await client.get(f"/cleansing/{vms}/remembered")).json() == []
    viewer = await member("viewer", client)
    assert (await viewer.get(f"/cleansing/{june}/remembered")).status_code == 403
    assert (await (await member()).get(f"/cleansing/{june}/remembered")).status_code == 404


async def test_the_pages_tell_of_it_and_one_value_may_be_left_out(visitor):
    june = await _merged(visitor.client)
    mapping = plain((await visitor.get(f"/discovery/field-mapping/{june}")).text)
    assert "1 decision on values of earlier exports may hold here, too" in mapping
    here = f"/discovery/cleansing/{june}"
    page = plain((await visitor.get(here)).text)
    assert "Decided before" in page
    assert "in Q3 estate" in page
    answer = await visitor.send(f"{here}/remembered", {"table": "june", "column": "site", "value": ["berlin"]})
    assert "1 value decided as before: 2 cells differ from the next run on" in plain(answer.text)
    decided = (await visitor.client.get(f"/review/{june}/history")).json()
    assert [(one["subject"], one["after"]) for one in decided] == [(["june", "site", "berlin"], {"after": "Berlin"})]
    assert "Decided before" not in plain((await visitor.get(here)).text)


async def test_what_is_decided_before_a_mapping_is_saved_waits_for_it_and_can_be_taken_back_there(visitor):
    june = await _merged(visitor.client)
    here = f"/discovery/cleansing/{june}"
    said = (await visitor.send(f"{here}/remembered", {"do": "all"})).text
    assert "the run follows them that begins once the mapping is saved" in plain(said)
    assert "Run again with them" not in said
    history = plain((await visitor.get(f"/discovery/history/{june}")).text)
    assert "Berlin in june.site: stays as the source has it" in history
    assert "berlin in june.site: becomes Berlin" in history
    assert 'name="do" value="undo">' in said
    assert "Decided before" in plain((await visitor.send(f"{here}/undo", {"do": "undo"})).text)


async def test_a_rejected_pair_stays_away_until_something_new_speaks_for_it_and_each_time_the_line_says_so(visitor):
    client, decide = visitor.client, "/discovery/field-mapping/{}/decide"
    export = "IP Address,CPU Cores\n" + "".join(f"{{}},{2 + i % 3}\n" for i in range(30))
    first = await client.suggested(export.format(*["dhcp", "static", "spare"] * 10))
    for key in keys((await visitor.get(f"/discovery/field-mapping/{first}")).text).values():
        assert (await visitor.send(decide.format(first), {"reject": key})).status_code == 200
    second = await client.suggested(export.format(*["dhcp", "static", "spare"] * 10))
    address, cores = map(plain, lines((await visitor.get(f"/discovery/field-mapping/{second}")).text))
    assert "not imported" in address
    assert "you rejected IPAddress before, and nothing new speaks for it" in address
    assert "CPU.NumberOfProcessors" in cores
    assert "you rejected CPU.NumberOfCores before, and nothing new speaks for it" in cores
    third = await client.suggested(export.format(*(f"10.0.0.{i}" for i in range(30))))
    address, _ = map(plain, lines((await visitor.get(f"/discovery/field-mapping/{third}")).text))
    assert "rejected before offered again, because this is new: 30 of 30 distinct values are IP addresses" in address
    assert address.count("30 of 30 distinct values are IP addresses") == 1
