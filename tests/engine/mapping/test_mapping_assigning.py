"""The assignment: best for all fields together, and honest about what fits nothing."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from discovery_pipeline.engine.mapping.model import LIKELY
from discovery_pipeline.engine.mapping.suggestions.assigning import assigned


def test_two_poor_pairs_do_not_displace_a_good_one():
    assert assigned(np.array([[0.77, 0.48], [0.55, 0.02]])) == [(0, 0)]


def test_two_good_pairs_beat_one_better_one():
    assert sorted(assigned(np.array([[0.95, 0.9], [0.9, 0.1]]))) == [(0, 1), (1, 0)]


def test_what_is_doubtful_is_left_out_beside_what_is_sure_and_taken_where_nothing_is():
    doubtful = 0.4
    sure = np.diag([0.97, 0.96, 0.98, doubtful])
    unsure = np.diag([0.45, 0.42, 0.5, doubtful])
    assert (3, 3) not in assigned(sure)
    assert (3, 3) in assigned(unsure)


@given(arrays(float, (5, 4), elements=st.floats(0, 1)))
def test_nothing_is_assigned_twice_and_nothing_unlikely(confidence: np.ndarray):
    pairs = assigned(confidence)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(confidence[i, j] >= LIKELY for i, j in pairs)
