"""Plans: what is to be counted of each column, decided from a sample before the whole is read once.

A plan holds everything that must be the same for all parts of a table, so that their counts add up: how values are
read, the centre of the moments, the edges between which values are counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.profiling import headers, inference, periods
from discovery_pipeline.engine.profiling.inference import Typed
from discovery_pipeline.engine.profiling.periods import Period
from discovery_pipeline.engine.profiling.source import Source, loaded_sample
from discovery_pipeline.engine.profiling.tokens import NULL_TOKENS, is_null_token, null_tokens
from discovery_pipeline.engine.tables import Column

DENSE = 1_000
"""Distinct values up to which a column is counted value by value, and so known exactly."""

EXACT_CELLS = 5_000_000
"""Cells up to which distinct values and quantiles are counted and not sketched: 0.15 s a 100,000 rows × 25 columns."""

SHARES = tuple(sorted(q + d for q in (0.05, 0.25, 0.5, 0.75, 0.95) for d in (-0.012, 0.012)))
"""Shares at which edges stand: close around the quantiles that are told, which keeps these exact to 0.2 points."""

BARS = 12

LOOKED_AT = 1_500
"""Different values of a sample that types and meanings are told by."""

SHORT = 9
"""Characters of the longest null token that is looked for everywhere."""

MASKED_COLUMNS = 20
"""Columns with nulls that null patterns are told of; those with most nulls in the sample."""

PAIRED_COLUMNS = 24
"""Numeric columns up to which all pairs are correlated; of more, those pairs that correlate in the sample."""

PAIRS = 300

WIDE = 60
"""Columns from which a table is wide."""

SHOWN = 5
"""Values of a column that are told whether or not any of them is frequent: who looks at it wants to see some."""

FEW = 20
"""Values of a dense column up to which a wide table's are counted by name, and all again if there are others."""


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """How one column is read and counted."""

    column: Column
    typed: Typed
    values: tuple[tuple[str, int], ...]  # of the sample, without null tokens, most frequent first
    tokens: tuple[str, ...]  # null tokens in the sample
    sampled: int  # values in the sample, null tokens included
    empty: int  # nulls in the sample
    dense: bool  # counted value by value
    nothing: frozenset[str] = NULL_TOKENS  # what stands for nothing here
    numbers: tuple[float | None, ...] = ()  # of the sample, by row; only where the type has numbers
    centre: float = 0.0
    edges: tuple[float, ...] = ()
    bars: tuple[float, ...] = ()  # those edges that a histogram shows
    candidates: tuple[str, ...] = ()  # values that are told, the most frequent ones among them, to be counted
    period: Period = "month"  # between whose starts dates are counted

    @property
    def looked_at(self) -> list[tuple[str, int]]:
        """Values with their counts that say what the column is."""
        return _spread(list(self.values))

    @property
    def complete(self) -> bool:
        """Whether every row of the sample has a number."""
        return None not in self.numbers

    @property
    def few(self) -> tuple[str, ...]:
        """All values that the sample has, null tokens too; none where they are many or the column isn't dense."""
        known = (*(v for v, _ in self.values), *self.tokens)
        return known if self.dense and len(known) <= FEW else ()

    @property
    def costly(self) -> bool:
        """Whether reading numbers row by row would be a cost that nothing else asks for."""
        return self.dense and (self.typed.affixed or self.typed.style != "plain" or not self.complete)

    @property
    def has_long_token(self) -> bool:
        """Whether the sample has a null token that is not short."""
        return any(len(v) > SHORT for v in self.tokens)

    @property
    def watched(self) -> bool:
        """Whether the sample has values that don't fit or may be null tokens, so that all have to be looked at.

        Where it has none, cheaper counts tell whether the whole has any after all.
        """
        if not self.edges:
            return bool(self.tokens) or any(len(v) <= SHORT for v, _ in self.values)
        told = [n for n in self.numbers if n is not None]
        return len(told) < self.sampled or (self.typed.type == "integer" and any(n != int(n) for n in told))


