"""Columns: one line a column of the profile, ready to be placed on the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from discovery_pipeline.engine.delivery.report import charts
from discovery_pipeline.engine.delivery.report.masking import Mask
from discovery_pipeline.engine.profiling.model import ColumnProfile, TableProfile

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """A value, or a kind of value, and its share of the rows that hold one."""

    text: str
    share: float
    mono: bool = False


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """What the page says of one column."""

    name: str
    type: str
    meaning: str
    filled: float  # 0..1
    distinct: int
    exact: bool
    bars: str  # path of a histogram; empty where values say more
    bars_width: int
    low: str
    high: str
    range: str  # in words, where it is no histogram's axis
    values: tuple[Shown, ...]
    notes: tuple[str, ...]
    personal: str


@dataclass(frozen=True, slots=True)
class TableLines:
    """A table and its columns."""

    name: str
    row_count: int
    duplicate_row_count: int
    columns: tuple[ColumnLine, ...]


def lines(table: TableProfile, mask: Mask) -> TableLines:
    """All columns of a table."""
    return TableLines(
        table.name,
        table.row_count,
        table.duplicate_row_count,
        tuple(_line(table, column, mask) for column in table.columns),
    )


def _line(table: TableProfile, column: ColumnProfile, mask: Mask) -> ColumnLine:
    hidden = mask.column(table.name, column.name)
    missing = column.null_count + sum(token.count for token in column.null_tokens)
    filled = max(table.row_count - missing, 0)
    bars = "" if hidden else charts.histogram(column.histogram)
    return ColumnLine(
        name=column.name,
        type=column.inferred_type,
        meaning=" ".join(part for part in ((column.semantic_type or "").replace("_", " "), column.unit or "") if part),
        filled=filled / table.row_count if table.row_count else 0.0,
        distinct=column.distinct_count,
        exact=column.distinct_is_exact,
        bars=bars,
        bars_width=charts.histogram_width(column.histogram),
        low=_bound(column, column.min),
        high=_bound(column, column.max),
        range="" if hidden else _range(column),
        values=() if bars else _values(table.name, column, filled, mask),
        notes=tuple(mask.text(note) for note in _notes(table.name, column, mask)),
        personal=column.pii.kind.replace("_", " ") if column.pii else "",
    )


def _values(table: str, column: ColumnProfile, filled: int, mask: Mask) -> tuple[Shown, ...]:
    """The most frequent values, or where hardly any repeats, how they are written."""
    if not filled:
        return ()
    nothing = {token.value for token in column.null_tokens}
    told = [v for v in column.top_values if v.value not in nothing]
    repeats = told and told[0].count > max(filled * 0.02, 1)
    if repeats or not column.patterns:
        return tuple(Shown(mask.value(table, column.name, v.value), v.count / filled) for v in told[:SHOWN])
    return tuple(Shown(p.mask, p.count / filled, mono=True) for p in column.patterns[: SHOWN - 1])


def _notes(table: str, column: ColumnProfile, mask: Mask) -> list[str]:
    notes = []
    if column.null_tokens:
        tokens = ", ".join(f"{token.value!r} {token.count:,}×" for token in column.null_tokens[:3])
        notes.append(f"stands for nothing: {tokens}")
    if column.exceptions:
        odd = sum(one.count for one in column.exceptions)
        first = mask.value(table, column.name, column.exceptions[0].value)
        notes.append(f"{odd:,} not {column.inferred_type}, such as {first!r}")
    if len(column.date_formats) > 1:
        notes.append("dates written as " + ", ".join(f"{one.value} ({one.count:,})" for one in column.date_formats[:4]))
    if len(column.units) > 1:
        notes.append("units mixed: " + ", ".join(f"{one.value} ({one.count:,})" for one in column.units[:4]))
    # An anomaly in words may quote a value, and nothing in it says where.
    return notes if mask.column(table, column.name) else [*notes, *column.anomalies[:3]]


def _range(column: ColumnProfile) -> str:
    if column.inferred_type not in {"date", "datetime"} or column.min is None:
        return ""
    return f"{_bound(column, column.min)} to {_bound(column, column.max)}"


def _bound(column: ColumnProfile, value: str | float | None) -> str:
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)[:10] if column.inferred_type in {"date", "datetime"} else str(value)
    if column.inferred_type in {"date", "datetime"}:
        return _day(value)
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:,.4g}"


def _day(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
    except (OverflowError, OSError, ValueError):
        return ""
