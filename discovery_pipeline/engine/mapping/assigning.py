"""Assigning: at most one source for a target field and one target for a source, best for all together."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

FLOOR = 0.35
"""Confidence below which a field stays unmapped. Taking a pair of confidence p helps F1 as long as p is more than
half of the F1 that is reached anyway (Lipton et al., 2014); 0.7 is what mapping problems allow."""


def assigned(confidence: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (source, target) of the assignment that F1 gains most from; what is unlikely stays out.

    A pair's gain is what its confidence exceeds the floor by, so two poor pairs don't displace one good one.
    """
    gain = np.clip(confidence - FLOOR, 0.0, None)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if gain[i, j] > 0]
