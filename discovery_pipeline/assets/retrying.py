"""Retries: for what goes by itself. Bad data and refusals never do; they fail at once, with their sentence."""

import sys

import dagster as dg


class Retries(dg.RetryPolicy):
    """A retry policy that leaves a step alone which somebody stopped.

    Dagster's own takes an interrupt for a failure: it tries the step again, and the run goes on as if nobody had
    terminated it.
    """

    def calculate_delay(self, attempt_num: int) -> float:
        """Seconds until the next attempt, which Dagster asks for while it handles what ended this one."""
        ended_by = sys.exc_info()[1]
        if isinstance(ended_by, dg.DagsterExecutionInterruptedError | KeyboardInterrupt):
            raise ended_by
        return super().calculate_delay(attempt_num)


AGAIN = Retries(max_retries=3, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""For steps that may find a database or a file system away for a moment."""
