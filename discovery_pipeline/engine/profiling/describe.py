"""Descriptions: the profile that follows from what was planned and counted. Nothing here looks at the data again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from discovery_pipeline.engine.profiling import anomalies, masks, meaning, quality, series, sketch
from discovery_pipeline.engine.profiling.aggregate import LONGEST_UNFIT, QUANTILES
from discovery_pipeline.engine.profiling.correlation import correlations
from discovery_pipeline.engine.profiling.dates import shown
from discovery_pipeline.engine.profiling.inference import fits
from discovery_pipeline.engine.profiling.meaning import Meaning, Seen
from discovery_pipeline.engine.profiling.model import (
    Bin,
    ColumnProfile,
    Lengths,
    NullPattern,
    Outliers,
    Quality,
    TableProfile,
    TimeSeries,
    TypeException,
    ValueCount,
)
from discovery_pipeline.engine.profiling.partial import ColumnPartial, TablePartial
from discovery_pipeline.engine.profiling.plan import ColumnPlan, TablePlan
from discovery_pipeline.engine.profiling.tokens import is_null_token

TOP = 10
EXCEPTIONS = 20
NULL_PATTERNS = 20

NEARLY_UNIQUE = 0.9
"""Share of different values from which a column of identifiers names its own row, and doesn't refer to another's."""


def table(name: str, plan: TablePlan, counted: TablePartial) -> TableProfile:
    """The profile of a table."""
    columns = tuple(
        _Column(p, c, counted.rows, plan.sample_rows).profile()
        for p, c in zip(plan.columns, counted.columns, strict=True)
    )
    return TableProfile(
        name=name,
        row_count=counted.rows,
        duplicate_row_count=counted.duplicates,
        columns=columns,
        correlations=correlations(plan, counted),
        null_patterns=_null_patterns(plan, counted),
    )


def exceptional(plan: ColumnPlan, counted: ColumnPartial) -> tuple[str, ...]:
    """The values of a column that don't fit its type and that its profile tells of."""
    return tuple(m.value for m in _ranked(_unfit(plan, counted)[1])[:EXCEPTIONS])


def _unfit(plan: ColumnPlan, counted: ColumnPartial) -> tuple[dict[str, int], dict[str, int]]:
    """Null tokens, and values that don't fit the type, each with their counts."""
    unfit = dict(counted.unfit)
    if counted.values is not None and not plan.edges:
        unfit = {v: n for v, n in counted.values.items() if is_null_token(v, plan.nothing) or not fits(plan.typed, v)}
    tokens = {v: n for v, n in unfit.items() if is_null_token(v, plan.nothing)}
    return tokens, {v[:LONGEST_UNFIT]: n for v, n in unfit.items() if v not in tokens}


def _null_patterns(plan: TablePlan, counted: TablePartial) -> tuple[NullPattern, ...]:
    frequent = sorted(((n, m) for m, n in counted.nulls.items() if m), reverse=True)[:NULL_PATTERNS]
    return tuple(
        NullPattern(
            columns=tuple(plan.columns[i].column.name for bit, i in enumerate(plan.masked) if mask >> bit & 1),
            count=n,
        )
        for n, mask in frequent
    )


