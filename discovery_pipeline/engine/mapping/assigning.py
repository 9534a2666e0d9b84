"""Assigning: at most one source for a target field and one target for a source, best for all together."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from discovery_pipeline.engine.mapping.model import LIKELY


def assigned(confidence: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (source, target) of the assignment that F1 gains most from; what is unlikely stays out.

    A pair's gain is what its confidence exceeds the floor by, so two poor pairs don't displace one good one.
    """
    gain = np.clip(confidence - LIKELY, 0.0, None)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if gain[i, j] > 0]
