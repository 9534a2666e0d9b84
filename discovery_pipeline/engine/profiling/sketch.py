"""Sketches: small summaries of many values that add up, part by part, to the summary of them all.

Moments about a fixed centre, counts between fixed edges, and HyperLogLog registers. Two parts of one table that were
summed up with the same centre, edges and registers merge without loss.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums of the first four powers of (value − centre), and the extremes."""

    centre: float
    n: int = 0
    s1: float = 0.0
    s2: float = 0.0
    s3: float = 0.0
    s4: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    def __add__(self, other: Moments) -> Moments:
        """The moments of both parts. They must have been taken about one centre."""
        if self.centre != other.centre:
            raise ValueError("Moments about different centres don't add up.")
        return Moments(
            self.centre,
            self.n + other.n,
            self.s1 + other.s1,
            self.s2 + other.s2,
            self.s3 + other.s3,
            self.s4 + other.s4,
            min(self.low, other.low),
            max(self.high, other.high),
        )

    @property
    def mean(self) -> float | None:
        return self.centre + self.s1 / self.n if self.n else None

    @property
    def std(self) -> float | None:
        """The sample's standard deviation; None below two values."""
        if self.n < 2:
            return None
        return math.sqrt(max(0.0, (self.s2 - self.s1 * self.s1 / self.n) / (self.n - 1)))

    def _central(self) -> tuple[float, float, float]:
        d = self.s1 / self.n
        e2, e3, e4 = self.s2 / self.n, self.s3 / self.n, self.s4 / self.n
        return e2 - d * d, e3 - 3 * d * e2 + 2 * d**3, e4 - 4 * d * e3 + 6 * d * d * e2 - 3 * d**4

    @property
    def skew(self) -> float | None:
        """Adjusted Fisher–Pearson skewness (G1), as spreadsheets, pandas and DuckDB give it."""
        if self.n < 3:
            return None
        m2, m3, _ = self._central()
        if m2 <= 1e-12 * max(1.0, self.s2 / self.n):
            return None
        return math.sqrt(self.n * (self.n - 1)) / (self.n - 2) * m3 / m2**1.5

    @property
    def kurtosis(self) -> float | None:
        """Excess kurtosis (G2), as spreadsheets, pandas and DuckDB give it."""
        if self.n < 4:
            return None
        m2, _, m4 = self._central()
        if m2 <= 1e-12 * max(1.0, self.s2 / self.n):
            return None
        n = self.n
        return ((n + 1) * (m4 / m2**2 - 3) + 6) * (n - 1) / ((n - 2) * (n - 3))

    @classmethod
    def of(cls, values: Sequence[tuple[float, int]], centre: float) -> Moments:
        """The moments of values with their counts."""
        n = sum(count for _, count in values)
        s1, s2, s3, s4 = (math.fsum(count * (v - centre) ** power for v, count in values) for power in (1, 2, 3, 4))
        low = min((v for v, _ in values), default=math.inf)
        high = max((v for v, _ in values), default=-math.inf)
        return cls(centre, n, s1, s2, s3, s4, low, high)


@dataclass(frozen=True, slots=True)
class Buckets:
    """Counts of values between edges: edges[i-1] ≤ value < edges[i], open at both ends, so one more than edges."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    def __add__(self, other: Buckets) -> Buckets:
        """The counts of both parts. They must have the same edges."""
        if self.edges != other.edges:
            raise ValueError("Counts between different edges don't add up.")
        return Buckets(self.edges, tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)))

    @classmethod
    def of(cls, values: Sequence[tuple[float, int]], edges: Sequence[float]) -> Buckets:
        """The counts of values with their counts."""
        counts = [0] * (len(edges) + 1)
        for value, count in values:
            counts[bisect_right(edges, value)] += count
        return cls(tuple(edges), tuple(counts))

    def below(self, value: float, low: float, high: float) -> float:
        """How many values are below, as if they were spread evenly between edges; low and high are the extremes."""
        return _interpolated(value, *self._curve(low, high))

    def quantile(self, share: float, low: float, high: float) -> float | None:
        """The value below which that share lies; None where there are no values."""
        total = sum(self.counts)
        if not total:
            return None
        places, sums = self._curve(low, high)
        return _interpolated(share * total, sums, places)

    def _curve(self, low: float, high: float) -> tuple[list[float], list[float]]:
        inner = [(e, s) for e, s in zip(self.edges, accumulate(self.counts), strict=False) if low < e < high]
        places = [low, *(e for e, _ in inner), high]
        return places, [0.0, *(float(s) for _, s in inner), float(sum(self.counts))]


def _interpolated(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    if x <= xs[0]:
        return ys[0]
    for (x0, y0), (x1, y1) in pairwise(zip(xs, ys, strict=True)):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0) if x1 > x0 else y1
    return ys[-1]


def weighted_quantile(values: Sequence[tuple[float, int]], share: float) -> float | None:
    """The exact quantile, interpolated as numpy and DuckDB do, of sorted values with their counts."""
    total = sum(count for _, count in values)
    if not total:
        return None
    place = share * (total - 1)
    lower, upper, seen = None, None, 0
    for value, count in values:
        seen += count
        if lower is None and seen > math.floor(place):
            lower = value
        if seen > math.ceil(place):
            upper = value
            break
    if lower is None or upper is None:
        return values[-1][0]
    return lower + (upper - lower) * (place - math.floor(place))


Registers = tuple[int, ...]
"""HyperLogLog registers: the longest run of zeros seen by each; merged by taking the larger of each."""


def merged(left: Registers, right: Registers) -> Registers:
    """The registers of both parts."""
    return tuple(map(max, left, right))


def distinct(registers: Registers) -> int:
    """How many distinct values the registers have seen.

    References
    ----------
    O. Ertl (2017), New cardinality estimation algorithms for HyperLogLog sketches, algorithm 6.
    """
    m = len(registers)
    longest = 64 - int(math.log2(m)) if m else 0
    counts = [0] * (longest + 2)
    for register in registers:
        counts[min(register, longest + 1)] += 1
    z = m * _tau(1 - counts[longest + 1] / m) if m else 0.0
    for k in range(longest, 0, -1):
        z = 0.5 * (z + counts[k])
    z += m * _sigma(counts[0] / m) if m else 0.0
    if not m or math.isinf(z):
        return 0
    return round(m / (2 * math.log(2)) * m / z)


def _sigma(x: float) -> float:
    if x == 1:
        return math.inf
    y, z = 1.0, x
    while True:
        x *= x
        before = z
        z += x * y
        y += y
        if z == before:
            return z


def _tau(x: float) -> float:
    if x in (0, 1):
        return 0.0
    y, z = 1.0, 1 - x
    while True:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= (1 - x) ** 2 * y
        if z == before:
            return z / 3
