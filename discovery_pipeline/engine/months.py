"""Months by name: in several languages, in full and short, and the SQL that writes them in English.

DuckDB reads English names alone. So a format of dates whose months are named otherwise says the language at its end:
"%d %B %Y [fr]". There "%B" is any name that this language has for a month, in full or short, with a point or without,
whatever the case and the accents. No name means one month in one language and another month in another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

_NAMES: Mapping[str, str] = {
    "en": "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep|"
    "october oct|november nov|december dec",
    "de": "januar jänner jaenner jan jän|februar feber feb|märz maerz mär mrz|april apr|mai|juni jun|juli jul|"
    "august aug|september sept sep|oktober okt|november nov|dezember dez",
    "fr": "janvier janv jan|février févr fév|mars mar|avril avr|mai|juin|juillet juil|août aoû|septembre sept sep|"
    "octobre oct|novembre nov|décembre déc",
    "es": "enero ene|febrero feb|marzo mar|abril abr|mayo may|junio jun|julio jul|agosto ago|"
    "septiembre setiembre sept sep set|octubre oct|noviembre nov|diciembre dic",
    "it": "gennaio genn gen|febbraio febbr feb|marzo mar|aprile apr|maggio magg mag|giugno giu|luglio lug|agosto ago|"
    "settembre sett set|ottobre ott|novembre nov|dicembre dic",
    "nl": "januari jan|februari febr feb|maart mrt|april apr|mei|juni jun|juli jul|augustus aug|september sept sep|"
    "oktober okt|november nov|december dec",
    "pt": "janeiro jan|fevereiro fev|março mar|abril abr|maio mai|junho jun|julho jul|agosto ago|setembro set|"
    "outubro out|novembro nov|dezembro dez",
}
"""The twelve months of each language, the full name first."""


def folded(name: str) -> str:
    """A name in small letters, without accents and the point behind it."""
    parts = unicodedata.normalize("NFD", name.rstrip(".").casefold())
    return "".join(c for c in parts if not unicodedata.combining(c))


MONTHS: Mapping[str, Mapping[str, int]] = {
    language: {folded(name): number for number, names in enumerate(every.split("|"), start=1) for name in names.split()}
    for language, every in _NAMES.items()
}
"""The number of each month, 1 to 12, by its folded names, by language."""

LANGUAGES = tuple(MONTHS)
_ENGLISH = tuple(names.split()[0].capitalize() for names in _NAMES["en"].split("|"))
_EVERY: Mapping[str, int] = {name: number for names in MONTHS.values() for name, number in names.items()}
_TAGGED = re.compile(r"(?P<layout>.*) \[(?P<language>\w+)\]", re.DOTALL)


def _alternatives(names: Iterable[str]) -> str:
    return "|".join(sorted(set(names), key=lambda name: (-len(name), name)))


NATIVE = frozenset(MONTHS["en"]) - {"sept"}
"""Names, in small letters, that DuckDB reads by itself."""
NATIVE_NAME = f"(?i:{_alternatives(NATIVE)})"
_NAME = f"({_alternatives([*_EVERY, *re.split('[ |]', '|'.join(_NAMES.values()))])})"
DAY_FIRST = rf"(?i:\d{{1,2}}(er|º)?( de |[ ./-]{{1,2}}){_NAME}\.?( del? |[ ,./-]{{1,2}})(\d{{4}}|\d{{2}}))"
MONTH_FIRST = rf"(?i:{_NAME}[ ./-]{{1,2}}\d{{1,2}}[ ,/-]{{1,2}}\d{{4}})"
"""Regular expressions of dates whose month is named in any language, with accents or without."""


def known(name: str) -> bool:
    """Whether it is the name of a month in any language."""
    return folded(name) in _EVERY


def spoken(names: Mapping[str, int]) -> dict[str, str]:
    """The language of each of a column's names, given with their counts: one language for as many of them as can be."""
    left, found = dict(names), dict[str, str]()
    while left:
        counted = {one: sum(n for name, n in left.items() if folded(name) in MONTHS[one]) for one in LANGUAGES}
        language = max(LANGUAGES, key=counted.__getitem__)
        if not counted[language]:
            break
        found |= {name: language for name in left if folded(name) in MONTHS[language]}
        left = {name: n for name, n in left.items() if name not in found}
    return found


def tagged(layout: str, language: str) -> str:
    """A format whose months are named in a language."""
    return f"{layout.replace('%b', '%B')} [{language}]"


def parted(name: str) -> tuple[str, str]:
    """A format without the language at its end, and this; empty where it says none."""
    found = _TAGGED.fullmatch(name)
    return (found["layout"], found["language"]) if found else (name, "")


def english(value: str, language: str = "") -> str:
    """The SQL of a text whose month is named in a language, or in any, with the English name instead, in full.

    NULL where no month is named.
    """
    numbers = MONTHS[language] if language else _EVERY
    plain = rf"regexp_replace(strip_accents({value}), '([A-Za-z])\.([ ,/-])', '\1\2')"
    name = rf"regexp_extract({plain}, '(?i)\b({_alternatives(numbers)})\b')"
    names, months = list(numbers), [_ENGLISH[number - 1] for number in numbers.values()]
    return f"replace({plain}, {name}, {months}[list_position({names}, lower({name}))])"
