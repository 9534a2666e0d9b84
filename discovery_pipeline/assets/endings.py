"""Endings: which runs have ended since one last looked, oldest first, and why one failed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from discovery_pipeline.assets import reasons

if TYPE_CHECKING:
    from dagster._core.event_api import RunStatusChangeEventType

PAGE = 50
SETTLED_SECONDS = 5.0
"""How old an event is before it is read: by then, whatever was written before it can be seen."""
_FAILURES = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}


def since(
    instance: dg.DagsterInstance, after: int, ends: Sequence[RunStatusChangeEventType]
) -> Sequence[dg.EventLogRecord]:
    """A page of runs that ended in one of these ways, after the one whose end is stored under the number `after`."""
    before = time.time() - SETTLED_SECONDS
    pages = (
        instance.fetch_run_status_changes(
            dg.RunStatusChangeRecordsFilter(end, after_storage_id=after, before_timestamp=before),
            limit=PAGE,
            ascending=True,
        ).records
        for end in ends
    )
    return sorted((record for page in pages for record in page), key=lambda record: record.storage_id)[:PAGE]


def newest(instance: dg.DagsterInstance, ends: Sequence[RunStatusChangeEventType]) -> int:
    """The number of the last one; 0 where none has ended so."""
    last = (instance.fetch_run_status_changes(end, limit=1).records for end in ends)
    return max((record.storage_id for records in last for record in records), default=0)


def reason(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """What the step said that failed, or else the run; None where nothing did."""
    failures = instance.get_records_for_run(run_id, of_type=_FAILURES).records
    said = [record.event_log_entry.get_dagster_event() for record in failures]
    return reasons.of_steps(said) or next((event.message for event in said if event.is_run_failure), None)
