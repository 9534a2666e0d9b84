"""A token has so many requests a second; what it doesn't use it may catch up with, for a while."""

from __future__ import annotations

import pytest

from discovery_pipeline.web.faults import TooManyRequests
from discovery_pipeline.web.limits import BURST_SECONDS, MANY, RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_client_that_polls_twenty_times_a_second_is_fine():
    clock = Clock()
    limit = RateLimit(clock)
    for _ in range(2000):
        limit.take("token", 50)
        clock.now += 1 / 20


def test_a_burst_is_taken_and_then_told_when_to_come_again():
    clock = Clock()
    limit = RateLimit(clock)
    for _ in range(int(50 * BURST_SECONDS)):
        limit.take("token", 50)
    with pytest.raises(TooManyRequests) as refused:
        limit.take("token", 50)
    assert refused.value.retry_after == pytest.approx(1 / 50)
    clock.now += 1 / 50
    limit.take("token", 50)


def test_one_token_does_not_take_anothers_share():
    limit = RateLimit(Clock())
    for _ in range(int(BURST_SECONDS)):
        limit.take("greedy", 1)
    with pytest.raises(TooManyRequests):
        limit.take("greedy", 1)
    limit.take("other", 1)


def test_tokens_that_rest_are_forgotten():
    clock = Clock()
    limit = RateLimit(clock)
    for number in range(MANY + 1):
        limit.take(str(number), 50)
    clock.now += BURST_SECONDS
    limit.take("one more", 50)
    assert len(limit._buckets) == 1
