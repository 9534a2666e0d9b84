"""Drift: how far a new profile is from an old one, column by column, as findings.

Only profiles are compared, never the data: yesterday's file may be long gone.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from discovery_pipeline.engine.findings import Dimension, Finding, Severity
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile, TableProfile

PSI_MODERATE, PSI_STRONG = 0.1, 0.25
"""The usual bounds of the population stability index: below the first nothing moved, from the second on a lot did.

References
----------
B. Yurdakul (2018), Statistical properties of population stability index.
"""

KS_LEVEL = 1.63
"""Factor of the Kolmogorov–Smirnov test at the one per cent level: c(α) = sqrt(−ln(α / 2) / 2)."""

KS_LEAST = 0.05
"""Distance of distributions below which nobody cares, however sure it is."""

SHARE_MOVED = 0.05
"""Change of a share of nulls or misfits that is told."""

VALUES_KNOWN = 0.9
"""Share of a column's values that its top values must cover for categories to be compared."""

TELLING = 3
"""Different values from which two columns can be told to hold the like."""

FLOOR = 1e-4
"""Share that stands for an empty bar in the index, which knows no zero."""


def diff(old: Profile, new: Profile) -> tuple[Finding, ...]:
    """What changed from one profile to another, the gravest first.

    Tables are the same by name; where each profile has one table alone, these are compared whatever their names.
    """
    if len(old.tables) == len(new.tables) == 1:
        found = list(_of_tables(old.tables[0], new.tables[0]))
    else:
        found = list(_of_profiles(old, new))
    return tuple(sorted(found, key=lambda f: (f.severity.rank, f.table)))


def _of_profiles(old: Profile, new: Profile) -> Iterator[Finding]:
    before, after = {t.name: t for t in old.tables}, {t.name: t for t in new.tables}
    for name, table in before.items():
        if name in after:
            yield from _of_tables(table, after[name])
            continue
        yield _finding((name, None), "drift.table_removed", Severity.ERROR, table.row_count, "The table is gone.")
    for name, table in after.items():
        if name not in before:
            yield _finding((name, None), "drift.table_added", Severity.INFO, table.row_count, "The table is new.")


def _of_tables(old: TableProfile, new: TableProfile) -> Iterator[Finding]:
    before, after = {c.name: c for c in old.columns}, {c.name: c for c in new.columns}
    if old.row_count != new.row_count:
        change = new.row_count - old.row_count
        share = f" ({change / old.row_count:+.1%})" if old.row_count else ""
        large = old.row_count and abs(change) > 0.5 * old.row_count
        yield _finding(
            (new.name, None),
            "drift.rows",
            Severity.WARNING if large else Severity.INFO,
            abs(change),
            f"The table has {counted(new.row_count, 'row')} after {old.row_count:,}{share}.",
        )
    yield from _come_and_gone(
        new.name,
        [c for c in old.columns if c.name not in after],
        [c for c in new.columns if c.name not in before],
        (old.row_count, new.row_count),
    )
    for name, column in before.items():
        if name in after:
            yield from _of_columns(new.name, column, after[name], old.row_count, new.row_count)


def _come_and_gone(
    table: str, gone: Sequence[ColumnProfile], fresh: Sequence[ColumnProfile], rows: tuple[int, int]
) -> Iterator[Finding]:
    """What is said of columns that only one profile has, and which of them may be one under two names."""
    alike = [(a.name, b.name) for a in gone for b in fresh if _alike(a, b, rows)]
    ends = Counter(name for pair in alike for name in pair)
    same = {a: b for a, b in alike if ends[a] == ends[b] == 1}
    for column in gone:
        told = f"The column is gone; {_different(column)}."
        if column.name in same:
            told += f" '{same[column.name]}' is new and holds the like: it may be its new name."
        yield _finding((table, column.name), "drift.column_removed", Severity.ERROR, rows[0], told)
    earlier = {b: a for a, b in same.items()}
    for column in fresh:
        told = f"The column is new, of type {column.inferred_type}."
        if column.name in earlier:
            told += f" It may be '{earlier[column.name]}' under a new name."
        yield _finding((table, column.name), "drift.column_added", Severity.INFO, rows[1], told)


def _different(column: ColumnProfile) -> str:
    return f"it had {counted(column.distinct_count, 'value', 'different values')}"


