"""Retries: for what goes by itself. Bad data and refusals never do; they fail at once, with their sentence."""

import dagster as dg

AGAIN = dg.RetryPolicy(max_retries=3, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""For steps that may find a database or a file system away for a moment."""
