"""Dimensions: what the numbers of a field measure, and which pairs can't be the same thing for it.

No conversion makes a rate of a capacity, or a share of a frequency, however alike the names.
"""

from __future__ import annotations

import re

import numpy as np

from discovery_pipeline.engine import magnitudes, units
from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher.fields import Field, Side
from discovery_pipeline.engine.mapping.matcher.samples import QUANTILES
from discovery_pipeline.engine.mapping.matcher.words import split

_FRACTION = re.compile(r"[+-]?\d*\.\d*[1-9]\d*")
_TELLING = 0.05  # share of the values that state a unit from which it tells of all
_SHARES = 150.0  # numbers up to this may be percentages, whatever the name: a busy machine says 103 %
_FEW = 64  # numbers up to this may say how many disks there are
_ENOUGH = 10  # numbers in a row that are no accident


def stated(field: Field) -> str:
    """What a field measures by its unit, or what it counts where its name says so; empty where nothing tells.

    Cores of each socket are no count of all cores.
    """
    if field.unit:
        return field.unit.quantity
    spoken, says = _spoken(field), knowledge.counting()
    if says.per_part.search(spoken):
        return "count per part"
    return "count" if says.counted.search(spoken) else ""


def counts(field: Field) -> bool:
    """Whether a field's name says that it counts."""
    return stated(field).startswith("count")


def taken(field: Field) -> frozenset[str]:
    """What a target field takes: what its name states or leads one to expect, and what its other names state."""
    own = stated(field) or _expected(field)
    return frozenset((own, *(stated(Field(name=alias)) for alias in field.aliases))) - {""} if own else frozenset()


def _expected(field: Field) -> str:
    """What a name that states no unit measures all the same: disk space is a size. Disks may be counted."""
    expected = magnitudes.expectation(field.own)
    return expected.quantity if expected and not expected.countable else ""


def clashes(source: Side, target: Side) -> np.ndarray:
    """Pairs that measure different things, source × target; where nothing tells there is no clash."""
    wanted = [taken(field) for field in target.fields]
    expectations = [magnitudes.expectation(field.own) for field in target.fields]
    sized = {j: size for j, size in enumerate(expectations) if size and size.quantity in wanted[j]}
    found = np.zeros((len(source.fields), len(target.fields)), dtype=bool)
    for i, field in enumerate(source.fields):
        said = measured(source, i) or _counted(source, i)
        if said:
            found[i] = [bool(others) and said not in others for others in wanted]
            continue
        largest, expected = _largest(source, i), magnitudes.expectation(field.own)
        possible, excluded = _possible(expected, largest) if expected else None, _excluded(source, i)
        found[i] = [
            bool(others) and (others <= excluded or (possible is not None and others.isdisjoint(possible)))
            for others in wanted
        ]
        found[i, [j for j, size in sized.items() if not _conceivable(source, i, size)]] = True
    return found


def row_numbers(side: Side) -> np.ndarray:
    """Which columns only number their rows, from 0 or 1 on. Of many rows nobody knows: not all values are looked at."""
    sample = side.sample
    if sample is None:
        return np.zeros(len(side.fields), dtype=bool)
    begun = sample.quantiles - np.array(QUANTILES) * (sample.values[:, None] - 1)
    numbered = np.isclose(begun, 0).all(axis=1) | np.isclose(begun, 1).all(axis=1)
    return numbered & (sample.uniqueness == 1) & (sample.values >= _ENOUGH)


def numbers(side: Side) -> np.ndarray:
    """Which columns hold numbers that measure or count something, by the header or the units beside them."""
    sample = side.sample
    if sample is None:
        return np.zeros(len(side.fields), dtype=bool)
    told = [bool(measured(side, i) or _counted(side, i)) for i in range(len(side.fields))]
    return np.array(told, dtype=bool) & sample.numeric


def least(side: Side) -> np.ndarray:
    """The 5th percentile of each column's numbers; 0 where it has hardly any."""
    if side.sample is None:
        return np.zeros(len(side.fields))
    return np.where(side.sample.numeric, np.nan_to_num(side.sample.quantiles[:, 0]), 0.0)


def _possible(expected: magnitudes.Expectation, largest: float | None) -> set[str]:
    """What numbers may measure whose name leads one to expect this."""
    small = largest is None or largest <= _FEW
    possible = {expected.quantity, "count"} if expected.countable and small else {expected.quantity}
    return possible | {"share"} if largest is None or largest <= _SHARES else possible


def measured(side: Side, i: int) -> str:
    """What a column measures by its header or the units beside its numbers; empty where neither tells."""
    unit = side.fields[i].unit
    return unit.quantity if unit else _by_values(side, i)


def _excluded(side: Side, i: int) -> set[str]:
    """What numbers can't be: no share is so large, and nothing is counted in fractions."""
    sample = side.sample
    if sample is None or not sample.numeric[i]:
        return set()
    large = sample.quantiles[i].max() > _SHARES
    fractions = any(_FRACTION.fullmatch(value) for value in sample.examples[i])
    return {quantity for quantity, no in (("share", large), ("count", fractions)) if no}


def _conceivable(side: Side, i: int, expected: magnitudes.Expectation) -> bool:
    """Whether numbers may be how large a thing is, in some unit: 16 is no clock rate in any."""
    sample = side.sample
    if sample is None or not sample.numeric[i]:
        return True
    middle, largest = sample.quantiles[i, 2], sample.quantiles[i, 4]
    factors = [units.in_base(unit.name) for unit in units.units_of(expected.quantity)]
    return any(expected.least <= middle * f and largest * f <= expected.most for f in factors)


def _by_values(side: Side, i: int) -> str:
    """The quantity of the units beside numbers; empty where hardly any has one, or they are of several."""
    sample = side.sample
    if sample is None or not sample.numeric[i]:
        return ""
    seen = sample.examples[i]
    found = [unit.quantity for unit in map(units.in_value, seen) if unit]
    return found[0] if len(set(found)) == 1 and len(found) >= _TELLING * len(seen) else ""


def _counted(side: Side, i: int) -> str:
    """A count where the name says so, or where small numbers stand under the name of many things."""
    field, largest = side.fields[i], _largest(side, i)
    if said := stated(field):
        return said
    few = largest is not None and largest <= _FEW
    return "count" if few and knowledge.counting().many.search(_spoken(field)) else ""


def _largest(side: Side, i: int) -> float | None:
    """The 95th percentile of a column's numbers; None where it has hardly any."""
    sample = side.sample
    return float(sample.quantiles[i].max()) if sample is not None and sample.numeric[i] else None


def _spoken(field: Field) -> str:
    return " ".join(split(field.own))
