"""Agreement: whether a name and something besides it speak for a pair, clearly more than for its rivals.

However alike two names are, "Email consent" is no e-mail address. A pair without agreement is for a person to check.
What a description says of a name is words about words: it speaks for the name, and not besides it.
"""

from __future__ import annotations

import numpy as np

from discovery_pipeline.engine.mapping.matcher.channels import CHANNELS
from discovery_pipeline.engine.mapping.model import HIGH

# What the curve gives, and what is said instead: as often right as it says, and HIGH with agreement only. The curve
# is of all pairs; those that are assigned have beaten their rivals, and are right oftener. Whichever set of problems
# is left out, the others give nearly these lines (benchmarks/TRIALS.md).
_GIVEN = (0.0, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0)
_WITH = (_GIVEN, (0.0, 0.3, 0.45, 0.75, 0.89, HIGH, 1.0))
_WITHOUT = (_GIVEN, (0.0, 0.3, 0.45, 0.55, 0.8, 0.885, HIGH - 0.005))
_MARGIN = 0.2  # how far ahead of the next best target field
# Any of these channels with at least so much speaks. Measured on benchmarks left out (benchmarks/RESULTS.md).
_NAMES = {"words": 0.5, "path": 0.5, "concept": 0.6, "same": 0.95, "meaning": 0.6, "trade": 0.9}
TELLS_APART = 0.9
"""Share of distinct values from which they tell rows apart, as an identifier does."""
_BESIDES = {
    "look": 0.3, "type": 0.7, "contained": 0.2, "shared": 0.2, "numbers": 0.6, "key": TELLS_APART, "allowed": 0.5,
    "value words": 0.3, "masks": 0.6, "frequency": 0.5, "unit": 1.0, "kind of name": 0.9,
}  # fmt: skip
_SAME_FORM = {"shape": 0.55, "kinds": 0.7}  # together


def said(confidence: np.ndarray, channels: np.ndarray) -> np.ndarray:
    """Confidences as often right as they say, with agreement and without; HIGH with it only. Orders in rows stay."""
    return np.where(agreed(confidence, channels), np.interp(confidence, *_WITH), np.interp(confidence, *_WITHOUT))


def agreed(confidence: np.ndarray, channels: np.ndarray) -> np.ndarray:
    """Whether names and something besides agree on a pair that is clearly the best of its row, and of its column.

    A name that leaves open which of two things is meant agrees with neither.
    """
    named = _any(channels, _NAMES)
    besides = _any(channels, _BESIDES) | _all(channels, _SAME_FORM)
    foremost = (_lead(confidence) >= _MARGIN) & (confidence >= confidence.max(axis=0, initial=0.0))
    undecided = channels[:, :, CHANNELS.index("undecided")] > 0
    return named & besides & foremost & ~undecided


def _any(channels: np.ndarray, least: dict[str, float]) -> np.ndarray:
    """Where at least one of the channels reaches its mark; what has nothing to go by reaches none."""
    return np.any([channels[:, :, CHANNELS.index(c)] >= mark for c, mark in least.items()], axis=0)


def _all(channels: np.ndarray, least: dict[str, float]) -> np.ndarray:
    return np.all([channels[:, :, CHANNELS.index(c)] >= mark for c, mark in least.items()], axis=0)


def _lead(confidence: np.ndarray) -> np.ndarray:
    """How far each pair is ahead of the best other one of its row; behind is negative."""
    if confidence.shape[1] < 2:
        return confidence
    ordered = np.sort(confidence, axis=1)
    best, second = ordered[:, -1:], ordered[:, -2:-1]
    return confidence - np.where(confidence >= best, second, best)
