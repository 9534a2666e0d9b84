"""Types and formats: numbers and yes/no, written one way in a column; dates have a module of their own.

A column that keeps one way of writing keeps it: what a target wants is the mapping's to say. Only what departs
from the column, or a column without a way of its own, is rewritten.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from discovery_pipeline.engine.cleansing import clocks, dates
from discovery_pipeline.engine.cleansing.doubts import doubt
from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.findings import Dimension, Finding
from discovery_pipeline.engine.profiling import numerals

OWN_WAY = 0.9
"""Share of cells from which a way of writing is the column's own."""


def plan(values: Values, evidence: Evidence) -> None:
    """Plan numbers, then clocks and dates, then yes and no."""
    _signs(values, evidence.of(*_NUMBERS))
    _numbers(values, evidence.of(*_NUMBERS))
    clocks.plan(values)
    dates.plan(values, evidence.of("date"))
    _booleans(values, [*evidence.of("boolean"), *_zeros_and_ones(evidence)])


_NUMBERS = ("integer", "float", "quantity")
_UNIT = r"(\s*\x{00B0}?[%\pL][\pL/%]*\.?)?"  # what may stand behind a number
_NUMBER = r"regexp_extract($v, '^([+-]?[\d.,]*)', 1)"
_BEHIND = r"regexp_extract($v, '^[+-]?[\d.,]*(.*)$', 1)"

_MINUS = r"\x{2012}\x{2013}\x{2212}\x{FE63}"  # dashes of a figure's width, too

_COMMA_GROUPS = r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?"
_COMMA_DECIMAL = r"[+-]?(\d*|\d{1,3}(\.\d{3})+),\d+"
_POINT_DECIMAL = r"[+-]?(\d*|\d{1,3}(,\d{3})+)\.\d+"
_SURE_GROUPS = r"[+-]?\d{1,3}(,\d{3})+\.\d+|[+-]?\d{1,3}(,\d{3}){2,}"
_EITHER_COMMA, _EITHER_POINT = r"[+-]?[1-9]\d{0,2},\d{3}", r"[+-]?[1-9]\d{0,2}\.\d{3}"


def _signs(values: Values, positions: tuple[int, ...]) -> None:
    """Plan a hyphen for the minus of typesetters, and before the number what accountants write behind its decimals."""
    before, behind = rf"^[{_MINUS}]\s?(\d|[.,]\d)", r"^(\d[\d.,]*[.,]\d+)-$"
    signed = f"regexp_replace(regexp_replace($v, '{before}', '-\\1'), '{behind}', '-\\1')"
    values.offer("number.sign", dict.fromkeys(positions, signed), f"regexp_matches($v, '{before}|{behind}')")


def _numbers(values: Values, positions: tuple[int, ...]) -> None:
    for position, written in _numerals(values, positions).items():
        if expression := _rewritten(written):
            values.offer("number.separators", {position: expression}, "contains($v, ',') OR contains($v, '.')")


@dataclass(frozen=True, slots=True)
class _Written:
    """How many of a column's cells hold a value; how many of its values are numbers of these forms."""

    cells: int
    plain: int  # cells without a comma
    bare: int  # grouped by commas, and without a unit
    grouped: int  # by commas, as far as one can see
    comma: int  # decimals after a comma, as far as one can see
    sure_groups: int
    sure_comma: int
    sure_point: int
    either_comma: int  # "1,234": a thousand and some, or one and a bit
    either_point: int


def _numerals(values: Values, positions: tuple[int, ...]) -> dict[int, _Written]:
    """How the columns among these that have commas write their numbers, by position."""
    if not positions:
        return {}
    with_comma = values.ask(
        f"SELECT DISTINCT position FROM {{values}} WHERE position IN ({_listed(positions)}) AND contains(value, ',')"
    )
    if not with_comma:
        return {}
    forms = (
        _COMMA_GROUPS, _COMMA_DECIMAL, _SURE_GROUPS, numerals.SURE_COMMA, numerals.SURE_POINT, _EITHER_COMMA,
        _EITHER_POINT,
    )  # fmt: skip
    tests = (_COMMA_GROUPS, *(f"({form}){_UNIT}" for form in forms))
    counts = ", ".join(f"count(*) FILTER (regexp_full_match(value, '{test}'))" for test in tests)
    found = values.ask(
        f"SELECT position, sum(cells), coalesce(sum(cells) FILTER (NOT contains(value, ',')), 0), {counts} FROM "
        f"{{values}} WHERE position IN ({_listed(p for (p,) in with_comma)}) AND value IS NOT NULL "
        "GROUP BY position ORDER BY position"
    )
    return {position: _Written(*counted) for position, *counted in found}


