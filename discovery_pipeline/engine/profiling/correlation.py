"""Correlations: Pearson's from sums over all rows, where they are cheap to have; Spearman's from the sample's ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

from discovery_pipeline.engine.profiling.model import Correlation
from discovery_pipeline.engine.profiling.partial import Moments2, TablePartial
from discovery_pipeline.engine.profiling.plan import TablePlan

Numbers = Sequence[float | None]

RANKED = 2_500
"""Rows of a sample that are ranked."""


def correlations(plan: TablePlan, counted: TablePartial) -> tuple[Correlation, ...]:
    """Every planned pair, the strongest first.

    What comes from the sample has a standard error below 0.02. It is exact where the sample is the table.
    """
    step = 1 if plan.whole else max(1, plan.sample_rows // RANKED)
    numbers = {i: plan.columns[i].numbers[::step] for i in {i for pair in plan.pairs for i in pair}}
    ranks = {i: _Centred.of(ranked(n)) for i, n in numbers.items() if None not in n}
    apart = {i for pair in plan.pairs if pair not in counted.pairs for i in pair}
    sampled = {i: _Centred.of(plan.columns[i].numbers) for i in apart if plan.columns[i].complete}
    found = []
    for a, b in plan.pairs:
        sums = counted.pairs.get((a, b))
        left, right = plan.columns[a], plan.columns[b]
        if sums:
            pearson = sums.pearson
        elif a in sampled and b in sampled:
            pearson = sampled[a].correlation(sampled[b])
        else:
            pearson = of_numbers(left.numbers, right.numbers)
        whole = a in ranks and b in ranks
        spearman = ranks[a].correlation(ranks[b]) if whole else rank_correlation(numbers[a], numbers[b])
        found.append(Correlation(left=left.column.name, right=right.column.name, pearson=pearson, spearman=spearman))
    return tuple(sorted(found, key=lambda c: -max(abs(c.pearson or 0), abs(c.spearman or 0))))


@dataclass(frozen=True, slots=True)
class _Centred:
    """Numbers about their mean, which one column brings to all its pairs."""

    numbers: Sequence[float]
    square: float  # the sum of theirs

    @classmethod
    def of(cls, numbers: Numbers) -> _Centred:
        """All must be numbers."""
        mean = sum(numbers) / max(1, len(numbers))  # type: ignore[arg-type]
        centred = [n - mean for n in numbers]  # type: ignore[operator]
        return cls(centred, sum(map(mul, centred, centred)))

    def correlation(self, other: _Centred) -> float | None:
        """Pearson's; None below two numbers, and where either doesn't vary."""
        product = sum(map(mul, self.numbers, other.numbers))
        return Moments2(len(self.numbers), 0.0, 0.0, self.square, other.square, product).pearson


def rank_correlation(left: Numbers, right: Numbers) -> float | None:
    """Spearman's correlation over the rows in which both have numbers."""
    both = [(x, y) for x, y in zip(left, right, strict=True) if x is not None and y is not None]
    if len(both) < 2:
        return None
    xs, ys = zip(*both, strict=True)
    return of_numbers(ranked(xs), ranked(ys))


def ranked(numbers: Numbers) -> list[float]:
    """Ranks from 0, equal numbers sharing the mean of theirs, about their mean. All must be numbers."""
    order = sorted(range(len(numbers)), key=numbers.__getitem__)  # type: ignore[arg-type]
    ranks = [0.0] * len(numbers)
    start, middle = 0, (len(numbers) - 1) / 2
    while start < len(order):
        end = start
        while end + 1 < len(order) and numbers[order[end + 1]] == numbers[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            ranks[place] = (start + end) / 2 - middle
        start = end + 1
    return ranks


def of_numbers(left: Numbers, right: Numbers) -> float | None:
    """Pearson's correlation over the rows in which both have numbers."""
    if None in left or None in right:
        both = [(x, y) for x, y in zip(left, right, strict=True) if x is not None and y is not None]
        left, right = [x for x, _ in both], [y for _, y in both]
    return _Centred.of(left).correlation(_Centred.of(right))
