"""Magnitudes: which unit numbers are in that don't say so.

Told by what is plausible for the thing they measure, and by how they compare with numbers beside them that state
their unit. Where two units would do, nothing is said: a wrong unit is wrong a thousandfold.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from discovery_pipeline.engine import units

_GB = 1024.0**3
_TB = 1024.0**4


@dataclass(frozen=True, slots=True)
class Measured:
    """A number, the unit that stands beside it, and how many cells hold it."""

    number: float
    unit: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Expectation:
    """How large a thing is, in the base unit of its quantity: the least, the usual and the most there is."""

    quantity: str
    least: float
    usual: float
    most: float
    octaves: float  # standard deviation around the usual, on a scale of powers of two
    countable: bool = False  # small numbers may as well say how many there are


MEMORY = Expectation("size", 0.25 * _GB, 8 * _GB, 64 * _TB, 3)
"""Of a machine: a thin client to the largest hosts."""

DISK = Expectation("size", _GB, 200 * _GB, 1024 * _TB, 3)
DISKS = Expectation("size", _GB, 200 * _GB, 1024 * _TB, 3, countable=True)
_PART = {MEMORY: Expectation("size", 1, 4 * _GB, MEMORY.most, 5), DISK: Expectation("size", 1, 16 * _GB, DISK.most, 5)}
"""What is used or free of them, which may be next to nothing."""

CLOCK = Expectation("frequency", 0.3e9, 2.5e9, 10e9, 1)
"""Of a processor."""

_PLAUSIBLE = 0.9  # share of the numbers that must be plausible in a unit
_NEARLY_ALL = 0.9  # share of values with a unit from which the others are in the same, if nothing else decides
_STATED_OCTAVES = 3.0  # how far bare numbers may lie from those with units: people write "1.5 TB" of large disks
_FEW = 1  # values with units that are half believed to be like the rest
_MARGIN = 1.5  # by how much the log-likelihood of the best unit beats the next: odds of 4.5 to 1
_MIXED = 3.0  # the same for a single number that would rather be in another unit than the rest
_LARGE = 20  # as a power of two: from where on the number of a part tells its unit
_COUNTED = 64  # numbers up to this may count disks
_QUANTILES = (0.1, 0.5, 0.9)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MEMORY_WORDS = frozenset(("ram", "memory", "mem"))
_DISK_WORDS = frozenset(("disk", "disks", "storage", "hdd", "ssd", "drive", "drives", "volume", "volumes"))
_SIZE_WORDS = frozenset(("size", "space", "capacity", "total", "provisioned", "allocated", "provision"))
_CPU_WORDS = frozenset(("cpu", "processor", "core", "proc"))
_SPEED_WORDS = frozenset(("speed", "clock", "clockspeed", "frequency", "freq"))
# A part of the whole may be as small as it likes, and a rate, a count or a name is no size at all.
_PART_WORDS = frozenset(
    (
        "used", "usage", "use", "free", "available", "avail", "swap", "cache", "cached", "buffer", "buffers", "heap",
    )
)  # fmt: skip
_OTHER_WORDS = frozenset(
    (
        "util", "utilization", "utilisation", "page", "pages", "percent", "pct", "load", "count", "num", "number",
        "no", "nr", "id", "slot", "slots", "module", "modules", "type", "model", "vendor", "serial", "name", "label",
        "status", "iops", "ops", "io", "read", "reads", "write", "writes", "latency", "rate", "throughput",
        "bandwidth", "sec", "second", "seconds", "delta", "gpu", "video", "graphics", "speed", "price", "cost", "age",
    )
)  # fmt: skip


def expectation(name: str) -> Expectation | None:
    """What a name leads one to expect: "ram" is a machine's memory, "ramUsed" may be of any size."""
    words = _words(name)
    if words & _CPU_WORDS and words & _SPEED_WORDS:
        return CLOCK
    if words & (_OTHER_WORDS | _PART_WORDS):
        return None
    if words & _MEMORY_WORDS:
        return MEMORY
    if words & _DISK_WORDS:
        return DISK if words & _SIZE_WORDS else DISKS
    return None


def of_a_part(name: str, values: Iterable[Measured]) -> Expectation | None:
    """What the name of a part leads one to expect of numbers as large as bytes are: "ramUsed" is within a machine's."""
    words = _words(name)
    whole = MEMORY if words & _MEMORY_WORDS else DISK if words & _DISK_WORDS else None
    if whole is None or not words & _PART_WORDS or words & _OTHER_WORDS:
        return None
    spread = _Spread.of((math.log2(v.number), v.count) for v in values if v.number > 0)
    return _PART[whole] if spread and spread.at(0.5) >= _LARGE else None


def limits(name: str, quantity: str) -> tuple[float, float] | None:
    """The least and the most that numbers of that name and quantity can be, in its base unit; None where any will do.

    A part of a whole, or a size of what nobody says, may be as small as it likes, and is no larger than the whole.
    """
    expected = expectation(name)
    if expected and expected.quantity == quantity:
        return expected.least, expected.most
    if quantity != DISK.quantity:
        return None
    return 0.0, (MEMORY if _words(name) & _MEMORY_WORDS else DISK).most


def _words(name: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(name.replace("_", " ")))


