"""Quantities: numbers with a unit beside them, brought to the unit of their column.

The header's unit wins; without one, the unit and spelling that most cells share.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from discovery_pipeline.engine import duck, units
from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.model import Tier
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.profiling import numerals

_EVERYDAY = ("mass", "ounces", "volume", "length", "power", "voltage")
_NAMES = {
    spelling: unit.name
    for quantity in _EVERYDAY
    for spelling, unit in units.written(quantity).items()
    if unit.name != "in"  # in a header it is a preposition
} | {"g": "g", "m": "m"}  # beside a number these are sizes, but not where the header says grams or metres
"""Spellings of everyday units, wherever they stand in a header, and the unit that each is of."""
_NOT_ONLY_SIZES = {"g": ("g", "mass"), "m": ("m", "length")}
"""Spellings of sizes that are signs of another unit, too: 6 g beside 2 kg are grams."""

MAIN = 0.6
"""Share of a column's quantities that must be of one unit for it to be the column's own without asking."""

CELLS = 20
"""Cells of a column's own unit that it takes to know how many decimals they have."""

FIXED = 0.9
"""Share of these that must have as many for the others to have them, too."""

BARE = 0.1
"""Share of a column's cells that must be plain numbers for a letter behind others not to be a unit by itself."""

_MACHINES = ("size", "rate", "frequency")
"""What is of one unit in a table of machines: of durations each may be in the unit that suits it."""

_GROUPED = r"^[+-]?[1-9]\d{0,2}(\.\d{3})+([^\d.]|$)"
_DECIMAL = r"^[+-]?\d*\.(\d{1,2}|\d{4,})([^\d.]|$)|^[+-]?0\.\d"
DIGITS: Mapping[numerals.Mark, str] = {
    ".": r"[+-]?\d[\d.]*",
    ",": r"[+-]?(?:[1-9]\d{0,2}(?:\.\d{3})+|\d+)(?:,\d+)?",
}
"""Numbers by what stands before their decimals."""
_COMMA = r"^[+-]?[\d.]*\d,(\d{1,2}|\d{4,})([^\d,]|$)|^[+-]?0,\d"


@dataclass(frozen=True, slots=True)
class _Unit:
    name: str
    quantity: str
    factor: float  # how many base units of its quantity


@dataclass(frozen=True, slots=True)
class _Decimals:
    """How many decimals a column's own numbers have."""

    most: int | None  # None: too few numbers to say
    fixed: bool  # nearly all have as many
    padded: bool  # some end in a zero


_FRONT_OF = r"[0-9]+(?:\.[0-9]+)?\s*"
_FRONT = r"try_cast(regexp_extract(value, '^([0-9]+(?:\.[0-9]+)?)', 1) AS DOUBLE)"

ANY_DECIMALS = _Decimals(most=None, fixed=False, padded=False)


def _unit(spelling: str) -> _Unit | None:
    plain = spelling.strip().rstrip(".").lower()
    known = units.unit(plain)
    if known is None:
        return None
    return _Unit(known.name, known.quantity, units.in_base(known.name))


def _in_header(header: str) -> _Unit | None:
    stated = units.in_header(header)
    if stated:
        return _unit(stated.name)
    words = [w for w in "".join(c if c.isalpha() else " " for c in header).lower().split() if len(w) > 1]
    return next((u for w in reversed(words) if w in _NAMES and (u := _unit(w))), None)


def plan(values: Values, evidence: Evidence) -> None:
    """Plan the conversions of a column's cells to its own unit."""
    for position, header, mark in _columns(values, evidence):
        shares = evidence.seen[position].shares
        _convert_all(values, position, header, mark, bare=shares["integer"] + shares["float"] >= BARE)


def plan_notes(values: Values, evidence: Evidence) -> None:
    """Plan the removal of words after the unit, where the header names it."""
    for position, header, mark in _columns(values, evidence):
        if header:
            spellings = "|".join(sorted(s for s, n in _NAMES.items() if n == header.name) or _spelled(header.name))
            written = rf"{DIGITS[mark]}\s*({spellings})\.?\s+\pL[^\d]*"
            number = _number(1.0, mark)
            note = f"CASE WHEN regexp_full_match($v, '{written}', 'i') THEN {number} ELSE $v END"
            values.offer("quantity.note", {position: note}, r"regexp_matches($v, '^[+-]?\d.*\pL$')")


