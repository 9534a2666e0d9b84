"""Reasons: why a run failed, in the sentence of the step that did."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg
from dagster_shared.error import SerializableErrorInfo


def of_steps(events: Iterable[dg.DagsterEvent]) -> str | None:
    """The sentence of the first step that failed; None where none did."""
    for event in events:
        if event.is_step_failure:
            failure = event.step_failure_data
            if failure.user_failure_data and failure.user_failure_data.description:
                return failure.user_failure_data.description
            return f"{event.step_key} failed: {innermost(failure.error)}"
    return None


def innermost(error: SerializableErrorInfo | None) -> str:
    """What the first of a chain of errors said, without its class where it is one of ours."""
    if error is None:
        return "no reason is known."
    if error.cause:
        return innermost(error.cause)
    said = error.message.strip()
    return said.partition(": ")[2] if said.startswith("discovery_pipeline.") else said
