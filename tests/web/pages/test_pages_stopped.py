"""Flows that stopped: each page says what happened, what is kept, and what one can do."""

from __future__ import annotations

from typing import Any

import pytest
from markup import hidden, plain

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGES = ("cmdb-import", "field-mapping", "cleansing", "validation", "history")
PROMISES = ("goes on by itself", "waiting to begin", "waits for you", 'http-equiv="refresh"')


async def looked_at(visitor: Any, flow: str, pages: tuple[str, ...] = PAGES) -> dict[str, str]:
    return {page: (await visitor.get(f"/discovery/{page}/{flow}")).text for page in pages}


async def cancelled(visitor: Any, flow: str) -> str:
    answer = await visitor.client.post(f"/unified-discovery/flow/{flow}/cancel", json={"reason": "a wrong export"})
    assert answer.status_code == 200, answer.text
    return flow


async def test_every_page_of_a_cancelled_flow_says_who_why_and_what_is_left_to_do(visitor):
    flow = await cancelled(visitor, await visitor.client.suggested())
    for page, html in (await looked_at(visitor, flow)).items():
        said = plain(html)
        assert f"{visitor.client.tenant.by} cancelled this discovery, just now: a wrong export" in said, page
        assert "are kept to look at" in said, page
        assert f'href="/discovery?like={flow}"' in html, page
        assert not any(promise in html for promise in PROMISES), page
        for useless in ("Accept<", "Save Mappings", 'type="file"', "Continue to Field Mapping", "Run again"):
            assert useless not in html, (page, useless)


async def test_a_flow_that_was_cancelled_at_work_is_not_at_work_any_more(visitor):
    flow = await visitor.client.begin()
    await visitor.client.upload(flow)
    html = (await looked_at(visitor, await cancelled(visitor, flow), ("cmdb-import",)))["cmdb-import"]
    assert 'class="dot busy"' not in html
    assert "What was done" in html


async def test_a_new_discovery_like_a_cancelled_one_is_filled_in(visitor):
    flow = await visitor.client.begin("Harbour move", target="AWS,Azure")
    form = (await visitor.get(f"/discovery?like={await cancelled(visitor, flow)}")).text
    assert 'value="Harbour move"' in form
    assert '<option value="ServiceNow" selected>' in form
    assert '<option value="AWS" title="AWS Migration Hub import" selected>' in form
    assert 'value="Azure" checked' in form


async def test_a_mapping_of_a_cancelled_flow_can_still_be_kept_as_a_profile(visitor):
    flow = await visitor.client.suggested()
    here = f"/discovery/field-mapping/{flow}"
    await visitor.send(f"{here}/accept", {"what": "all", "back": here})
    html = (await looked_at(visitor, await cancelled(visitor, flow), ("field-mapping",)))["field-mapping"]
    assert "Save as mapping profile" in html
    kept = await visitor.send(f"{here}/profile/keep", {"name": "From a cancelled one", "back": here})
    assert "From a cancelled one" in plain((await visitor.get("/discovery/profiles")).text), plain(kept.text)


def broken(*_: Any, **__: Any) -> None:
    raise ValueError("a disk broke")


@pytest.mark.parametrize(
    ("stage", "step", "words"),
    [
        ("discovery_pipeline.engine.profiling.profile", "cmdb-import", "Reading and matching failed"),
        ("discovery_pipeline.engine.cleansing.cleanse", "cleansing", "Cleansing failed"),
        ("discovery_pipeline.engine.validation.validate", "validation", "Validating and delivering failed"),
    ],
)
async def test_every_page_of_a_failed_flow_says_why_and_tries_again(visitor, monkeypatch, stage, step, words):
    flow = await visitor.client.begin()
    await visitor.client.upload(flow)
    with monkeypatch.context() as patched:
        patched.setattr(stage, broken)
        await visitor.client.work()
        if step != "cmdb-import":
            here = f"/discovery/field-mapping/{flow}"
            answer = await visitor.send(f"{here}/accept", {"what": "all", "back": here})
            await visitor.send(f"{here}/save", {"version": hidden(answer.text, "version")})
            await visitor.client.work()
    for page, html in (await looked_at(visitor, flow)).items():
        said = plain(html)
        assert f"{words}." in said, (page, said[:600])
        assert "An error that nobody foresaw ended it: ValueError. The log of run" in said, page
        assert "kept" in said, page
        assert html.count(">Try again</button>") == 1, page
        assert not any(promise in html for promise in PROMISES), page
    again = await visitor.send(f"/discovery/retry/{flow}")
    assert again.url.path == f"/discovery/{step}/{flow}"
    assert "Try again</button>" not in again.text
    assert (await visitor.client.status(flow))["status"] == "active"


async def test_a_viewer_of_a_failed_flow_is_told_and_presses_nothing(visitor, member, visit, monkeypatch):
    flow = await visitor.client.begin()
    await visitor.client.upload(flow)
    with monkeypatch.context() as patched:
        patched.setattr("discovery_pipeline.engine.profiling.profile", broken)
        await visitor.client.work()
    viewer = await visit(await member("viewer", visitor.client))
    html = (await viewer.get(f"/discovery/cmdb-import/{flow}")).text
    assert "Reading and matching failed." in plain(html)
    assert "Try again</button>" not in html
    assert (await viewer.send(f"/discovery/retry/{flow}")).status_code == 403