def _columns(values: Values, evidence: Evidence) -> Iterator[tuple[int, _Unit | None, numerals.Mark]]:
    """Columns of numbers with units: the unit their header names, and what stands before decimals.

    Left out are those where a point may part thousands, since nothing tells: "65.536 MB" where every number with a
    point has three digits after it. So would 1152 MB be among them, written as "1.125" GB. Neither can anybody tell
    where some decimals stand after commas and others after points.
    """
    for position in evidence.of("quantity", "float", "integer", "text"):
        seen, header = evidence.seen[position], _in_header(values.column(position).name)
        measured = header if seen.kind == "text" else header or seen.shares["quantity"] > 0
        if seen.digits >= 0.8 and measured and (mark := decimal_mark(values, position)):
            yield position, header, mark


def decimal_mark(values: Values, position: int) -> numerals.Mark | None:
    """What stands before a column's decimals; None where its numbers can be read two ways."""
    [(grouped, decimal, comma)] = values.ask(
        rf"""
        SELECT coalesce(bool_or(regexp_matches(value, '{_GROUPED}')), false),
            coalesce(bool_or(regexp_matches(value, '{_DECIMAL}')), false),
            coalesce(bool_or(regexp_matches(value, '{_COMMA}')), false)
        FROM {{values}} WHERE position = {position}"""
    )
    if comma:
        return None if decimal else ","
    return "." if decimal or not grouped else None


def _spelled(unit: str) -> list[str]:
    return [spelling for spelling, factor in units.spellings(unit).items() if factor == 1 and spelling.isalpha()]


def _convert_all(values: Values, position: int, header: _Unit | None, mark: numerals.Mark, *, bare: bool) -> None:
    number = DIGITS[mark]
    found = values.ask(
        rf"SELECT regexp_extract(value, '^{number}(\s*)([%\pL][\pL/%]*\.?)$', 2) AS spelling, "
        rf"regexp_extract(value, '^{number}(\s*)([%\pL][\pL/%]*\.?)$', 1), sum(cells)::BIGINT "
        f"FROM {{values}} WHERE position = {position} AND try_cast(value AS DOUBLE) IS NULL "
        "GROUP BY ALL ORDER BY 3 DESC, 1, 2"
    )
    written = [(spelling, gap, cells, _unit(spelling)) for spelling, gap, cells in found if spelling]
    spoken = {u.quantity for spelling, *_, u in written if u and spelling.lower() not in _NOT_ONLY_SIZES}
    spoken |= {header.quantity} if header else set()
    known = [(spelling, gap, cells, _meant(spelling, u, spoken)) for spelling, gap, cells, u in written if u]
    if not known or (bare and not header and all(len(spelling) == 1 for spelling, *_ in known)):
        return  # beside plain numbers 1k is a thousand
    tier: Tier = "auto"
    if header and any(u.quantity == header.quantity for *_, u in known):
        target, ending = header, ""
    elif header:
        return
    else:
        totals = Counter[tuple[str, str]]()
        for _, _, cells, u in known:
            totals[u.name, u.quantity] += cells
        (name, quantity), most = totals.most_common(1)[0]
        if most < MAIN * totals.total():
            if quantity not in _MACHINES or any(len(spelling) < 2 for spelling, *_ in known):
                return
            tier = "suggest"
        spelling, gap, _, target = next(k for k in known if k[3].name == name)
        ending = gap + spelling
    factors = {s.lower(): u.factor / target.factor for s, _, _, u in known if u.quantity == target.quantity}
    if target.quantity == "share":
        # 5 % among 0.05 may be 0.05 or 5: only a person can say.
        return
    own = duck.text(number + re.escape(ending)) if ending else "''"
    written_so = rf"regexp_matches($v, '^[+-]?\d.*[%\pL]\.?$') AND NOT regexp_full_match($v, {own})"
    decimals = _decimals(values, position, number + re.escape(ending), mark)
    if target.quantity == "size":
        of_thousands = _of_thousands(
            values, position, own, {s: u for s, _, _, u in known if u.name != target.name}, target
        )
        factors = {s: f for s, f in factors.items() if s not in of_thousands}
    expression = _convert(factors, ending, mark, decimals)
    if mark == "." or _tells(values, position, f"CASE WHEN {written_so} THEN {expression} ELSE $v END"):
        values.offer("quantity.unit", {position: expression}, written_so, tier=tier)


def _of_thousands(
    values: Values, position: int, own: str, others: Mapping[str, _Unit], target: _Unit
) -> frozenset[str]:
    """Spellings whose numbers, counted in thousands, are among the column's own, and counted in 1024s are not."""
    held = f"SELECT DISTINCT {_FRONT} AS x FROM {{values}} WHERE position = {position} AND value IS NOT NULL "
    held += f"AND (try_cast(value AS DOUBLE) IS NOT NULL OR regexp_full_match(value, {own}))"
    found = set()
    for spelling, unit in others.items():
        by = unit.factor / target.factor
        thousands = 1000.0 ** round(math.log(by, 1024))
        [(decimal, binary)] = values.ask(
            f"SELECT coalesce(sum(cells) FILTER (n * {thousands!r} IN ({held})), 0), "
            f"coalesce(sum(cells) FILTER (n * {by!r} IN ({held})), 0) FROM ("
            f"SELECT cells, {_FRONT} AS n FROM {{values}} WHERE position = {position} "
            f"AND regexp_full_match(value, {duck.text(_FRONT_OF + re.escape(spelling))}))"
        )
        if decimal > binary:
            found.add(spelling.lower())
    return frozenset(found)


