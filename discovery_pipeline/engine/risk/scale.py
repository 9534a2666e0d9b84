"""Levels: from a share of what is affected to low, medium, high. One scale for all risks."""

from __future__ import annotations

from collections.abc import Iterable

from discovery_pipeline.engine.risk.model import LEVELS, Level

SERIOUS, NOTICEABLE = 0.05, 0.005
"""Shares from which something is high and medium: one in twenty is everybody's problem, one in 200 somebody's."""


def level(affected: float, of: float) -> Level:
    """How much of a whole is affected, as a level; nothing affected is low."""
    share = affected / of if of else 0.0
    if share >= SERIOUS:
        return "high"
    return "medium" if share >= NOTICEABLE else "low"


def worst(levels: Iterable[Level]) -> Level:
    """The highest of some levels."""
    return max(levels, key=LEVELS.index)
