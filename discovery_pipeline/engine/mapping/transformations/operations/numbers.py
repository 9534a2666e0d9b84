"""Numbers: reading them however countries write them, converting their units, rounding."""

from __future__ import annotations

import re
from collections.abc import Sequence

from discovery_pipeline.engine import duck, units
from discovery_pipeline.engine.mapping.transformations.operations.arguments import (
    Argument,
    Misfit,
    Resolve,
    filled,
    found,
    texts,
    whole,
)

_GAPS = "'\u00a0\u202f "  # what parts thousands in any country, and decimals in none
_SPACE = "[\\s\u00a0\u202f]*"
_WHOLE = rf"(?:\d+|[1-9]\d{{0,2}}(?:,\d{{3}})+|[1-9]\d{{0,2}}(?:[{_GAPS}]\d{{3}})+)"
_WHOLE_BEFORE_COMMA = rf"(?:\d+|[1-9]\d{{0,2}}(?:\.\d{{3}})+|[1-9]\d{{0,2}}(?:[{_GAPS}]\d{{3}})+)"
_MONEY = r"(?:USD|EUR|GBP|CHF|JPY|INR|[$€£¥₹])"


def to_integer(value: str, arguments: Sequence[Argument] = (), _: Resolve | None = None) -> str:
    """A whole number."""
    # A fraction is not rounded away: "16.0" is 16, "16.5" can't be converted.
    mark, whole = _numeral(arguments)
    digits = found(_points_as_commas(value, mark), rf"^{_SPACE}([+-]?{whole})(?:{re.escape(mark)}0*)?{_SPACE}$")
    return f"CAST(TRY_CAST({_ungrouped(digits, mark)} AS HUGEINT) AS VARCHAR)"


def to_number(value: str, arguments: Sequence[Argument] = (), _: Resolve | None = None) -> str:
    """A number, or a sum."""
    # The digits stay text: nothing is rounded. A sum in brackets is owed.
    mark, whole = _numeral(arguments)
    point = re.escape(mark)
    decimal = rf"(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?"
    sign = rf"(?:\+|(-))?{_SPACE}{_MONEY}?|{_MONEY}\s*(-)"
    written = duck.text(rf"^{_SPACE}(?:{sign}){_SPACE}({decimal}){_SPACE}{_MONEY}?{_SPACE}$")
    owed = rf"regexp_replace({_points_as_commas(value, mark)}, '^\s*\(\s*([^-+()]+?)\s*\)\s*$', '-\1')"
    parts = f"regexp_extract({owed}, {written}, ['sign', 'inner', 'number'])"
    signed = f"list_transform([{parts}], lambda __is: __is.sign || __is.inner || __is.number)[1]"
    return f"replace({_ungrouped(filled(signed), mark)}, ',', '.')"


def _numeral(arguments: Sequence[Argument]) -> tuple[str, str]:
    """The mark before decimals, and the pattern of what stands before it."""
    if len(arguments) > 1 or (arguments and arguments[0] not in (".", ",")):
        raise Misfit('takes what stands before decimals, "." or ","')
    return (",", _WHOLE_BEFORE_COMMA) if arguments and arguments[0] == "," else (".", _WHOLE)


def _ungrouped(number: str, mark: str) -> str:
    """A number without what parts its thousands."""
    return f"translate({number}, {duck.text(('.' if mark == ',' else ',') + _GAPS)}, '')"


def convert(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    """Numbers in another unit; one written beside a value wins."""
    return _plain(converted(value, arguments))


def converted(value: str, arguments: Sequence[Argument]) -> str:
    """As `convert`, as a DOUBLE with all its decimals."""
    mark, whole = _numeral(arguments[2:])
    source, target = texts(arguments[:2], 2, 2, 'two units such as "GB", "MB", and what stands before decimals')
    stated = units.factor(source, target)
    if stated is None:
        known = ", ".join(unit for unit in ("B", "KB", "MB", "GB", "TB", "MB/s", "MHz", "GHz", "percent", "s"))
        raise Misfit(f"{source!r} can't become {target!r}; units of one kind are needed, e.g. {known}")
    point = re.escape(mark)
    number = rf"([+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?)|([+-]?\d{{1,3}}(?:\.\d{{3}})+,\d+)"
    written = duck.text(rf"^{_SPACE}(?:{number}){_SPACE}(%|[A-Za-z]+(?:/s)?)?{_SPACE}$")
    parts = f"regexp_extract({_with_mark(value, mark)}, {written}, ['number', 'grouped', 'unit'])"
    factors = {"": stated} | units.spellings(target)
    spelt, factor = ", ".join(map(duck.text, factors)), ", ".join(f"{f!r}::DOUBLE" for f in factors.values())
    plain = f"replace({_ungrouped('__is.number', mark)} || {_ungrouped('__is.grouped', ',')}, ',', '.')"
    each = f"MAP([{spelt}], [{factor}])[lower(__is.unit)]"
    return f"list_transform([{parts}], lambda __is: TRY_CAST({plain} AS DOUBLE) * {each})[1]"


def _points_as_commas(value: str, mark: str) -> str:
    """A number with a point as a column of decimal commas has it. In another column a comma is a slip, and is told."""
    return _with_mark(value, mark) if mark == "," else value


def _with_mark(value: str, mark: str) -> str:
    """The other mark as this one where it parts no thousands: "1,5" is one and a half, "1,500" may be either."""
    other = re.escape("." if mark == "," else ",")
    decimals = rf"(0|\d{{4,}}){other}(\d+)|(\d*){other}(\d{{1,2}}|\d{{4,}})"
    return rf"regexp_replace({value}, '^({_SPACE}[+-]?)(?:{decimals})(\D*)$', '\1\2\4{mark}\3\5\6')"


def _plain(double: str) -> str:
    """A DOUBLE as text: at most six decimals, none that say nothing, and no exponent; NULL where it isn't finite."""
    finite = "nullif(nullif(__double, 'inf'::DOUBLE), '-inf'::DOUBLE)"
    shown = f"regexp_replace(printf('%.6f', {finite}), '\\.?0+$', '')"
    return f"list_transform([{double}], lambda __double: {shown})[1]"


def round_(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    """So many decimals."""
    if len(arguments) > 1:
        raise Misfit("takes how many decimals to keep")
    decimals = whole(arguments[0], "how many decimals to keep") if arguments else 0
    if not 0 <= decimals <= 6:
        raise Misfit("keeps 0 to 6 decimals")
    return _plain(f"round({unrounded(value)}, {decimals})")


def unrounded(value: str, _: Sequence[Argument] = ()) -> str:
    """As `round` reads it: a DOUBLE with all its decimals."""
    return f"TRY_CAST({to_number(value)} AS DOUBLE)"