def _decimals(values: Values, position: int, own: str, mark: numerals.Mark) -> _Decimals:
    """How many decimals the numbers have that are written as the column's own."""
    found = values.ask(
        f"""
        SELECT length(decimals), sum(cells)::BIGINT, bool_or(decimals LIKE '%0') FROM (
            SELECT cells, regexp_extract(value, '{re.escape(mark)}([0-9]+)', 1) AS decimals FROM {{values}}
            WHERE position = {position} AND regexp_full_match(value, {duck.text(own)})
        ) GROUP BY 1 ORDER BY 2 DESC, 1"""
    )
    total = sum(cells for _, cells, _ in found)
    padded = any(zeros for *_, zeros in found)
    if total < CELLS:
        return _Decimals(most=None, fixed=False, padded=padded)
    fixed = found[0][1] >= FIXED * total
    return _Decimals(found[0][0] if fixed else max(places for places, *_ in found), fixed=fixed, padded=padded)


def _tells(values: Values, position: int, expression: str) -> bool:
    """Whether a column of decimal commas shows that it is one once it is written so: "1,125" alone may be thousands."""
    [(told,)] = values.ask(
        f"SELECT coalesce(bool_or(regexp_matches(v, '{_COMMA}')), false) OR NOT bool_or(regexp_matches(v, '[.,]\\d')) "
        f"FROM (SELECT {expression.replace('$v', 'value')} AS v FROM {{values}} WHERE position = {position})"
    )
    return told


def _meant(spelling: str, known: _Unit, spoken: set[str]) -> _Unit:
    """The unit of a spelling, or the other one that is written so, where the column speaks of its quantity."""
    other = _NOT_ONLY_SIZES.get(spelling.lower())
    if other and other[1] in spoken and known.quantity not in spoken:
        return _Unit(*other, units.in_base(other[0]))
    return known


def _convert(factors: Mapping[str, float], ending: str, mark: numerals.Mark, decimals: _Decimals) -> str:
    """An expression that writes a quantity in another unit, with the decimals of its column."""
    spelling = rf"lower(regexp_extract($v, '^{DIGITS[mark]}\s*([%\pL][\pL/%]*\.?)$', 1))"
    cases = " ".join(
        f"WHEN {duck.text(s)} THEN {_text(mark) if f == 1 and decimals.padded else _number(f, mark, decimals)}"
        for s, f in sorted(factors.items())
    )
    return f"coalesce(CASE {spelling} {cases} END || {duck.text(ending)}, $v)"


def _text(mark: numerals.Mark) -> str:
    return f"regexp_extract($v, '^({DIGITS[mark]})', 1)"


def _number(factor: float, mark: numerals.Mark, decimals: _Decimals = ANY_DECIMALS) -> str:
    """The number at the front of a cell times a factor; null where it is none.

    As long as the column's numbers are, where that says the same; else in its shortest decimal form.
    """
    plain = _text(mark) if mark == "." else f"replace(replace({_text(mark)}, '.', ''), ',', '.')"
    exact = f"(try_cast({plain} AS DECIMAL(24, 6)) * {factor!r}::DOUBLE)"
    written = _shortest(exact)
    if factor != 1 and decimals.most is not None:
        rounded = f"round({exact}, {decimals.most})"
        # No more than the source's last digit leaves open; where the column has any number of decimals, nor than
        # anybody would round a number of this length.
        given = rf"10.0 ** -length(regexp_extract({plain}, '\.(\d+)', 1))"
        open_ = f"{factor / 2!r} * {given}"
        if not decimals.fixed:
            open_ = f"least({open_}, {0.05 * 10**-decimals.most!r})"
        open_ = f"({open_}) * 1.000001"
        alike = f"printf('%.{decimals.most}f', {rounded})" if decimals.fixed else _shortest(rounded)
        written = f"CASE WHEN abs({rounded} - {exact}) <= {open_} THEN {alike} ELSE {written} END"
    return written if mark == "." else f"replace({written}, '.', ',')"


def _shortest(number: str) -> str:
    return rf"regexp_replace(regexp_replace(printf('%.6f', {number}), '(\.\d*?)0+$', '\1'), '\.$', '')"