@dataclass(frozen=True, slots=True)
class TablePlan:
    """How a table is read and counted."""

    columns: tuple[ColumnPlan, ...]
    sample_rows: int
    whole: bool  # the sample is the table
    wide: bool  # so many columns that each group-by of its own would take too much memory
    exact: bool  # small enough to count what is sketched otherwise
    key: int | None  # position of a column whose values seem to stand once: then no row stands twice
    masked: tuple[int, ...]  # positions of columns that null patterns are made of
    pairs: tuple[tuple[int, int], ...]  # positions of columns that are correlated

    @property
    def summed(self) -> tuple[tuple[int, int], ...]:
        """Pairs that are correlated over all rows; others only over the sample.

        A dense column of a large table is counted by its values alone, and so is one whose numbers are costly to read.
        """
        return tuple(p for p in self.pairs if self.whole or not any(self._apart(self.columns[i]) for i in p))

    def _apart(self, column: ColumnPlan) -> bool:
        return column.dense if not self.exact else column.costly

    @property
    def paired(self) -> frozenset[int]:
        """Columns whose numbers are needed row by row for correlations."""
        return frozenset(i for pair in self.summed for i in pair)


def draw(con: duckdb.DuckDBPyConnection, source: Source) -> TablePlan:
    """Look at a sample and decide."""
    with loaded_sample(con, source) as (sample, whole):
        rows = con.execute(f"select * from {sample}").fetchall()
        texts = list(zip(*rows, strict=True)) if rows else [() for _ in source.columns]
        drafts = [_draft(c, t, whole) for c, t in zip(source.columns, texts, strict=True)]
        numbers = _numbers(con, sample, drafts)
    columns = tuple(_edged(draft, numbers.get(i, ())) for i, draft in enumerate(drafts))
    return TablePlan(
        columns,
        sample_rows=len(rows),
        whole=whole,
        wide=len(columns) > WIDE,
        exact=source.rows * len(source.columns) <= EXACT_CELLS,
        key=_key(columns, whole=whole),
        masked=_masked(columns),
        pairs=_pairs(columns),
    )


