"""Looks: the description of one column, as facts: counts, shares, shapes, and statistics with four digits."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from discovery_pipeline.agents import facts as f
from discovery_pipeline.agents.facts import code
from discovery_pipeline.agents.names import speakable
from discovery_pipeline.engine.profiling.model import ColumnProfile, Quality, TableProfile, TimeSeries

MASKS, SAMPLES = 3, 5
LONGEST_SAMPLE = 60
_COUNTED = re.compile(r"\d[\d,]*")
_SAID: tuple[tuple[str, f.AnomalyKind], ...] = (
    ("are spelt in several ways", "spellings"),
    ("White space stands around", "padding"),
    ("show signs of a wrong encoding", "encoding"),
    ("dates lie ahead.", "future_dates"),
    ("dates are placeholders such as", "placeholder_dates"),
    ("Nothing says whether day or month comes first.", "ambiguous_dates"),
    ("values repeat one that should stand once.", "repeated_key"),
)
"""Sentences of the profile that no number of it says; only the count in them is taken."""


def column_facts(id: str, table: TableProfile, column: ColumnProfile, *, samples: bool) -> f.ColumnFacts:
    """The facts of a column under its id; with `samples`, its frequent values, too, if they are not personal."""
    return f.ColumnFacts(
        id=id,
        name=speakable(column.name),
        type=column.inferred_type,
        type_fit=rounded(column.type_fit),
        exceptions=sum(e.count for e in column.exceptions),
        meaning=code(column.semantic_type),
        meaning_fit=None if column.semantic_fit is None else rounded(column.semantic_fit),
        unit=code(column.unit),
        written_units=len({unit.value.lower() for unit in column.units}),
        personal=code(column.pii.kind) if column.pii else None,
        personal_risk=column.pii.risk if column.pii else None,
        nulls=column.null_count,
        null_ratio=rounded(column.null_ratio),
        null_tokens=sum(token.count for token in column.null_tokens),
        distinct=column.distinct_count,
        date_formats=len(column.date_formats),
        longest=column.lengths.max if column.lengths else None,
        masks=tuple(f.MaskCount(mask=p.mask, count=p.count) for p in column.patterns[:MASKS] if f.shape(p.mask)),
        numbers=_numbers(column),
        series=_series(column.time_series),
        scores=_scores(column.quality),
        anomalies=tuple(_anomalies(table, column)),
        charts=tuple(chart for chart in map(code, column.suggested_charts) if chart),
        samples=_sampled(column) if samples and not column.pii else (),
    )


def rounded(share: float) -> float:
    """A share with the digits that anybody needs."""
    return round(share, 4)


def _series(series: TimeSeries | None) -> f.Series | None:
    if series is None:
        return None
    return f.Series(
        granularity=code(series.granularity) or "irregular",
        gaps=series.gaps,
        trend=series.trend if series.trend is not None and math.isfinite(series.trend) else None,
        seasonality=code(series.seasonality),
    )


def _scores(quality: Quality) -> f.Scores:
    return f.Scores(
        score=rounded(quality.score),
        completeness=rounded(quality.completeness),
        validity=rounded(quality.validity),
        uniqueness=rounded(quality.uniqueness),
        consistency=rounded(quality.consistency),
        timeliness=None if quality.timeliness is None else rounded(quality.timeliness),
    )


def _sampled(column: ColumnProfile) -> tuple[str, ...]:
    return tuple(top.value for top in column.top_values[:SAMPLES] if len(top.value) <= LONGEST_SAMPLE)


def _numbers(column: ColumnProfile) -> f.Numbers | None:
    if column.inferred_type not in ("integer", "float") or column.mean is None:
        return None
    low, high = (None, None) if column.pii else (column.min, column.max)
    statistics = {
        "mean": column.mean,
        "median": column.median,
        "std": column.std,
        "q1": column.q1,
        "q3": column.q3,
        "skew": column.skew,
        "kurtosis": column.kurtosis,
        "min": low,
        "max": high,
    }
    return f.Numbers(
        **{name: _vague(float(value)) for name, value in statistics.items() if value is not None and _finite(value)},
        beyond_iqr=column.outliers.iqr if column.outliers else 0,
        beyond_z=column.outliers.zscore if column.outliers else 0,
    )


def _finite(value: object) -> bool:
    return isinstance(value, float | int) and math.isfinite(value)


def _vague(number: float) -> float:
    """Four digits of it: a statistic of few values is a value, and a card's number is none with four digits."""
    return float(f"{number:.4g}")


def _anomalies(table: TableProfile, column: ColumnProfile) -> Iterator[f.Anomaly]:
    rows, filled = table.row_count, table.row_count - column.null_count
    tokens, odd = sum(t.count for t in column.null_tokens), sum(e.count for e in column.exceptions)
    if rows and not filled:
        yield f.Anomaly(kind="empty", count=rows)
        return
    if column.null_ratio >= 0.5:
        yield f.Anomaly(kind="mostly_empty", count=column.null_count)
    if tokens:
        yield f.Anomaly(kind="null_tokens", count=tokens)
    if odd:
        yield f.Anomaly(kind="type_exceptions", count=odd)
    if column.semantic_fit is not None and column.semantic_fit < 1:
        yield f.Anomaly(kind="invalid_values", count=round((1 - column.semantic_fit) * (filled - tokens)))
    if len(column.date_formats) > 1:
        yield f.Anomaly(kind="date_formats", count=len(column.date_formats))
    if len({unit.value.lower() for unit in column.units}) > 1:
        yield f.Anomaly(kind="mixed_units", count=len(column.units))
    if filled > 1 and column.distinct_count == 1:
        yield f.Anomaly(kind="constant", count=filled)
    if column.outliers and column.outliers.zscore:
        yield f.Anomaly(kind="outliers", count=column.outliers.zscore)
    for sentence in column.anomalies:
        for said, kind in _SAID:
            if said in sentence:
                number = _COUNTED.search(sentence)
                yield f.Anomaly(kind=kind, count=int(number[0].replace(",", "")) if number else filled)
