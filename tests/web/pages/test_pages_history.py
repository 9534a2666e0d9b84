"""History: who decided what, and the way back to any point of it, which can itself be undone."""

from __future__ import annotations

from datetime import datetime

import pytest
from markup import hidden, plain

pytestmark = pytest.mark.asyncio(loop_scope="session")


def rule(verdict: str | None, column: str = "os") -> dict[str, str | None]:
    return {"kind": "rule", "table": "servers", "column": column, "rule": "text.trim", "verdict": verdict}


async def decided(client, flow: str, *decisions) -> int:
    """Decide as one step; the number of the newest decision then."""
    answer = await client.post(f"/review/{flow}/decisions", json={"decisions": decisions})
    assert answer.status_code == 200, answer.text
    return (await client.get(f"/review/{flow}/history")).json()[-1]["id"]


async def standing(client, flow: str) -> dict[str, str]:
    """What holds for each column whose rule was decided on."""
    log = (await client.get(f"/review/{flow}/history")).json()
    now = {one["subject"][1]: one["after"] for one in log}
    return {column: after["verdict"] for column, after in now.items() if after}


async def reason(client, flow: str) -> str:
    """Why the newest decision was made."""
    return (await client.get(f"/review/{flow}/history")).json()[-1]["reason"]


async def made(client, flow: str, number: int) -> datetime:
    """When that decision was."""
    log = (await client.get(f"/review/{flow}/history")).json()
    return next(datetime.fromisoformat(one["at"]) for one in log if one["id"] == number)


async def test_any_point_of_the_history_is_restored_after_a_look_and_that_is_undone_like_any_step(client):
    flow = await client.suggested()
    first = await decided(client, flow, rule("accept"))
    await decided(client, flow, rule("reject"), rule("accept", "environment"))
    latest = await decided(client, flow, rule("accept", "hostname"))
    before = {"os": "reject", "environment": "accept", "hostname": "accept"}
    seen = (await client.get(f"/review/{flow}/restore", params={"to": first})).json()
    assert {one["subject"][1]: (one["before"], one["after"]) for one in seen["changes"]} == {
        "os": ({"verdict": "reject"}, {"verdict": "accept"}),
        "environment": ({"verdict": "accept"}, None),
        "hostname": ({"verdict": "accept"}, None),
    }
    assert await standing(client, flow) == before, "looking changes nothing"
    done = await client.post(f"/review/{flow}/restore", json={"to": first, "latest": latest})
    assert (done.status_code, await standing(client, flow)) == (200, {"os": "accept"})
    assert await reason(client, flow) == f"back to {(await made(client, flow, first)):%Y-%m-%d %H:%M} UTC"
    await client.post(f"/review/{flow}/undo")
    assert await standing(client, flow) == before
    await client.post(f"/review/{flow}/restore", json={"to": 0})
    assert await standing(client, flow) == {}
    assert await reason(client, flow) == "back to before anything was decided"


async def test_a_restore_that_was_looked_at_before_somebody_decided_is_refused(client, member):
    flow = await client.suggested()
    first = await decided(client, flow, rule("accept"))
    latest = (await client.get(f"/review/{flow}/restore", params={"to": 0})).json()["latest"]
    assert latest == first
    await decided(await member("reviewer", client), flow, rule("accept", "hostname"))
    late = await client.post(f"/review/{flow}/restore", json={"to": 0, "latest": latest})
    assert (late.status_code, "since you looked" in late.json()["detail"]) == (409, True)
    assert (await client.get(f"/review/{flow}/restore", params={"to": 10**15})).status_code == 422
    viewer = await member("viewer", client)
    assert (await viewer.post(f"/review/{flow}/restore", json={"to": 0})).status_code == 403


async def test_the_page_shows_the_steps_and_what_going_back_would_change(visitor):
    client = visitor.client
    flow = await client.suggested()
    here = f"/discovery/history/{flow}"
    assert "Nothing was decided yet" in plain((await visitor.get(here)).text)
    first = await decided(client, flow, rule("accept"))
    await decided(client, flow, rule("reject"))
    assert "text.trim on servers.os: left out" in plain((await visitor.get(here)).text)
    shown = await visitor.get(f"{here}?to={first}")
    assert "1 thing would stand otherwise" in plain(shown.text)
    back = {name: hidden(shown.text, name) for name in ("to", "latest")}
    restored = await visitor.send(f"{here}/restore", back)
    assert "Restored. It is one step" in plain(restored.text)
    assert await standing(client, flow) == {"os": "accept"}
    await visitor.send(f"{here}/undo", {"do": "undo"})
    assert await standing(client, flow) == {"os": "reject"}
    assert (await visitor.send(f"{here}/restore", {"to": "x", "latest": "1"})).status_code == 422