def _draft(column: Column, texts: Sequence[str | None], whole: bool) -> ColumnPlan:
    counts = Counter(texts)
    empty = counts.pop(None, 0)
    known = [(v, n) for v, n in counts.most_common() if v is not None]
    nothing = null_tokens(known[:LOOKED_AT])
    tokens = tuple(v for v, _ in known if is_null_token(v, nothing))
    told = [(v, n) for v, n in known if v not in tokens] if tokens else known
    dense = whole or _expected_distinct(len(known), len(texts) - empty) <= DENSE
    often = max(3, len(texts) // 500)
    return ColumnPlan(
        column,
        typed=inference.infer(column.name, _spread(told)),
        values=tuple(told),
        tokens=tokens,
        nothing=nothing,
        sampled=len(texts) - empty,
        empty=empty,
        dense=dense,
        candidates=() if dense else tuple(v for i, (v, n) in enumerate(known[:10]) if n >= often or i < SHOWN),
    )


def _spread(values: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The most frequent values, and of the others so many from everywhere that a share is known to two points."""
    head, tail = values[: LOOKED_AT // 3], values[LOOKED_AT // 3 :]
    return head + tail[:: max(1, len(tail) * 3 // (2 * LOOKED_AT))]


def _expected_distinct(seen: int, drawn: int) -> float:
    """How many values there are in all, when so many different ones came up in so many draws."""
    if seen >= drawn:
        return math.inf if drawn > 50 else seen
    low, high = float(seen), 1e9
    for _ in range(60):
        guess = math.sqrt(low * high)
        if guess * -math.expm1(-drawn / guess) < seen:
            low = guess
        else:
            high = guess
    return high


def _numbers(
    con: duckdb.DuckDBPyConnection, sample: str, drafts: Sequence[ColumnPlan]
) -> dict[int, tuple[float | None, ...]]:
    read = {i: sql for i, d in enumerate(drafts) if (sql := d.typed.number(duck.col(d.column)))}
    if not read:
        return {}
    rows = con.execute(f"select {', '.join(finite(sql) for sql in read.values())} from {sample}").fetchall()
    return dict(zip(read, zip(*rows, strict=True), strict=True))


def finite(number: str) -> str:
    """The SQL of a number that is NULL for infinity and for what is not a number, which sorts above all."""
    return f"case when abs({number}) < 1e300 then {number} end"


def _edged(draft: ColumnPlan, numbers: tuple[float | None, ...]) -> ColumnPlan:
    told = sorted(n for n in numbers if n is not None)
    if not told:
        return draft
    count = len(told)
    mean = math.fsum(told) / count
    if draft.typed.is_date:
        return _dated(draft, numbers, told, mean)
    std = math.sqrt(math.fsum((n - mean) ** 2 for n in told) / count)
    q1, q3 = told[count // 4], told[(3 * count) // 4]
    bars = _bars(told[0], told[-1], whole_numbers=draft.typed.type == "integer")
    fences = (q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1), mean - 3 * std, mean + 3 * std)
    shares = {told[round(share * (count - 1))] for share in SHARES}
    edges = tuple(sorted(shares | set(bars) | set(fences)))
    return replace(draft, numbers=numbers, centre=mean, edges=edges, bars=bars)


def _dated(draft: ColumnPlan, numbers: tuple[float | None, ...], told: Sequence[float], mean: float) -> ColumnPlan:
    """Dates are counted between the starts of periods, some of them beyond the sample's ends."""
    low, high = told[0], told[-1]
    suits = periods.fitting((high - low) / 86_400)
    period = periods.regular(list(dict.fromkeys(told))) or suits
    edges = _starts(period, low, high)
    known = set(edges)
    bars = edges if period == suits else tuple(start for start in _starts(suits, low, high) if start in known)
    shown = bars[:: -(-len(bars) // (2 * BARS))] if len(bars) > BARS // 2 else edges[:: -(-len(edges) // (2 * BARS))]
    return replace(draft, numbers=numbers, centre=mean, edges=edges, bars=shown, period=period)


def _starts(period: Period, low: float, high: float) -> tuple[float, ...]:
    reach = 0.03 * (high - low)
    first, last = periods.moment(low - reach), periods.moment(high + reach)
    return tuple(periods.seconds(start) for start in periods.starts(period, first, last))


def _bars(low: float, high: float, *, whole_numbers: bool) -> tuple[float, ...]:
    """Edges of a histogram's bars at round numbers (1, 2 or 5 times a power of ten), ascending."""
    if high <= low:
        return (low,)
    rough = (high - low) / BARS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * f for f in (1, 2, 5, 10) if power * f >= rough)
    if whole_numbers:
        step = max(1.0, step)
    first = math.floor(low / step)
    return tuple((first + i) * step for i in range(math.ceil(high / step) - first + 1))


def _key(columns: Sequence[ColumnPlan], *, whole: bool) -> int | None:
    """A column without repetition in the sample that is named as a key is, the shortest one."""
    if whole:
        return None
    unique = [
        (max(len(v) for v, _ in c.values[:50]), i)
        for i, c in enumerate(columns)
        if not c.empty and len(c.values) == c.sampled and headers.words(c.column.name) & headers.IDENTIFIER
    ]
    return min(unique)[1] if unique else None


def _masked(columns: Sequence[ColumnPlan]) -> tuple[int, ...]:
    nullable = sorted((-c.empty, i) for i, c in enumerate(columns) if c.empty)
    return tuple(sorted(i for _, i in nullable[:MASKED_COLUMNS]))


def _pairs(columns: Sequence[ColumnPlan]) -> tuple[tuple[int, int], ...]:
    numeric = [
        i for i, c in enumerate(columns) if c.typed.is_number and len({n for n in c.numbers if n is not None}) > 2
    ]
    every = tuple((a, b) for place, a in enumerate(numeric) for b in numeric[place + 1 :])
    if len(numeric) <= PAIRED_COLUMNS:
        return every
    return _strongest(columns, numeric)


def _strongest(columns: Sequence[ColumnPlan], numeric: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """The pairs of many columns that correlate in the sample."""
    import numpy as np

    table = np.array([[math.nan if n is None else n for n in columns[i].numbers] for i in numeric])
    centred = np.nan_to_num(table - np.nanmean(table, axis=1, keepdims=True))
    norms = np.linalg.norm(centred, axis=1)
    likeness = np.abs(centred @ centred.T) / np.maximum(np.outer(norms, norms), 1e-300)
    left, right = np.nonzero(np.triu(likeness >= 0.2, k=1))
    order = np.argsort(-likeness[left, right], kind="stable")[:PAIRS]
    return tuple(sorted((numeric[int(left[o])], numeric[int(right[o])]) for o in order))
