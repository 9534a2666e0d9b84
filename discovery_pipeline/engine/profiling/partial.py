"""Partials: what was counted of one part of a table. Partials of all parts, under one plan, add up to the table's.

Counts, sums and sketches add up without loss. What can't be had from parts is left out of a sum: distinct counts fall
back from exact to sketched, quantiles from exact to interpolated, and a row that stands in two parts is no duplicate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from discovery_pipeline.engine.profiling.sketch import Buckets, Moments, Registers, merged


@dataclass(frozen=True, slots=True)
class Texts:
    """Lengths in characters and extremes of texts."""

    shortest: int
    longest: int
    characters: int
    low: str
    high: str

    def __add__(self, other: Texts) -> Texts:
        return Texts(
            min(self.shortest, other.shortest),
            max(self.longest, other.longest),
            self.characters + other.characters,
            min(self.low, other.low),
            max(self.high, other.high),
        )


@dataclass(frozen=True, slots=True)
class Moments2:
    """Sums over the rows in which both columns of a pair have numbers, each less its centre."""

    n: int
    x: float
    y: float
    xx: float
    yy: float
    xy: float

    def __add__(self, other: Moments2) -> Moments2:
        return Moments2(
            self.n + other.n,
            self.x + other.x,
            self.y + other.y,
            self.xx + other.xx,
            self.yy + other.yy,
            self.xy + other.xy,
        )

    @property
    def pearson(self) -> float | None:
        """Pearson's correlation; None where a column doesn't vary."""
        if self.n < 2:
            return None
        vx, vy = self.xx - self.x * self.x / self.n, self.yy - self.y * self.y / self.n
        if vx <= 1e-12 * self.xx or vy <= 1e-12 * self.yy:
            return None
        return max(-1.0, min(1.0, (self.xy - self.x * self.y / self.n) / (vx * vy) ** 0.5))


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the dates of a part lie."""

    earliest: datetime
    latest: datetime
    ahead: int  # after today
    fresh: int  # in the year before today

    def __add__(self, other: Calendar) -> Calendar:
        return Calendar(
            min(self.earliest, other.earliest),
            max(self.latest, other.latest),
            self.ahead + other.ahead,
            self.fresh + other.fresh,
        )


@dataclass(frozen=True, slots=True)
class ColumnPartial:
    """What was counted of one column. `values` alone says everything where a column is dense."""

    count: int  # not null
    values: Mapping[str, int] | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)  # of those values that have one
    unfit: Mapping[str, int] = field(default_factory=dict)  # null tokens, and what doesn't fit the type
    first_rows: Mapping[str, int] = field(default_factory=dict)  # where those stand first that were looked for
    registers: Registers | None = None
    distinct: int | None = None  # exact, where it was counted
    quantiles: tuple[float, ...] | None = None  # exact, where they were counted
    frequent: Mapping[str, int] = field(default_factory=dict)
    texts: Texts | None = None
    moments: Moments | None = None
    buckets: Buckets | None = None
    calendar: Calendar | None = None
    by_format: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: ColumnPartial) -> ColumnPartial:
        values = None if self.values is None or other.values is None else _sum(self.values, other.values)
        registers = (
            merged(self.registers, other.registers) if self.registers and other.registers else None
        )  # fmt: skip
        return ColumnPartial(
            count=self.count + other.count,
            values=values,
            numbers={**self.numbers, **other.numbers},
            distinct=len(values) if values is not None else None,
            unfit=_sum(self.unfit, other.unfit),
            registers=registers,
            frequent=_sum(self.frequent, other.frequent),
            texts=_joined(self.texts, other.texts),
            moments=_joined(self.moments, other.moments),
            buckets=_joined(self.buckets, other.buckets),
            calendar=_joined(self.calendar, other.calendar),
            by_format=_sum(self.by_format, other.by_format),
        )


@dataclass(frozen=True, slots=True)
class TablePartial:
    """What was counted of one part of a table."""

    rows: int
    duplicates: int
    columns: tuple[ColumnPartial, ...]
    pairs: Mapping[tuple[int, int], Moments2] = field(default_factory=dict)
    nulls: Mapping[int, int] = field(default_factory=dict)  # rows by the bits of the plan's masked columns

    def __add__(self, other: TablePartial) -> TablePartial:
        """What was counted of both parts, the other's rows after this one's."""
        columns = (
            replace(a + b, first_rows={v: self.rows + r for v, r in b.first_rows.items()} | dict(a.first_rows))
            for a, b in zip(self.columns, other.columns, strict=True)
        )
        pairs = {p: _joined(self.pairs.get(p), other.pairs.get(p)) for p in self.pairs.keys() | other.pairs.keys()}
        return TablePartial(
            self.rows + other.rows,
            self.duplicates + other.duplicates,
            tuple(columns),
            {p: m for p, m in pairs.items() if m},
            _sum(self.nulls, other.nulls),
        )


_K = TypeVar("_K")
_S = TypeVar("_S", Texts, Moments, Moments2, Buckets, Calendar)


def _sum(left: Mapping[_K, int], right: Mapping[_K, int]) -> dict[_K, int]:
    return dict(Counter(left) + Counter(right))


def _joined(left: _S | None, right: _S | None) -> _S | None:
    if left is None or right is None:
        return right if left is None else left
    return left + right
