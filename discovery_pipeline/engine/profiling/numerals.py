"""Numerals: numbers as people write them, and the SQL that reads them.

How a column writes its numbers is decided once for the column, by evidence over its values: "1.234" is a thousand and
some in a column that also has "1.234,50", and one and a bit in one that also has "0.5".
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from discovery_pipeline.engine import units
from discovery_pipeline.engine.magnitudes import Measured
from discovery_pipeline.engine.profiling import headers

Style = Literal["plain", "comma_groups", "comma_decimal", "space_groups"]
Mark = Literal[",", "."]

DIALLED = 9
"""Digits from which a plus before them is that of a telephone number."""

_SIGNS = r"(?:USD|EUR|GBP|CHF|JPY|INR|[$€£¥₹])"
_NUMERAL = re.compile(
    rf"""^\s*(?P<before>[(]?\s*{_SIGNS}?)\s*
    (?P<number>[+-]?(?:\d[\d.,'\u00a0\u202f ]*|[.,]\d+)(?:[eE][+-]?\d+)?)
    \s*(?P<unit>%|[^\W\d_]{{1,12}}(?:/s)?|[$€£¥₹])?\s*[)]?\s*$""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_INTEGER = re.compile(r"[+-]?\d+")
_COMMA_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_DOT_GROUPS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?")
_COMMA_DECIMAL = re.compile(r"[+-]?\d*,\d+")
_GAPS = str.maketrans("", "", "\u00a0\u202f' ")
_SPACE_GROUPS = re.compile(r"[+-]?\d{1,3}(?:[\u00a0\u202f' ]\d{3})+(?:[.,]\d+)?")

SURE_COMMA = r"[+-]?(?:\d*,(?:\d{1,2}|\d{4,})|0,\d+|\d{4,},\d+|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,})"
SURE_POINT = r"[+-]?(?:\d*\.(?:\d{1,2}|\d{4,})|0\.\d+|\d{4,}\.\d+|\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:,\d{3}){2,})"
"""Numbers in which the decimals can only stand after a comma, or a point: "1,234" and "1.234" are neither."""
_SURE = {mark: re.compile(pattern) for mark, pattern in ((",", SURE_COMMA), (".", SURE_POINT))}

_CURRENCIES: Mapping[str, str] = {
    **{"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"},
    **{code.lower(): code for code in ("USD", "EUR", "GBP", "JPY", "INR", "CHF")},
}


class Shape(StrEnum):
    """How a numeral is written."""

    INTEGER = "integer"
    PADDED = "padded"  # leading zeros: a name made of digits
    DECIMAL = "decimal"
    SCIENTIFIC = "scientific"
    COMMA_GROUPS = "comma_groups"
    DOT_GROUPS = "dot_groups"
    COMMA_DECIMAL = "comma_decimal"
    SPACE_GROUPS = "space_groups"


@dataclass(frozen=True, slots=True)
class Numeral:
    """One value taken apart."""

    shape: Shape
    unit: str | None  # in its usual spelling
    written: str | None  # the unit as it stands beside the number
    affixed: bool  # with anything but digits and separators around it


def unit(spelling: str) -> str | None:
    """The usual spelling of a unit or currency; None where it is neither."""
    known = units.unit(spelling)
    return known.name if known else _CURRENCIES.get(spelling.strip().lower())


def unit_in_header(header: str) -> str | None:
    """The unit or currency that a header states: "ram_gb" gives GB; None where it states none, or two currencies."""
    if known := units.in_header(header):
        return known.name
    found = {_CURRENCIES[w] for w in headers.words(header) if w in _CURRENCIES}
    return min(found) if len(found) == 1 else None


def parse(value: str) -> Numeral | None:
    """Take a numeral apart; None for anything that isn't one, or whose unit nobody knows."""
    if _PLAIN.fullmatch(value):
        bare = _shape(value)
        return Numeral(bare, None, None, affixed=False) if bare else None
    found = _NUMERAL.match(value)
    if not found:
        return None
    number, sign = found["number"].rstrip(), found["before"].strip(" (")
    written = found["unit"] or sign or None
    known = unit(written) if written else None
    shape = _shape(number)
    if shape is None or (written and not known):
        return None
    return Numeral(shape, known, written, affixed=bool(written) or "(" in value)


def _shape(number: str) -> Shape | None:
    if _INTEGER.fullmatch(number):
        digits = number.lstrip("+-")
        if number.startswith("+") and len(digits) >= DIALLED:
            return None
        return Shape.PADDED if len(digits) > 1 and digits[0] == "0" else Shape.INTEGER
    if _PLAIN.fullmatch(number):
        return Shape.SCIENTIFIC if "e" in number.lower() else Shape.DECIMAL
    for shape, pattern in (
        (Shape.COMMA_GROUPS, _COMMA_GROUPS),
        (Shape.DOT_GROUPS, _DOT_GROUPS),
        (Shape.COMMA_DECIMAL, _COMMA_DECIMAL),
        (Shape.SPACE_GROUPS, _SPACE_GROUPS),
    ):
        if pattern.fullmatch(number):
            return shape
    return None


def style(shapes: Counter[Shape], mark: Mark | None) -> Style:
    """How a column writes its numbers, by how many values have each shape and what stands before decimals."""
    if shapes[Shape.SPACE_GROUPS]:
        return "space_groups"
    if mark == ",":
        return "comma_decimal"
    return "comma_groups" if shapes[Shape.COMMA_GROUPS] else "plain"


def decimal_mark(values: Iterable[str]) -> Mark | None:
    """What stands before decimals in most of the numbers that leave no doubt; None where no number tells."""
    telling = (value for value in values if "," in value or "." in value)
    numbers = [found["number"].translate(_GAPS) for found in map(_NUMERAL.match, telling) if found]
    comma, point = (sum(bool(_SURE[mark].fullmatch(number)) for number in numbers) for mark in (",", "."))
    if comma > point:
        return ","
    return "." if point else None


def reading(style: Style, *, affixed: bool, column: str) -> str:
    """The SQL that reads a column's numerals as doubles; NULL for what is none, and for infinity.

    Parameters
    ----------
    column
        The SQL of the text, `c3`.
    """
    number = column
    if affixed:
        # Only one number may stand in it: "16 GB" is sixteen, "2 x 16 GB" is not 216.
        number = f"regexp_extract({column}, '^[^0-9.,+-]*([+-]?[0-9.,'' ]*[0-9])[^0-9]*$', 1)"
    if style == "comma_groups":
        number = f"replace({number}, ',', '')"
    elif style == "comma_decimal":
        number = f"replace(replace({number}, '.', ''), ',', '.')"
    elif style == "space_groups":
        number = f"replace(regexp_replace({number}, '[\u00a0\u202f'' ]', '', 'g'), ',', '.')"
    return f"try_cast({number} as double)"


def measured(values: Iterable[tuple[str, int]]) -> tuple[Measured, ...]:
    """The numbers among these values with their counts, and the units that stand beside them."""
    found = [(value, numeral, count) for value, count in values if (numeral := parse(value)) is not None]
    shapes = Counter[Shape]()
    for _, numeral, count in found:
        shapes[numeral.shape] += count
    written = style(shapes, decimal_mark(value for value, _, _ in found))
    numbers = ((_number(value, written), numeral.unit, count) for value, numeral, count in found)
    return tuple(Measured(number, unit, count) for number, unit, count in numbers if number is not None)


def _number(value: str, style: Style) -> float | None:
    """What a numeral says in a column of this style, as `reading` has it."""
    found = _NUMERAL.match(value)
    text = found["number"].translate(_GAPS) if found else ""
    if style == "comma_groups":
        text = text.replace(",", "")
    elif style == "comma_decimal":
        text = text.replace(".", "").replace(",", ".")
    elif style == "space_groups":
        text = text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
