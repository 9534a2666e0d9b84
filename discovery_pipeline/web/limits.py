"""Limits: how fast one token may ask."""

from __future__ import annotations

import time
from collections.abc import Callable

from discovery_pipeline.web.faults import TooManyRequests

BURST_SECONDS = 4.0
"""What an idle token may catch up with at once, in seconds of its rate."""
MANY = 10_000
"""Buckets kept; beyond these the full ones, which say nothing, are forgotten."""


class RateLimit:
    """Buckets by token, in this process: each fills with time, and loses one drop a request."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[int, tuple[float, float]] = {}  # by hash: drops, and when they were counted

    def take(self, token: str, rate: float) -> None:
        """Take one drop.

        Raises
        ------
        TooManyRequests
            None is left; says when there will be.
        """
        now, most, key = self._clock(), max(1.0, rate * BURST_SECONDS), hash(token)
        drops, counted = self._buckets.get(key, (most, now))
        drops = min(most, drops + (now - counted) * rate)
        if drops < 1:
            raise TooManyRequests(
                f"At most {rate:g} requests a second, on average. Wait a moment; the flow's events come by themselves "
                "at /api/v1/unified-discovery/flow/events/{flow_id}.",
                retry_after=(1 - drops) / rate,
            )
        if len(self._buckets) > MANY:
            self._forget(now, rate, most)
        self._buckets[key] = (drops - 1, now)

    def _forget(self, now: float, rate: float, most: float) -> None:
        full = [key for key, (drops, counted) in self._buckets.items() if drops + (now - counted) * rate >= most]
        for key in full:
            del self._buckets[key]
