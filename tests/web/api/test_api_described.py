"""What the description lets through, the calls take, as far as a schema can say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from discovery_pipeline.settings import Settings
from discovery_pipeline.web.app import application
from discovery_pipeline.web.members import MEMBERS

pytestmark = pytest.mark.asyncio(loop_scope="session")

DESCRIBED = application(Settings()).openapi()


def schemas(described: Any) -> Iterator[dict[str, Any]]:
    """Every object of a description."""
    for part in described.values() if isinstance(described, dict) else described:
        if isinstance(part, dict):
            yield part
        if isinstance(part, dict | list):
            yield from schemas(part)


async def test_a_parameter_is_there_or_not_and_never_null():
    calls = [call for path in DESCRIBED["paths"].values() for call in path.values()]
    described = [parameter["schema"] for call in calls for parameter in call.get("parameters", ())]
    assert described
    assert {"type": "null"} not in [kind for schema in described for kind in schema.get("anyOf", ())]


async def test_every_call_says_what_it_does_what_it_takes_and_how_it_answers():
    named = set[str]()
    for path, calls in DESCRIBED["paths"].items():
        for method, call in calls.items():
            where = f"{method} {path}"
            assert call["summary"] and call["description"], where
            assert call["operationId"].isidentifier(), where
            named.add(call["operationId"])
            assert all(one.get("description") for one in call.get("parameters", ())), where
            said = [answer["description"] for answer in call["responses"].values()]
            assert all(said) and "Successful Response" not in said, where
            for kind, body in call.get("requestBody", {}).get("content", {}).items():
                assert "example" in body or exemplified(body["schema"]), (where, kind)
            for status in {"202", "429", "503"} & call["responses"].keys() if path.startswith("/api/") else ():
                assert "Retry-After" in call["responses"][status]["headers"], where
    assert len(named) == sum(len(calls) for calls in DESCRIBED["paths"].values())


async def test_every_member_of_every_body_and_answer_says_what_it_is():
    models = DESCRIBED["components"]["schemas"]
    silent = [
        f"{model}.{name}"
        for model, schema in models.items()
        for name, member in schema.get("properties", {}).items()
        if not (member.get("description") or "const" in member)
    ]
    assert len(models) > 100
    assert silent == [], "say it as the member's own description, or by its name in web/members.py"


async def test_no_word_is_kept_for_a_member_that_is_nowhere():
    models = DESCRIBED["components"]["schemas"]
    there = {name for schema in models.values() for name in schema.get("properties", {})}
    there |= {f"{model}.{name}" for model, schema in models.items() for name in schema.get("properties", {})}
    assert sorted(MEMBERS.keys() - there) == []


def exemplified(schema: dict[str, Any]) -> bool:
    """Whether somebody who writes a body sees an example: of the whole, or of one of its members."""
    parts = list(schemas([schema]))
    models = [DESCRIBED["components"]["schemas"][part["$ref"].rpartition("/")[2]] for part in parts if "$ref" in part]
    return any("examples" in part for part in parts) or any(exemplified(model) for model in models)


async def test_an_answer_that_can_be_sent_as_if_match_says_so():
    for path in ("/flow/status/{flow_id}", "/flow/{flow_id}/cancel", "/flow/{flow_id}/retry"):
        (call,) = DESCRIBED["paths"][f"/api/v1/unified-discovery{path}"].values()
        assert "ETag" in call["responses"]["200"]["headers"], path


async def test_the_largest_number_is_read_as_it_is_written_and_taken(client):
    maxima = [schema.get("maximum") for schema in schemas(DESCRIBED)]  # or what is said of a member of that name
    largest = int(max(number for number in maxima if isinstance(number, float | int)))
    assert largest <= 2**53
    flow = await client.suggested()
    restored = await client.post(f"/review/{flow}/restore", json={"to": 0, "latest": largest})
    assert restored.status_code == 409, restored.text
