"""A run that failed says why in the sentence of its step, not in Dagster's."""

from __future__ import annotations

import dagster as dg
import pytest

from discovery_pipeline.assets import reasons
from discovery_pipeline.errors import InputRefused


def failing(error: Exception) -> list[dg.DagsterEvent]:
    @dg.op
    def step():
        try:
            raise error
        except InputRefused as refused:
            raise dg.Failure(str(refused), allow_retries=False) from refused

    @dg.job
    def job():
        step()

    return job.execute_in_process(raise_on_error=False).all_events


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InputRefused("a.csv", "it is empty.", "Export it again."), "a.csv"),
        (OSError("disk"), "step failed: OSError: disk"),
    ],
)
def test_the_first_step_that_failed_says_why(error: Exception, said: str):
    told = reasons.of_steps(failing(error))
    assert told is not None
    assert said in told
    assert "Steps failed" not in told


def test_a_run_without_a_failed_step_has_no_sentence():
    assert reasons.of_steps([]) is None
