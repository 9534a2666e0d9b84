"""Marks: units and currencies beside a number, where nearly all of its column has another habit.

A mark that nearly no number has is left out; one that nearly all have is written where it lacks. Neither changes the
number, so the number must be of the size that the others are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from discovery_pipeline.engine import duck, units
from discovery_pipeline.engine.cleansing import code_lists, quantities
from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.profiling import numerals

RULE = "quantity.mark"

MAIN = 0.8
"""Share of a column's cells that must be marked alike, or not at all."""

CELLS = 20
"""Cells a column must hold before its habit is known."""

_NUMBER: Mapping[numerals.Mark, str] = {".": r"[+-]?\d+(?:\.\d+)?", ",": quantities.DIGITS[","]}
"""Numbers by what stands before their decimals."""
_SIGN = r"(\p{Sc}|\pL{1,4}\.?|)"
_AMOUNT = rf"^{_SIGN}\s*([+-]?\d{{1,3}}(?:[.,\x{{27}}\x{{2019}}\x{{A0}} ]?\d{{3}})*[.,](\d\d))\s*{_SIGN}$"
"""An amount of money with cents, however its thousands are parted."""
_CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "Fr.": "CHF"}


@dataclass(frozen=True, slots=True)
class _Mark:
    """What stands before and after the number in some cells of a column, and how large these numbers are."""

    before: str
    after: str
    cells: int
    least: float
    most: float

    @property
    def word(self) -> str:
        return self.before.strip() or self.after.strip().removesuffix(".")

    @property
    def currency(self) -> str:
        """Its code, if the mark is one: a sign's, or three capitals that stand before the number."""
        return _CURRENCIES.get(self.word, self.word if re.fullmatch("[A-Z]{3}", self.word) else "")


def plan(values: Values, evidence: Evidence) -> None:
    """Plan to leave marks out, or to write them, as in nearly all of each column."""
    for position in evidence.of("integer", "float", "quantity"):
        if _money(values, position):
            continue
        decimal = quantities.decimal_mark(values, position) or "."
        marks = _marks(values, position, decimal)
        total = evidence.seen[position].cells
        if len(marks) < 2 or total < CELLS or marks[0].cells < MAIN * total:
            continue
        own, others = marks[0], marks[1:]
        if own.word:
            _write(values, position, own, decimal)
            continue
        header = {w.lower() for w in re.findall(r"[A-Za-z]+", values.column(position).name)}
        odd = [m for m in others if _superfluous(m, own, header, others)]
        if odd:
            _leave_out(values, position, own, odd, decimal)


def _money(values: Values, position: int) -> bool:
    """Plan plain numbers for amounts with one currency that may write their decimals after a comma; whether any is."""
    [(plain,)] = values.ask(
        "SELECT sum(cells) FILTER (try_cast(value AS DOUBLE) IS NOT NULL) / sum(cells) FROM {values} "
        f"WHERE position = {position} AND value IS NOT NULL"
    )
    if (plain or 0) < MAIN or plain == 1:
        return False
    found = values.ask(
        f"""
        SELECT DISTINCT m.before, m.after FROM (
            SELECT regexp_extract(value, '{_AMOUNT}', ['before', 'number', 'cents', 'after']) AS m FROM {{values}}
            WHERE position = {position} AND try_cast(value AS DOUBLE) IS NULL
        ) WHERE m.cents <> ''"""
    )
    known = code_lists.currencies().meant
    meant = {known.get(word.casefold()) for marks in found for word in marks if word}
    if len(meant) != 1 or None in meant:
        return False
    number = f"regexp_replace(regexp_extract($v, '{_AMOUNT}', 2), '[^0-9+-]', '', 'g')"
    written = f"left({number}, -2) || '.' || right({number}, 2)"
    odd = f"try_cast($v AS DOUBLE) IS NULL AND regexp_full_match($v, '{_AMOUNT}')"
    one = f"(regexp_extract($v, '{_AMOUNT}', 1) = '') <> (regexp_extract($v, '{_AMOUNT}', 4) = '')"
    return bool(values.offer(RULE, {position: f"CASE WHEN {one} THEN {written} ELSE $v END"}, odd))