def bare_unit(values: Iterable[Measured], expected: Expectation | None = None) -> str | None:
    """The unit of numbers that stand without one; of all, where all state theirs. None where nothing decides.

    Zeros and negative numbers say nothing. Where values state units of several quantities, the most frequent counts.
    """
    positive = [value for value in values if value.number > 0]
    counts = Counter[str]()
    for value in positive:
        if value.unit:
            counts[value.unit] += value.count
    bare = _Spread.of((math.log2(v.number), v.count) for v in positive if not v.unit)
    common = counts.most_common(1)[0][0] if counts else None
    if bare is None:
        return common
    said = units.unit(common) if common else None
    quantity = said.quantity if said else expected.quantity if expected and not common else None
    found = _fitting(bare, _stated(positive, quantity), quantity, expected) if quantity else None
    nearly_all = counts.total() >= _NEARLY_ALL * (counts.total() + bare.total)
    return found or (common if nearly_all else None)


def several_units(values: Iterable[Measured], expected: Expectation) -> bool:
    """Whether bare numbers can't all be in one unit: 16 and 16384 are both the memory of a machine, but not in GB."""
    found = Counter[str]()
    for value in values:
        if value.number > 0 and not value.unit:
            found[_alone(math.log2(value.number), expected)] += value.count
    least = (1 - _PLAUSIBLE) * found.total()
    return sum(count > least for unit, count in found.items() if unit) > 1


def _alone(number: float, expected: Expectation) -> str:
    """The unit that a single number, as a power of two, must be in; empty where another would do."""
    likely = sorted(
        (abs(number + _octaves(u.name) - math.log2(expected.usual)), u.name) for u in units.units_of(expected.quantity)
    )
    (best, unit), (second, _) = likely[:2]
    return unit if (second**2 - best**2) / expected.octaves**2 / 2 >= _MIXED else ""


def _fitting(bare: _Spread, stated: _Spread | None, quantity: str, expected: Expectation | None) -> str | None:
    """The unit in which the numbers are like what is expected and like those that state theirs."""
    if expected and expected.quantity != quantity:
        expected = None
    if expected and expected.countable and not stated and bare.share(-math.inf, math.log2(_COUNTED)) >= _PLAUSIBLE:
        return None
    likely: list[tuple[float, str]] = []
    for unit in units.units_of(quantity):
        shifted = bare.shifted(_octaves(unit.name))
        if expected and shifted.share(math.log2(expected.least), math.log2(expected.most)) < _PLAUSIBLE:
            continue
        odds = 0.0
        if expected:
            odds -= ((shifted.at(0.5) - math.log2(expected.usual)) / expected.octaves) ** 2 / 2
        if stated:
            odds -= shifted.distance(stated) / _STATED_OCTAVES**2 / 2 * stated.total / (stated.total + _FEW)
        likely.append((odds, unit.name))
    likely.sort(reverse=True)
    if not likely or (len(likely) > 1 and likely[0][0] - likely[1][0] < _MARGIN):
        return None
    best = likely[0][1]
    return None if expected and _mixed(bare, best, expected) else best


def _mixed(bare: _Spread, best: str, expected: Expectation) -> bool:
    """Whether more of the numbers than may be wrong would by themselves be in another unit: 16 among 16384."""
    others = [_octaves(unit.name) for unit in units.units_of(expected.quantity) if unit.name != best]

    def odds(number: float) -> float:
        return -(((number - math.log2(expected.usual)) / expected.octaves) ** 2) / 2

    fitting = sum(n for x, n in bare.points if max(odds(x + o) for o in others) - odds(x + _octaves(best)) < _MIXED)
    return fitting < _PLAUSIBLE * bare.total


def _stated(values: Sequence[Measured], quantity: str | None) -> _Spread | None:
    known = [(value, units.unit(value.unit)) for value in values if value.unit]
    return _Spread.of(
        (math.log2(value.number) + _octaves(unit.name), value.count)
        for value, unit in known
        if unit and unit.quantity == quantity
    )


def _octaves(unit: str) -> float:
    """How many times a unit's base unit has to be doubled to make one of it."""
    return math.log2(units.in_base(unit))


@dataclass(frozen=True, slots=True)
class _Spread:
    """Logarithms of numbers in ascending order, with their counts."""

    points: tuple[tuple[float, int], ...]
    total: int

    @classmethod
    def of(cls, weighted: Iterable[tuple[float, int]]) -> _Spread | None:
        """None where there are no numbers."""
        points = tuple(sorted(weighted))
        return cls(points, sum(n for _, n in points)) if points else None

    def shifted(self, octaves: float) -> _Spread:
        return _Spread(tuple((x + octaves, n) for x, n in self.points), self.total)

    def share(self, low: float, high: float) -> float:
        return sum(n for x, n in self.points if low <= x <= high) / self.total

    def at(self, quantile: float) -> float:
        seen = 0
        for x, n in self.points:
            seen += n
            if seen >= quantile * self.total:
                return x
        return self.points[-1][0]

    def distance(self, other: _Spread) -> float:
        """Mean square of how far the quantiles lie apart."""
        return sum((self.at(q) - other.at(q)) ** 2 for q in _QUANTILES) / len(_QUANTILES)
