"""While the database is away, a page tries again by itself, and a form keeps what was typed."""

from __future__ import annotations

from typing import Any

import pytest
from markup import hidden, plain

from discovery_pipeline.errors import ServerError
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.web import security

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def gone(*_: Any) -> None:
    raise ServerError("The database doesn't answer.")


async def test_a_page_comes_back_and_a_form_can_be_sent_again(visitor, monkeypatch):
    form = {"name": 'Harbour "B"', "sourceSystem": "ServiceNow", "targetSystem": "AWS"}
    form["csrf_token"] = await visitor.csrf()
    with monkeypatch.context() as away:
        away.setattr(security, "caller_of", gone)
        looked = await visitor.get("/discovery?q=x")
        sent = await visitor.post("/discovery", form)
    assert (looked.status_code, sent.status_code) == (503, 503)
    assert '<meta http-equiv="refresh"' in looked.text
    assert "tries again by itself" in plain(looked.text)
    assert '<meta http-equiv="refresh"' not in sent.text
    kept = {name: hidden(sent.text, name) for name in form}
    again = await visitor.post("/discovery", kept)
    assert again.url.path.startswith("/discovery/cmdb-import/")
    assert 'Harbour "B"' in plain(again.text)


async def test_a_token_is_never_written_into_a_page(visitor, monkeypatch):
    with monkeypatch.context() as away:
        away.setattr(Flows, "authenticate", gone)
        sent = await visitor.post("/login", {"token": "secret-token", "next": "/discovery"})
    assert sent.status_code == 503
    assert "secret-token" not in sent.text