@dataclass(frozen=True, slots=True)
class _Column:
    """One column while it is described."""

    plan: ColumnPlan
    counted: ColumnPartial
    rows: int
    sample_rows: int

    def profile(self) -> ColumnProfile:
        values, typed = self._values(), self.plan.typed
        tokens, misfits = _unfit(self.plan, self.counted)
        filled = self.counted.count - sum(tokens.values())
        means = meaning.of_column(self.plan.column.name, typed, self._seen(values, filled))
        consistency, spellings = self._spelling(values, means)
        type_fit = 1 - sum(misfits.values()) / filled if filled else 1.0
        formats = self._formats()
        distinct, exact = self._distinct(filled)
        draft = ColumnProfile(
            name=self.plan.column.name,
            position=self.plan.column.position,
            inferred_type=typed.type,
            type_fit=max(0.0, type_fit),
            exceptions=self._exceptions(misfits),
            date_format=formats[0][0] if formats else None,
            date_formats=tuple(ValueCount(value=f, count=n) for f, n in formats),
            semantic_type=means.name,
            semantic_fit=means.fit,
            unit=means.unit,
            units=self._units(means, values, filled),
            decimal_mark=typed.mark,
            pii=means.pii,
            null_count=self.rows - self.counted.count,
            null_ratio=1 - self.counted.count / self.rows if self.rows else 0.0,
            null_tokens=_ranked(tokens),
            distinct_count=distinct,
            distinct_is_exact=exact,
            top_values=self._top(),
            patterns=masks.patterns(values, self._scale(values, filled)),
            lengths=self._lengths(),
            time_series=self._time_series(),
            quality=self._quality(means, filled, type_fit, consistency),
            **self._statistics(),
        )
        noticed = self._noticed(values, filled, spellings)
        return draft.model_copy(
            update={
                "anomalies": anomalies.of_column(draft, typed, means, noticed, self.rows),
                "suggested_charts": anomalies.charts(draft),
            }
        )

    def _units(self, means: Meaning, values: Sequence[tuple[str, int]], filled: int) -> tuple[ValueCount, ...]:
        scale = self._scale(values, filled)
        return tuple(ValueCount(value=u.value, count=round(scale * u.count)) for u in means.units)

    def _quality(self, means: Meaning, filled: int, type_fit: float, consistency: float) -> Quality:
        checked = means.fit if means.name in meaning.CHECKED and means.fit is not None else 1.0
        distinct, exact = self._distinct(filled)
        named = means.keylike and exact and distinct >= NEARLY_UNIQUE * filled > 0
        return quality.score(
            completeness=filled / self.rows if self.rows else 1.0,
            validity=type_fit * checked,
            uniqueness=distinct / filled if named else 1.0,
            consistency=consistency,
            timeliness=self._timeliness(filled),
        )

    def _noticed(self, values: Sequence[tuple[str, int]], filled: int, spellings: tuple[str, ...]) -> anomalies.Noticed:
        scale, calendar = self._scale(values, filled), self.counted.calendar
        return anomalies.Noticed(
            padded=round(scale * sum(n for v, n in values if v != v.strip())),
            spellings=spellings,
            ahead=calendar.ahead if calendar and self._timeliness(filled) is not None else 0,
            broken=round(scale * sum(n for v, n in values if _broken(v))),
            estimated=self.counted.values is None,
        )

    def _timeliness(self, filled: int) -> float | None:
        calendar = self.counted.calendar
        if not calendar:
            return None
        return quality.timeliness(self.plan.column.name, filled, calendar.fresh, calendar.ahead)

    def _time_series(self) -> TimeSeries | None:
        buckets = self.counted.buckets
        return series.describe(self.plan.period, buckets) if self.counted.calendar and buckets else None

    def _values(self) -> list[tuple[str, int]]:
        """Values that are no null tokens, most frequent first: all of a dense column, else some of the sample's."""
        values = self.counted.values
        if values is None:
            return self.plan.looked_at
        return [
            (v, n)
            for v, n in sorted(values.items(), key=lambda v: (-v[1], v[0]))
            if not is_null_token(v, self.plan.nothing)
        ]

    def _scale(self, values: Sequence[tuple[str, int]], filled: int) -> float:
        """How many values one of those at hand stands for."""
        at_hand = sum(n for _, n in values)
        return filled / at_hand if at_hand else 1.0

    def _seen(self, values: Sequence[tuple[str, int]], filled: int) -> Seen:
        moments = self.counted.moments
        low, high = (moments.low, moments.high) if moments else (None, None)
        return Seen(values, filled, self._distinct(filled)[0], low, high)

    def _distinct(self, filled: int) -> tuple[int, bool]:
        if self.counted.distinct is not None:
            return self.counted.distinct, True
        if self.counted.registers is None:
            return 0, self.counted.count == 0
        return min(sketch.distinct(self.counted.registers), max(filled, 1)), False

    def _spelling(self, values: Sequence[tuple[str, int]], means: Meaning) -> tuple[float, tuple[str, ...]]:
        """Share of values written as most are, and values spelt in several ways."""
        formats = self._formats()
        if formats:
            return formats[0][1] / max(1, sum(n for _, n in formats)), ()
        if means.units:
            written = sum(u.count for u in means.units)
            return means.units[0].count / written, ()
        if self.counted.values is None or self.plan.typed.type != "string":
            return 1.0, ()
        return quality.spelling(values)

    def _formats(self) -> list[tuple[str, int]]:
        return sorted(self.counted.by_format.items(), key=lambda f: -f[1])

    def _exceptions(self, misfits: dict[str, int]) -> tuple[TypeException, ...]:
        first = self.counted.first_rows
        return tuple(
            TypeException(value=m.value, count=m.count, row=first[m.value])
            for m in _ranked(misfits)[:EXCEPTIONS]
            if m.value in first
        )

    def _top(self) -> tuple[ValueCount, ...]:
        known = self.counted.frequent if self.counted.values is None else self.counted.values
        return _ranked(known)[:TOP]

    def _lengths(self) -> Lengths | None:
        """Lengths of texts; those of numbers and dates say nothing that their masks don't."""
        values, texts = self.counted.values, self.counted.texts
        if self.plan.edges:
            return None
        if values:
            lengths = [(len(v), n) for v, n in values.items()]
            total = sum(n for _, n in lengths)
            mean = sum(length * n for length, n in lengths) / total
            return Lengths(min=min(lengths)[0], max=max(lengths)[0], mean=mean)
        if texts:
            return Lengths(min=texts.shortest, max=texts.longest, mean=texts.characters / self.counted.count)
        return None

    def _statistics(self) -> dict[str, Any]:
        moments, buckets, calendar = self.counted.moments, self.counted.buckets, self.counted.calendar
        if calendar:
            timed = self.plan.typed.type == "datetime"
            return {
                "min": shown(calendar.earliest, timed=timed),
                "max": shown(calendar.latest, timed=timed),
                "histogram": self._histogram(),
            }
        if not moments or not buckets or not moments.n:
            return self._extremes()
        p05, q1, median, q3, p95 = self._quantiles()
        return {
            "min": moments.low,
            "max": moments.high,
            "mean": moments.mean,
            "std": moments.std,
            "skew": moments.skew,
            "kurtosis": moments.kurtosis,
            "p05": p05,
            "q1": q1,
            "median": median,
            "q3": q3,
            "p95": p95,
            "histogram": self._histogram(),
            "outliers": self._outliers(q1, q3),
        }

    def _extremes(self) -> dict[str, Any]:
        values, texts = self.counted.values, self.counted.texts
        if values:
            return {"min": min(values), "max": max(values)}
        return {"min": texts.low, "max": texts.high} if texts else {}

    def _numbers(self) -> list[tuple[float, int]] | None:
        """All numbers with their counts, ascending, where the column is dense."""
        values = self.counted.values
        if values is None:
            return None
        return sorted((n, values[v]) for v, n in self.counted.numbers.items())

    def _quantiles(self) -> tuple[float | None, ...]:
        numbers, moments, buckets = self._numbers(), self.counted.moments, self.counted.buckets
        if numbers is not None:
            return tuple(sketch.weighted_quantile(numbers, q) for q in QUANTILES)
        if self.counted.quantiles:
            return self.counted.quantiles
        if not moments or not buckets:
            return (None,) * len(QUANTILES)
        return tuple(buckets.quantile(q, moments.low, moments.high) for q in QUANTILES)

    def _histogram(self) -> tuple[Bin, ...]:
        buckets, moments, bars = self.counted.buckets, self.counted.moments, self.plan.bars
        if not buckets or not moments or not moments.n:
            return ()
        if len(bars) < 2:
            return (Bin(low=moments.low, high=moments.high, count=moments.n),)
        inner = bars[1:-1]
        below, seen, place = [], 0, 0
        for edge in inner:
            while place < len(buckets.edges) and buckets.edges[place] <= edge:
                seen += buckets.counts[place]
                place += 1
            below.append(seen)
        ends = (min(bars[0], moments.low), *inner, max(bars[-1], moments.high))
        sums = (0, *below, moments.n)
        return tuple(Bin(low=ends[i], high=ends[i + 1], count=sums[i + 1] - sums[i]) for i in range(len(ends) - 1))

    def _outliers(self, q1: float | None, q3: float | None) -> Outliers | None:
        moments = self.counted.moments
        if q1 is None or q3 is None or not moments or moments.mean is None:
            return None
        std = moments.std or 0.0
        reach = 1.5 * (q3 - q1)
        fences = (q1 - reach, q3 + reach)
        far = (moments.mean - 3 * std, moments.mean + 3 * std)
        examples: tuple[str, ...] = ()
        if moments.low < fences[0] or moments.high > fences[1]:
            ends = (moments.low, moments.high)
            known = [n for n in self.plan.numbers if n is not None and not fences[0] <= n <= fences[1]]
            odd = {n for n in (*ends, *known) if not fences[0] <= n <= fences[1]}
            examples = tuple(f"{n:.12g}" for n in sorted(odd, key=lambda n: -abs(n - (moments.mean or 0)))[:5])
        return Outliers(iqr=self._outside(*fences), zscore=self._outside(*far) if std else 0, examples=examples)

    def _outside(self, low: float, high: float) -> int:
        """How many numbers are less than low or more than high."""
        numbers, buckets, moments = self._numbers(), self.counted.buckets, self.counted.moments
        if numbers is not None:
            return sum(n for v, n in numbers if not low <= v <= high)
        if not buckets or not moments:
            return 0
        out = buckets.below(low, moments.low, moments.high) if low > moments.low else 0.0
        if high < moments.high:
            above = math.nextafter(high, math.inf)
            out += moments.n - buckets.below(above, moments.low, moments.high)
        return round(out)


def _ranked(counts: Mapping[str, int]) -> tuple[ValueCount, ...]:
    ranked = sorted(counts.items(), key=lambda v: (-v[1], v[0]))
    return tuple(ValueCount(value=v, count=n) for v, n in ranked)


def _broken(value: str) -> bool:
    """Whether a text was decoded as something it isn't: UTF-8 read as Latin-1, or a replacement character."""
    return not value.isascii() and any(sign in value for sign in ("\ufffd", "Ã¤", "Ã¶", "Ã¼", "Ã©", "Ã¨", "â€", "Â "))
