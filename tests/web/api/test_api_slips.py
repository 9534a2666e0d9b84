"""A slip of the pen in a name is refused: left out, it would be taken for a default, and something else be done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from discovery_pipeline.settings import Settings
from discovery_pipeline.web.app import application
from tests.web.api.test_api_door import CALLS, ask, filled, sent

pytestmark = pytest.mark.asyncio(loop_scope="session")

DESCRIBED = application(Settings()).openapi()
SCHEMAS = DESCRIBED["components"]["schemas"]
BODIES = {call: DESCRIBED["paths"][call[1]][call[0]].get("requestBody", {}) for call in CALLS}
WITH_A_BODY = [call for call, body in BODIES.items() if "application/json" in body.get("content", {})]


def models(described: Any) -> Iterator[str]:
    """Names of the models that a part of the description refers to, and of those that these do."""
    if isinstance(described, list):
        for part in described:
            yield from models(part)
    elif isinstance(described, dict):
        if "$ref" in described:
            name = described["$ref"].rpartition("/")[2]
            yield name
            yield from models(SCHEMAS[name])
        for part in described.values():
            yield from models(part)


async def test_no_model_of_a_body_takes_a_member_that_it_does_not_know():
    taken = set(models([BODIES[call] for call in WITH_A_BODY]))
    assert {"Remembered", "ValueRef", "FieldMappingItem", "CellDecision"} <= taken
    assert [name for name in sorted(taken) if SCHEMAS[name].get("additionalProperties") is not False] == []


@pytest.mark.parametrize(("method", "path"), WITH_A_BODY)
async def test_a_body_with_a_name_that_is_not_there_is_refused_and_the_name_told(client, method: str, path: str):
    flow = await client.begin()
    right = sent(method, path, flow)
    answer = await ask(client, method, filled(path, flow), **(right | {"json": right["json"] | {"surprise": 1}}))
    assert (answer.status_code, "'surprise'" in answer.json()["detail"]) == (422, True), answer.text


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_a_parameter_that_is_not_there_is_refused_and_those_that_are_told(client, method: str, path: str):
    flow = await client.begin()
    right = sent(method, path, flow)
    asked = {**right.get("params", {}), "surprise": "1"}
    answer = await ask(client, method, filled(path, flow), **(right | {"params": asked}))
    assert answer.status_code == 422, answer.text
    assert "there is no 'surprise'; this call takes" in answer.json()["detail"]


async def test_a_mistyped_choice_takes_nothing(client):
    flow = await client.suggested()
    answer = await client.post(f"/cleansing/{flow}/remembered", json={"vlaues": []})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"where": "body", "error": "there is no 'vlaues' here; the reference lists what is taken"}
    ]


async def test_what_is_suggested_is_taken_with_all_that_it_says(client):
    flow = await client.suggested()
    (first, *others) = (await client.get(f"/field-mapping/preview/{flow}")).json()["suggested_mappings"]
    assert {"confidence", "evidence", "origin", "alternatives"} <= first.keys()
    said = {"flow_id": flow, "mappings": [first, *others], "auto_map_remaining": False, "validation_rules": {}}
    wrong = said | {"mappings": [{**first, "transformaton": "trim"}, *others]}
    refused = await client.post("/field-mapping/submit", json=wrong)
    assert (refused.status_code, "body.mappings.0: there is no 'transformaton'" in refused.text) == (422, True)
    assert (await client.post("/field-mapping/submit", json=said)).status_code == 200
