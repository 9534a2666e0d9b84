"""Assigning: at most one source for a target field and one target for a source, best for all together."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from discovery_pipeline.engine.mapping.model import LIKELY

_ROUNDS = 5  # in which the floor settles


def assigned(confidence: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (source, target) of the assignment that F1 gains most from; what is unlikely stays out.

    Taking a pair helps F1 as long as it is likelier than half of the F1 that is expected anyway (Lipton et al., 2014):
    where nearly all is sure more is asked of a pair than where little is.
    """
    pairs = _above(confidence, LIKELY)
    for _ in range(_ROUNDS):
        pairs = _above(confidence, max(LIKELY, _expected(confidence, pairs) / 2))
    return pairs


def _above(confidence: np.ndarray, floor: float) -> list[tuple[int, int]]:
    """The best assignment, where a pair's gain is what it exceeds the floor by: two poor ones displace no good one."""
    gain = np.clip(confidence - floor, 0.0, None)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if gain[i, j] > 0]


def _expected(confidence: np.ndarray, pairs: list[tuple[int, int]]) -> float:
    """The F1 to expect of these pairs; each source is as likely to have a target as its best pair is right."""
    right = sum(confidence[i, j] for i, j in pairs)
    return 2 * right / (len(pairs) + confidence.max(axis=1).sum()) if pairs else 0.0