def _alike(old: ColumnProfile, new: ColumnProfile, rows: tuple[int, int]) -> bool:
    """Whether two columns hold so much the same that one may be the other renamed; few values say too little."""
    if min(old.distinct_count, new.distinct_count) < TELLING or old.inferred_type != new.inferred_type:
        return False
    if any(True for _ in _of_columns("", old, new, *rows)):
        return False
    if old.histogram and new.histogram:
        return ks(curve(old), curve(new)) < 2 * KS_LEAST
    values, others = ({v.value for v in column.top_values} for column in (old, new))
    return _common(values, others) >= 0.5 or (old.semantic_type is not None and _formed_alike(old, new))


def _formed_alike(old: ColumnProfile, new: ColumnProfile) -> bool:
    """Whether texts that all differ are of the same masks or lengths."""
    masks, others = ({p.mask for p in column.patterns} for column in (old, new))
    if _common(masks, others) >= 0.5:
        return True
    lengths, theirs = old.lengths, new.lengths
    return lengths is not None and theirs is not None and abs(theirs.mean - lengths.mean) <= 0.1 * lengths.mean


def _common(left: set[str], right: set[str]) -> float:
    """Share of the smaller set that is in the other."""
    return len(left & right) / max(1, min(len(left), len(right)))


def _of_columns(table: str, old: ColumnProfile, new: ColumnProfile, rows_old: int, rows_new: int) -> Iterator[Finding]:
    if old.inferred_type != new.inferred_type:
        told = f"The type is {new.inferred_type} after {old.inferred_type}."
        yield _finding((table, new.name), "drift.column_retyped", Severity.ERROR, rows_new, told)
        return
    if old.semantic_type != new.semantic_type:
        told = f"The values are of kind {new.semantic_type or 'none'} after {old.semantic_type or 'none'}."
        yield _finding((table, new.name), "drift.meaning", Severity.WARNING, rows_new, told)
    if old.date_format != new.date_format:
        told = f"Dates are written as {new.date_format} after {old.date_format}."
        yield _finding((table, new.name), "drift.date_format", Severity.WARNING, rows_new, told)
    if old.unit != new.unit:
        told = f"The unit is {new.unit or 'none'} after {old.unit or 'none'}."
        yield _finding((table, new.name), "drift.unit", Severity.ERROR, rows_new, told)
    yield from _of_shares(table, old, new, rows_new)
    yield from _of_numbers(table, old, new)
    yield from _of_categories(table, old, new, rows_old, rows_new)


def _of_shares(table: str, old: ColumnProfile, new: ColumnProfile, rows: int) -> Iterator[Finding]:
    for rule, before, after, what in (
        ("drift.nulls", 1 - old.quality.completeness, 1 - new.quality.completeness, "of the cells hold no value"),
        ("drift.repeats", 1 - old.quality.uniqueness, 1 - new.quality.uniqueness, "of the values repeat another"),
        ("drift.misfits", 1 - old.type_fit, 1 - new.type_fit, f"of the values are not of type {new.inferred_type}"),
    ):
        if abs(after - before) < SHARE_MOVED:
            continue
        severity = Severity.WARNING if after > before else Severity.INFO
        told = f"{after:.1%} {what}, after {before:.1%}."
        yield _finding((table, new.name), rule, severity, round(abs(after - before) * rows), told)


def _of_numbers(table: str, old: ColumnProfile, new: ColumnProfile) -> Iterator[Finding]:
    if not old.histogram or not new.histogram or new.semantic_type == "identifier":
        return
    before, after = curve(old), curve(new)
    index, distance = psi(before, after), ks(before, after)
    count_old, count_new = (sum(b.count for b in bars) for bars in (old.histogram, new.histogram))
    critical = KS_LEVEL * math.sqrt((count_old + count_new) / (count_old * count_new))
    told = f"PSI {index:.2f}, KS distance {distance:.2f} (1 % level: {critical:.2f})."
    if index >= PSI_MODERATE and distance >= max(critical, KS_LEAST):
        severity = Severity.WARNING if index >= PSI_STRONG else Severity.INFO
        moved = round(distance * count_new)
        yield _finding((table, new.name), "drift.distribution", severity, moved, f"The distribution moved: {told}")


