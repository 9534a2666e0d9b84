"""Dimensions: what the numbers of a field measure, and which pairs can't be the same thing for it.

No conversion makes a rate of a capacity, or a share of a frequency, however alike the names.
"""

from __future__ import annotations

import re

import numpy as np

from discovery_pipeline.engine import magnitudes, units
from discovery_pipeline.engine.mapping.fields import Field, Side

_COUNT = re.compile(r"\bcount$|\bnum(ber)? of\b|^(#|no\.? of|nr\.? of)", re.IGNORECASE)
_TELLING = 0.05  # share of the values that state a unit from which it tells of all
_SHARES = 100.0  # numbers up to this may be percentages, whatever the name
# What a name leads one to expect may be wrong about counts ("disk"), not about what passes or turns in a second.
_UNEXPECTED = frozenset(("size", "rate", "operations", "frequency", "duration"))


def stated(field: Field) -> str:
    """What a field measures by its unit, or a count where its name says so; empty where nothing tells."""
    if field.unit:
        return field.unit.quantity
    return "count" if _COUNT.search(field.own.replace("_", " ")) else ""


def clashes(source: Side, target: Side) -> np.ndarray:
    """Pairs that measure different things, source × target; where nothing tells there is no clash."""
    wanted = [stated(field) for field in target.fields]
    found = np.zeros((len(source.fields), len(target.fields)), dtype=bool)
    for i, field in enumerate(source.fields):
        said = stated(field) or _by_values(source, i)
        if said:
            found[i] = [bool(other) and other != said for other in wanted]
            continue
        expected = magnitudes.expectation(field.own)
        if expected and source.sample is not None and source.sample.numeric[i]:
            large = float(source.sample.quantiles[i].max()) > _SHARES
            no = (_UNEXPECTED | {"share"} if large else _UNEXPECTED) - {expected.quantity}
            found[i] = [other in no for other in wanted]
    return found


def _by_values(side: Side, i: int) -> str:
    """The quantity of the units beside numbers; empty where hardly any has one, or they are of several."""
    sample = side.sample
    if sample is None or not sample.numeric[i]:
        return ""
    seen = sample.examples[i]
    found = [unit.quantity for unit in map(units.in_value, seen) if unit]
    return found[0] if len(set(found)) == 1 and len(found) >= _TELLING * len(seen) else ""
