"""Reading: how people want a flow's files to be read, and when they all are.

What people want stands with the flow's state, so every change is audited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from discovery_pipeline.flow.commands import CompletePhase, PassOn, ReadAgain
from discovery_pipeline.flow.state import READING, Flow, Phase
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


async def finish(states: FlowStateManager, flow_id: FlowRef, result: Mapping[str, Any]) -> Flow:
    """End the import. Where files came while its run worked, it waits for the run that reads them, too.

    Nobody is to review, or submit, what that run draws anew.
    """
    flow = await rows.find(states.session, flow_id, lock=True)
    run_id = result.get("run_id")
    if run_id and await requests.overtaken(states.session, flow, run_id):
        return await states.update_state(flow.id, PassOn(), reason="files came while others were read")
    return await states.update_state(flow.id, CompletePhase(Phase.DATA_IMPORT, result))
