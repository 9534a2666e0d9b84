"""Types: what a column's texts are, decided from a sample of them, and the SQL that reads every one of them.

The decision is made on values and their counts, with the header as a second witness. A value made of digits is not
always a number: "00123" is a name, so is "1e5" among serial numbers, and 10.8 is a version where the header says so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from discovery_pipeline.engine.profiling import dates, headers, numerals
from discovery_pipeline.engine.profiling.headers import Words
from discovery_pipeline.engine.profiling.model import InferredType
from discovery_pipeline.engine.profiling.numerals import Numeral, Shape
from discovery_pipeline.engine.profiling.tokens import BOOLEAN_WORDS, SPOKEN

FITTING = 0.9
"""Share of values from which a column is of a type."""

FITTING_NAMED = 0.6
"""The same where the header says so too: the rest is what cleansing is for."""

FRACTIONAL = 0.02
"""Share of numbers with decimals from which a column of integers is one of floats."""

DAYS = 20
"""Different days, as 20240131, from which a column that isn't named for it is one of dates."""

Weighted = Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Typed:
    """What a column is, and how its texts are read."""

    type: InferredType
    style: numerals.Style = "plain"
    mark: numerals.Mark | None = None  # what stands before decimals, where any number tells
    affixed: bool = False  # numbers with a unit or a currency sign
    unit: str | None = None  # beside most of the numbers that have one
    formats: dates.Formats | None = None

    @property
    def is_number(self) -> bool:
        return self.type in ("integer", "float")

    @property
    def is_date(self) -> bool:
        return self.type in ("date", "datetime")

    def number(self, column: str) -> str | None:
        """The SQL that reads a value as a double (a date as seconds since 1970); NULL where it doesn't fit."""
        if self.is_number:
            return numerals.reading(self.style, affixed=self.affixed, column=column)
        moment = self.moment(column)
        return f"epoch({moment})" if moment else None

    def moment(self, column: str) -> str | None:
        """The SQL that reads a value as a timestamp; None where the column isn't one of dates."""
        return dates.reading(self.formats.names, column) if self.formats else None


TEXT = Typed("string")


def infer(header: str, values: Weighted) -> Typed:
    """The type of a column from its values with their counts, null tokens left out."""
    total = sum(n for _, n in values)
    if not total:
        return TEXT
    hints = headers.words(header)
    for reads in (_boolean, _date, _number, _json):
        if found := reads(hints, values, total):
            return found
    return TEXT


def _boolean(hints: Words, values: Weighted, total: int) -> Typed | None:
    if len(values) > 100:
        return None
    words = Counter[str]()
    for value, count in values:
        words[value.strip().lower()] += count
    fitting = {w: n for w, n in words.items() if w in BOOLEAN_WORDS}
    if sum(fitting.values()) < _threshold(hints, headers.BOOLEAN) * total:
        return None
    spoken = fitting.keys() & SPOKEN
    # Digits alone are numbers unless the header asks a question; one letter alone may be any code.
    if not spoken and not hints & headers.BOOLEAN:
        return None
    if len(fitting) == 1 and len(next(iter(fitting))) == 1 and not hints & headers.BOOLEAN:
        return None
    return Typed("boolean")


def _date(hints: Words, values: Weighted, total: int) -> Typed | None:
    named = bool(hints & headers.DATE)
    compact = named or (not hints & headers.IDENTIFIER and _calendar(values, total))
    if not compact and not any(c in "-/.: " for v, _ in values[:50] for c in v.strip()[1:]):
        return None
    if _share(values[:40], named=named, compact=compact) < 0.5 * FITTING_NAMED:
        return None
    parsed = [(dates.parse(v, compact=compact, epoch=named), n) for v, n in values]
    found = [(w, n) for w, n in parsed if w]
    if sum(n for _, n in found) < _threshold(hints, headers.DATE) * total:
        return None
    formats = dates.formats(found)
    return Typed("datetime" if formats.timed else "date", formats=formats)


def _calendar(values: Weighted, total: int) -> bool:
    """Whether so many digits are days of a calendar that they can be nothing else: of all numbers one in 1,200 is."""
    days = [n for v, n in values if v.isdigit() and dates.parse(v, compact=True)] if values[0][0].isdigit() else []
    return len(days) >= DAYS and sum(days) >= FITTING * total


def _share(values: Weighted, *, named: bool, compact: bool) -> float:
    total = sum(n for _, n in values)
    return sum(n for v, n in values if dates.parse(v, compact=compact, epoch=named)) / total


def _number(hints: Words, values: Weighted, total: int) -> Typed | None:
    if hints & headers.TEXT_NUMBER or (hints & headers.VERSION and not hints & {"id", "number", "no"}):
        return None
    if not any(numerals.parse(v) for v, _ in values[:: max(1, len(values) // 30)]):
        return None
    parsed = {v: numerals.parse(v) for v, _ in values}
    numbers = {v: (p, n) for v, n in values if (p := parsed[v]) is not None}
    if not numbers:
        return None
    shapes = Counter[Shape]()
    for numeral, count in numbers.values():
        shapes[numeral.shape] += count
    fitting = shapes.total()
    if fitting < _threshold(hints, headers.QUANTITY) * total:
        return None
    identifier = bool(hints & headers.IDENTIFIER) and not hints & headers.QUANTITY
    if shapes[Shape.PADDED] > 0.01 * fitting or (identifier and shapes[Shape.PADDED] + shapes[Shape.SCIENTIFIC]):
        return None
    mark = numerals.decimal_mark(numbers)
    style = numerals.style(shapes, mark)
    fractional = sum(n for v, (p, n) in numbers.items() if _is_fraction(v, p, style))
    return Typed(
        "float" if fractional > FRACTIONAL * fitting else "integer",
        style=style,
        mark=mark,
        affixed=any(p.affixed for p, _ in numbers.values()),
        unit=_unit(numbers.values()),
    )


def _is_fraction(value: str, numeral: Numeral, style: numerals.Style) -> bool:
    if style in ("comma_decimal", "space_groups"):
        return "," in value or (style == "space_groups" and "." in value)
    return numeral.shape in (Shape.DECIMAL, Shape.SCIENTIFIC) or "." in value


def _unit(numbers: Iterable[tuple[Numeral, int]]) -> str | None:
    """The unit that most of those that state one state."""
    written = Counter[str]()
    for numeral, count in numbers:
        if numeral.unit:
            written[numeral.unit] += count
    return written.most_common(1)[0][0] if written else None


def _json(_hints: Words, values: Weighted, _total: int) -> Typed | None:
    fitting = 0
    for value, count in values[:200]:
        if value.lstrip()[:1] not in ("{", "["):
            continue
        try:
            json.loads(value)
        except (ValueError, RecursionError):
            continue
        fitting += count
    return Typed("json") if fitting >= FITTING * sum(n for _, n in values[:200]) and fitting else None


def _threshold(hints: Words, words: Words) -> float:
    return FITTING_NAMED if hints & words else FITTING


def fits(typed: Typed, value: str) -> bool:
    """Whether one text fits a column's type, as its SQL would tell; for values that are few enough to look at."""
    if typed.type == "boolean":
        return value.strip().lower() in BOOLEAN_WORDS
    if typed.type == "json":
        return _json(frozenset(), [(value, 1)], 1) is not None
    return True
