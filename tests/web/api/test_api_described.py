"""What the description lets through, the calls take, as far as a schema can say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from discovery_pipeline.settings import Settings
from discovery_pipeline.web.app import application

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


async def test_the_largest_number_is_read_as_it_is_written_and_taken(client):
    maxima = [schema.get("maximum") for schema in schemas(DESCRIBED)]  # or what is said of a member of that name
    largest = int(max(number for number in maxima if isinstance(number, float | int)))
    assert largest <= 2**53
    flow = await client.suggested()
    restored = await client.post(f"/review/{flow}/restore", json={"to": 0, "latest": largest})
    assert restored.status_code == 409, restored.text
