"""Reading: how people want a flow's files to be read. It stands with the flow's state, so every change is audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from discovery_pipeline.flow.commands import ReadAgain
from discovery_pipeline.flow.state import READING, Flow
from discovery_pipeline.store import requests, rows
from discovery_pipeline.store.rows import FlowRef
from discovery_pipeline.store.state import FlowStateManager


async def choose(
    states: FlowStateManager, flow_id: FlowRef, choices: Sequence[Mapping[str, Any]], expected_version: int | None
) -> Flow:
    """Keep these choices in the place of those that there are, go back to the import, and ask for its run.

    The same choices again change nothing.
    """
    flow = await rows.find(states.session, flow_id, lock=True)
    said = ", ".join(dict.fromkeys(choice["file"] for choice in choices)) or "every file as it is found"
    kept = {READING: [dict(choice) for choice in choices] or None}
    after = await states.update_state(
        flow.id, kept, expected_version=expected_version, reason=f"how files are read: {said}"[:500]
    )
    if after.version == flow.version:
        return flow
    after = await states.update_state(flow.id, ReadAgain(), reason="files are read again")
    await requests.request(states, after, "discover", "files are read in another way")
    return after
