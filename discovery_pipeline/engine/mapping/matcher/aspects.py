"""Aspects: whether two fields speak of the same side of a thing: all of it, what is used, what is free, or its peak.

However alike the names, free memory is no memory, and what a disk holds is no disk.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np

from discovery_pipeline.engine.mapping.matcher import dimensions
from discovery_pipeline.engine.mapping.matcher.fields import Side
from discovery_pipeline.engine.mapping.matcher.names import Names

# All words in the form that synonyms.yaml gives them.
_WHOLE = frozenset({"total", "allocated"})
_PARTS = frozenset({"used", "free"})
_EXTREMES = frozenset({"maximum", "minimum"})


def clashes(target: Side, called: Names) -> np.ndarray:
    """Pairs of different aspects of sizes and of use, source × target."""
    found = np.zeros((len(called.source_said), len(target.fields)), dtype=bool)
    for j, (field, wanted) in enumerate(zip(target.fields, called.target_said, strict=True)):
        taken = dimensions.taken(field)
        if "size" in taken:
            found[:, j] |= [_of_another_part(said, wanted) for said in called.source_said]
        if "share" in taken or "used" in wanted:
            found[:, j] |= [_of_another_moment(said, wanted) for said in called.source_said]
    return found


def _of_another_part(said: AbstractSet[str], wanted: AbstractSet[str]) -> bool:
    part, taken = said & _PARTS, wanted & _PARTS
    if taken == {"free"}:
        return "free" not in part
    if not taken or part:
        return bool(part) and part.isdisjoint(taken)
    return not said.isdisjoint(_WHOLE)


def _of_another_moment(said: AbstractSet[str], wanted: AbstractSet[str]) -> bool:
    if wanted.isdisjoint(_EXTREMES):
        return not said.isdisjoint(_EXTREMES)
    return "average" in said
