"""Countries, languages and currencies: codes and names of one thing, brought to the form of nearly all of a column.

The code list decides, not the look of the words: what it doesn't know, or what may be two things, stays.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from discovery_pipeline.engine.cleansing import code_lists
from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.profiling import headers

RULE = "vocabulary.coded"

KNOWN = 0.95
"""Share of a column's cells that must be in the code list, in whatever form."""

MAIN = 0.8
"""Share of a column's cells that must be in one form."""

LEAD = 4
"""How many times more often than another the one of two usual names must stand to replace it."""

CELLS = 20
"""Cells a column must hold before its form is known."""

MOST = 500
"""Distinct values that a column of countries, languages or currencies may have, slips among them."""

_COUNTRY = frozenset(
    (
        "country", "countries", "nation", "nationality", "citizenship", "land", "pays", "pais", "país", "paese",
        "staat",
    )
)  # fmt: skip
_LANGUAGE = frozenset(("language", "languages", "lang", "langue", "sprache", "idioma", "lingua", "taal"))

_CURRENCY = frozenset(
    ("currency", "currencies", "curr", "cur", "ccy", "währung", "waehrung", "devise", "moneda", "valuta", "waluta")
)
_LISTS = (
    (code_lists.countries, _COUNTRY),
    (code_lists.languages, _LANGUAGE),
    (code_lists.currencies, _CURRENCY),
)


def plan(values: Values, evidence: Evidence) -> None:
    """Plan the column's own form of countries, languages and currencies."""
    for position in evidence.of("text", "boolean"):
        seen, words = evidence.seen[position], headers.words(values.column(position).name)
        if seen.cells < CELLS or seen.distinct > MOST:
            continue
        cells = dict(
            values.ask(
                f"SELECT value, sum(cells)::BIGINT FROM {{values}} WHERE position = {position} "
                "AND value IS NOT NULL GROUP BY value ORDER BY value"
            )
        )
        for known, hints in _LISTS:
            values.offer_list(RULE, position, in_one_form(cells, known(), hinted=bool(hints & words)))


def in_one_form(cells: Mapping[str, int], known: code_lists.CodeList, *, hinted: bool) -> dict[str, str | None]:
    """Spellings of another form, each with what its column would write.

    Codes alone could be anything: a column of these must say in its header what they are of (`hinted`), and so must
    one in which a single letter is to mean a country.
    """
    things = {value: known.meant[v] for value in cells if (v := value.casefold()) in known.meant}
    total = sum(cells.values())
    if sum(cells[value] for value in things) < KNOWN * total:
        return {}
    offered: dict[str, set[str]] = defaultdict(set)
    for form in _forms(cells, things, known, total, hinted=hinted):
        own = _own(cells, things, form)
        for value, thing in things.items():
            sure = (hinted or len(value) > 1) and not _begins_another(value, things)
            if thing in own and sure and _departs(value, own[thing], form[thing], cells):
                offered[value].add(own[thing])
    # Forms that share their codes, as far as the column goes, may differ on what it lacks.
    return {value: found.pop() for value, found in offered.items() if len(found) == 1}


def _forms(
    cells: Mapping[str, int], things: Mapping[str, str], known: code_lists.CodeList, total: int, *, hinted: bool
) -> list[Mapping[str, tuple[str, ...]]]:
    """The forms that nearly all of the column has: several if nothing tells them apart."""
    held = {
        name: sum(cells[value] for value, thing in things.items() if value in form.get(thing, ()))
        for name, form in known.forms.items()
        if hinted or name == "names"
    }
    most = max(held.values(), default=0)
    return [known.forms[name] for name, n in held.items() if n == most and n >= MAIN * total]


def _own(cells: Mapping[str, int], things: Mapping[str, str], form: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """What the column calls each thing in its form: what stands most often, or what is usual."""
    standing: dict[str, Counter[str]] = defaultdict(Counter)
    for value, thing in things.items():
        if value in form.get(thing, ()):
            standing[thing][value] = cells[value]
    return {thing: max(names, key=lambda n: standing[thing][n]) for thing, names in form.items()}


def _departs(value: str, own: str, names: tuple[str, ...], cells: Mapping[str, int]) -> bool:
    """Whether a spelling is of another form, or of the two usual ones the rare one."""
    return value != own and (value not in names or cells.get(own, 0) >= LEAD * cells[value])


def _begins_another(value: str, things: Mapping[str, str]) -> bool:
    """Whether a spelling may be what is left of another thing's: AU of AUT."""
    return any(other.startswith(value) for other, thing in things.items() if thing != things[value])
