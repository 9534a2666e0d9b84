"""Who stops a run stops it, also in a step that would be tried again."""

from __future__ import annotations

import dagster as dg
import pytest

from discovery_pipeline.assets.agents import TRIES
from discovery_pipeline.assets.retrying import AGAIN


@pytest.mark.parametrize("policy", [AGAIN, TRIES], ids=["upkeep", "agents"])
@pytest.mark.parametrize("stop", [KeyboardInterrupt, dg.DagsterExecutionInterruptedError])
def test_a_step_that_was_stopped_is_not_tried_again(policy: dg.RetryPolicy, stop: type[BaseException]):
    tried = []

    @dg.op(retry_policy=policy)
    def stopped() -> None:
        tried.append(1)
        raise stop

    @dg.job(executor_def=dg.in_process_executor)
    def job() -> None:
        stopped()

    assert not job.execute_in_process(raise_on_error=False).success
    assert tried == [1]
