"""Mappings over HTTP: what is suggested is accepted, what can't be followed is told line by line."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_what_preview_suggests_submit_accepts_as_it_stands(client):
    flow = await client.suggested()
    offered = (await client.get(f"/field-mapping/preview/{flow}")).json()
    assert {field["name"] for field in offered["source_schema"]["fields"]} >= {"hostname", "ip_address"}
    assert offered["suggested_mappings"]
    answer = await client.post(
        "/field-mapping/submit", json={"flow_id": flow, "mappings": offered["suggested_mappings"]}
    )
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["status"], told["flow_id"]) == ("success", flow)
    assert told["mapped_fields"] == len(offered["suggested_mappings"])
    assert (await client.status(flow))["current_phase"] == "cleansing"
    await client.work()
    assert (await client.status(flow))["status"] == "completed"