def _rewritten(written: _Written) -> str | None:
    """The expression that writes a column's numbers as most of them are; None where that might change what one says.

    Neither "1,234" becomes "1.234" nor the other way round, and no comma goes from a column with more decimal commas
    than points: whoever reads the column by its commas would take what is left for something else.
    """
    if written.sure_comma > written.sure_point:
        mixed = written.either_comma and not _few(written.sure_point, written.sure_comma)
        kept = not written.sure_point or written.either_point or mixed
        return None if kept else _where(_POINT_DECIMAL, f"replace(replace({_NUMBER}, ',', ''), '.', ',')")
    if written.plain < (1 - OWN_WAY) * written.cells:
        return None
    if written.sure_comma and written.sure_groups:
        return _strays(written)
    if written.sure_comma:
        mixed = written.either_point and not _few(written.sure_comma, written.sure_point)
        kept = written.either_comma or mixed
        return None if kept else _where(_COMMA_DECIMAL, f"replace(replace({_NUMBER}, '.', ''), ',', '.')")
    # "1,125 GB" may be one and an eighth wherever nothing else tells.
    alike = written.bare == written.grouped == written.comma and not written.either_point
    in_groups = written.sure_groups or written.sure_point or alike
    return _where(_COMMA_GROUPS, f"replace({_NUMBER}, ',', '')") if written.grouped and in_groups else None


def _strays(written: _Written) -> str | None:
    """The same for a column of points with decimal commas and thousands among them, of which each is sure."""
    few = _few(written.sure_comma, written.sure_point) and _few(written.sure_groups, written.sure_point)
    if written.either_comma or not few:
        return None
    point = f"replace(replace({_NUMBER}, '.', ''), ',', '.')"
    return (
        f"CASE WHEN regexp_full_match($v, '({numerals.SURE_COMMA}){_UNIT}') THEN {point} || {_BEHIND} "
        f"WHEN regexp_full_match($v, '({_SURE_GROUPS}){_UNIT}') THEN replace({_NUMBER}, ',', '') || {_BEHIND} "
        "ELSE $v END"
    )


def _few(some: int, others: int) -> bool:
    return some <= (1 - OWN_WAY) * others


def _where(form: str, number: str) -> str:
    """An expression that writes numbers of this form so, with what stands behind them."""
    return f"CASE WHEN regexp_full_match($v, '({form}){_UNIT}') THEN {number} || {_BEHIND} ELSE $v END"


_VOCABULARIES = (("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off"), ("1", "0"))
_MEANS = {word: yes == word for yes, no in _VOCABULARIES for word in (yes, no)}


def _zeros_and_ones(evidence: Evidence) -> list[int]:
    """Columns of whole numbers that may be 1 for yes and 0 for no, with some words among them."""
    return [p for p in evidence.of("integer") if evidence.seen[p].distinct <= len(_MEANS)]


def _booleans(values: Values, positions: Iterable[int]) -> None:
    for position in positions:
        found = values.ask(
            f"SELECT value, sum(cells)::BIGINT FROM {{values}} WHERE position = {position} AND value IS NOT NULL "
            "GROUP BY value ORDER BY 2 DESC, value"
        )
        known = {value: cells for value, cells in found if value.lower() in _MEANS}
        if sum(known.values()) < 0.98 * sum(cells for _, cells in found):
            continue
        weight = {v: sum(c for w, c in known.items() if w.lower() in v) for v in _VOCABULARIES}
        own = max(weight, key=lambda v: weight[v])
        spelling = {_MEANS[v.lower()]: v for v in reversed(known) if v.lower() in own}
        if len(spelling) < 2:
            # Only one of the two stands in the column: the other is written in the same case.
            model = next(iter(spelling.values()))
            spelling = {meaning: _like(model, own[0] if meaning else own[1]) for meaning in (True, False)}
        listed = {v: spelling[_MEANS[v.lower()]] for v in known}
        values.offer_list("boolean.words", position, {k: v for k, v in listed.items() if k != v})


def _listed(positions: Iterable[int]) -> str:
    return ", ".join(map(str, positions))


def _like(model: str, word: str) -> str:
    if model.isupper():
        return word.upper()
    return word.capitalize() if model[:1].isupper() else word


def doubtful(values: Values, evidence: Evidence) -> list[Finding]:
    """Numbers and dates that can be read two ways, and dates that are no day, by column."""
    mixed = (_mixed(values, p, written) for p, written in _numerals(values, evidence.of(*_NUMBERS)).items())
    return [*filter(None, mixed), *dates.doubtful(values, evidence.of("date"))]


def _mixed(values: Values, position: int, written: _Written) -> Finding | None:
    """Numbers that a column with commas and points before decimals leaves open, and those with the rarer of the two."""
    open_ = written.either_comma and written.either_point and not (written.sure_comma or written.sure_point)
    if not open_ and not (written.sure_comma and written.sure_point):
        return None
    rarer = numerals.SURE_POINT if written.sure_comma > written.sure_point else numerals.SURE_COMMA
    forms = "|".join((rarer, _EITHER_COMMA, _EITHER_POINT))
    return doubt(
        values,
        position,
        f"regexp_full_match($v, '({forms}){_UNIT}')",
        "number.ambiguous",
        values_are=("number", "numbers"),
        evidence="of a column that writes decimals after commas and after points",
        action="Say what these numbers are, or what stands before decimals in this column; nothing was changed.",
        dimension=Dimension.CONSISTENCY,
    )