def _marks(values: Values, position: int, decimal: numerals.Mark) -> list[_Mark]:
    """The marks of a column, no mark among them, the most frequent first."""
    split = rf"^((?:\p{{Sc}}|[A-Z]{{3}}|Fr\.)?\s*)({_NUMBER[decimal]})(\s*(?:%|\x{{00B0}}?\pL+\.?|\p{{Sc}})?)$"
    found = values.ask(
        f"""
        WITH numbers AS (
            SELECT value, cells, {_read("value", decimal)} AS x FROM {{values}}
            WHERE position = {position} AND value IS NOT NULL
        ),
        split AS (
            SELECT cells, regexp_extract(value, '{split}', ['before', 'number', 'after']) AS m
            FROM numbers WHERE x IS NULL
        )
        SELECT '', '', sum(cells)::BIGINT AS n, min(x), max(x) FROM numbers WHERE isfinite(x) HAVING n > 0
        UNION ALL
        SELECT m.before, m.after, sum(cells)::BIGINT, min({_read("m.number", decimal)}),
            max({_read("m.number", decimal)}) FROM split
        WHERE m.number <> '' GROUP BY ALL ORDER BY 3 DESC, 1, 2"""
    )
    return [_Mark(*row) for row in found]


def _superfluous(mark: _Mark, own: _Mark, header: set[str], others: Sequence[_Mark]) -> bool:
    """Whether a mark says what the others don't need to say: what the header does, the one currency, or per cent."""
    if mark.word == "%":
        return own.most > 1
    if mark.currency:
        return len({m.currency for m in others if m.currency}) == 1
    word = mark.word.removeprefix("°").lower()
    return word in header or (units.unit(word) is None and any(said.startswith(word) for said in header))


def _leave_out(values: Values, position: int, own: _Mark, odd: Sequence[_Mark], decimal: numerals.Mark) -> None:
    """Plan numbers without these marks."""
    digits = _NUMBER[decimal]
    written = "|".join(f"{re.escape(m.before)}{digits}{re.escape(m.after)}" for m in odd)
    number = rf"regexp_extract($v, '({digits})', 1)"
    # Of what has no currency, a number of another size may be of another unit.
    alike = "true" if all(m.currency for m in odd) else _between(number, own, decimal)
    fits = f"regexp_full_match($v, {duck.text(written)}) AND {alike}"
    bare = f"CASE WHEN {fits} THEN {number} ELSE $v END"
    values.offer(RULE, {position: bare}, f"{_read('$v', decimal)} IS NULL")


def _write(values: Values, position: int, own: _Mark, decimal: numerals.Mark) -> None:
    """Plan the column's mark for numbers without one."""
    if own.most > 1:
        marked = f"{duck.text(own.before)} || $v || {duck.text(own.after)}"
        written = f"CASE WHEN {_between('$v', own, decimal)} THEN {marked} END"
        values.offer(RULE, {position: f"coalesce({written}, $v)"}, f"regexp_full_match($v, '{_NUMBER[decimal]}')")


def _between(number: str, own: _Mark, decimal: numerals.Mark) -> str:
    return f"{_read(number, decimal)} BETWEEN {own.least!r} AND {own.most!r}"


def _read(text: str, decimal: numerals.Mark) -> str:
    """An expression that reads a number without a mark; null where it is none."""
    if decimal == ".":
        return f"try_cast({text} AS DOUBLE)"
    plain = f"replace(replace({text}, '.', ''), ',', '.')"
    return f"CASE WHEN regexp_full_match({text}, '{_NUMBER[decimal]}') THEN try_cast({plain} AS DOUBLE) END"