def _of_categories(
    table: str, old: ColumnProfile, new: ColumnProfile, rows_old: int, rows_new: int
) -> Iterator[Finding]:
    before, after = _shares(old, rows_old), _shares(new, rows_new)
    if not before or not after:
        return
    known = {v.value for v in old.top_values}
    fresh = sorted((v for v in new.top_values if v.value not in known), key=lambda v: -v.count)
    if fresh and old.distinct_count <= len(old.top_values):
        told = f"{counted(len(fresh), 'value is', 'values are')} new."
        examples = tuple(v.value for v in fresh[:5])
        count = sum(v.count for v in fresh)
        finding = _finding((table, new.name), "drift.new_values", Severity.WARNING, count, told)
        yield finding.model_copy(update={"examples": examples})
    index = _index([(before.get(v, 0.0), after.get(v, 0.0)) for v in before.keys() | after.keys()])
    if index >= PSI_MODERATE:
        moves = sorted(before.keys() | after.keys(), key=lambda v: -abs(after.get(v, 0) - before.get(v, 0)))
        shown = tuple(f"{v}: {before.get(v, 0):.1%} → {after.get(v, 0):.1%}" for v in moves[:5])
        severity = Severity.WARNING if index >= PSI_STRONG else Severity.INFO
        moved = round(sum(abs(after.get(v, 0) - before.get(v, 0)) for v in moves) / 2 * rows_new)
        told = f"The shares of the values moved: PSI {index:.2f}."
        finding = _finding((table, new.name), "drift.categories", severity, moved, told)
        yield finding.model_copy(update={"examples": shown})


def _shares(column: ColumnProfile, rows: int) -> Mapping[str, float]:
    """Shares of a column's top values; empty where they say too little about the column."""
    told = rows - column.null_count
    known = sum(v.count for v in column.top_values)
    if not told or known < VALUES_KNOWN * told or column.distinct_count > 50:
        return {}
    return {v.value: v.count / told for v in column.top_values}


Curve = Sequence[tuple[float, float]]
"""A cumulative distribution: shares of the values up to each of some ascending places."""


def curve(column: ColumnProfile) -> Curve:
    """What a profile knows of a column's cumulative distribution, from its histogram and its quantiles.

    Where one far value stretches the histogram's bars, the quantiles still tell the rest apart.
    """
    total = sum(bar.count for bar in column.histogram)
    if not total:
        return ()
    seen, known = 0, [(column.histogram[0].low, 0.0)]
    for bar in column.histogram:
        seen += bar.count
        known.append((bar.high, seen / total))
    quantiles = (column.p05, column.q1, column.median, column.q3, column.p95)
    known += [(q, share) for q, share in zip(quantiles, (0.05, 0.25, 0.5, 0.75, 0.95), strict=True) if q is not None]
    highest, out = 0.0, []
    for place, share in sorted(known):
        highest = max(highest, share)
        out.append((place, highest))
    return out


def psi(old: Curve, new: Curve) -> float:
    """Population stability index of two distributions, over tenths of the old one."""
    edges = sorted({_quantile(old, i / 10) for i in range(1, 10)})
    return _index(list(zip(_parts(old, edges), _parts(new, edges), strict=True)))


def ks(old: Curve, new: Curve) -> float:
    """Greatest distance of two cumulative distributions, 0..1."""
    places = {place for known in (old, new) for place, _ in known}
    return max((abs(_below(old, p) - _below(new, p)) for p in places), default=0.0)


def _index(shares: Sequence[tuple[float, float]]) -> float:
    floored = [(max(a, FLOOR), max(b, FLOOR)) for a, b in shares]
    return sum((b - a) * math.log(b / a) for a, b in floored)


def _parts(known: Curve, edges: Sequence[float]) -> list[float]:
    sums = [0.0, *(_below(known, edge) for edge in edges), 1.0]
    return [b - a for a, b in pairwise(sums)]


def _below(known: Curve, value: float) -> float:
    """Share of values up to one, as if they were spread evenly between the places known."""
    after = bisect_right(known, (value, math.inf))
    if not after:
        return 0.0
    if after == len(known):
        return 1.0
    (x0, y0), (x1, y1) = known[after - 1], known[after]
    return y0 + (y1 - y0) * (value - x0) / (x1 - x0)


def _quantile(known: Curve, share: float) -> float:
    for (x0, y0), (x1, y1) in pairwise(known):
        if y1 >= share:
            return x0 + (x1 - x0) * (share - y0) / (y1 - y0) if y1 > y0 else x1
    return known[-1][0]


_ACTIONS = {
    "drift.table_removed": "Ask for the export that has it.",
    "drift.column_removed": "Check the export; what maps from this column gets nothing.",
    "drift.column_retyped": "Look at the values, then at what maps from this column.",
    "drift.unit": "Check the mapping's conversion before anything is delivered.",
}


def _finding(place: tuple[str, str | None], rule: str, severity: Severity, count: int, evidence: str) -> Finding:
    return Finding(
        table=place[0],
        column=place[1],
        rule=rule,
        severity=severity,
        dimension=Dimension.COMPLETENESS if rule == "drift.nulls" else Dimension.CONSISTENCY,
        count=count,
        evidence=evidence,
        action=_ACTIONS.get(rule, "Check whether the source changed, and whether the mapping still holds."),
    )
