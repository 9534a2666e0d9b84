"""Abbreviations: words of a column that stand in it written out, too, far more often.

A word is an abbreviation if a point ends it or no vowel is in it, and so are initials in capitals. The column tells
what it is short for: by the one frequent value that it makes of the cell, or by the one word that stands in its place
in many different cells.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations, islice

from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values

RULE = "vocabulary.abbreviation"
_REASON = "an abbreviated word written out, as it stands in the rest of the column"

FREQUENT = 5
"""Cells in which a whole value must stand to be what an abbreviated one means."""

LEAD = 4
"""How many times more often it must stand than the abbreviated one; and a word than its abbreviation."""

ONLY = 0.95
"""Share that it must have of all values that the abbreviated one may mean."""

GENERIC = 10
"""Different values that a word must be part of to be a word that others go with, as Street is."""

COMMON = 0.02
"""Share of the column's cells that it must be part of."""

SHORTEST = 2
"""Letters of an abbreviation: one is an initial of too many."""

MOST = 20_000
"""Distinct values of a column that are looked at, the most frequent first."""

COMPARED = 1_000
"""Abbreviated values that are held against as many frequent ones."""

PLAIN = 3
"""Letters of a word without a point from which it may be how another one begins."""

WORDS = 6
"""Words of a value up to which it is no prose."""

_SHORT = re.compile(r"[^\W\d_]+\.|[^\W\d_aeiouyAEIOUY]{2,4}")
_NUMBERED = re.compile(r"\d")
_WORD = re.compile(r"[^\W\d_]+")

_Place = tuple[int, int]


def plan(values: Values, evidence: Evidence) -> None:
    """Plan to write abbreviated words out."""
    for position in evidence.of("text"):
        standing = values.ask(
            f"SELECT value, sum(cells)::BIGINT FROM {{values}} WHERE position = {position} AND value IS NOT NULL "
            f"AND length(value) <= 80 GROUP BY value ORDER BY 2 DESC, value LIMIT {MOST}"
        )
        values.offer_list(RULE, position, written_out(dict(standing)), tier="suggest", reason=_REASON)


def written_out(cells: Mapping[str, int]) -> dict[str, str | None]:
    """Values with an abbreviated word in them, each with that word written out.

    >>> written_out({"Hill Street": 20, "Lake Drive": 20, "Hill Str.": 2})
    {'Hill Str.': 'Hill Street'}
    """
    short = {value: list(_shortened(value)) for value in cells}
    short = {value: words for value, words in short.items() if words and len(value.split(" ")) <= WORDS}
    meant = _initials_meant(cells)
    if not short:
        return meant
    meant = _values_meant(cells, short) | meant
    words = _words_meant(cells, short)
    for value, places in short.items():
        parts = value.split(" ")
        # A name may have its Co. for itself; of what is numbered, as houses are, all go by the same words.
        if (
            value not in meant
            and _NUMBERED.search(value)
            and all(words.get((_place(parts, n), parts[n])) for n in places)
        ):
            for n in places:
                parts[n] = words[_place(value.split(" "), n), parts[n]]
            meant[value] = " ".join(parts)
    return dict(meant)


def _shortened(value: str) -> Iterator[int]:
    """Where the words stand that may be abbreviations: with a point, or without vowels and not in capitals."""
    for n, word in enumerate(value.split(" ")):
        letters = word.rstrip(".")
        if _SHORT.fullmatch(word) and len(letters) >= SHORTEST and (word != letters or not letters.isupper()):
            yield n


def _abbreviates(short: str, word: str) -> bool:
    """Whether a word's letters are, in their order and from the first on, among those of another."""
    letters, others = short.rstrip(".").casefold(), word.casefold()
    if len(others) < len(letters) + 2 or letters[0] != others[0] or short[0].isupper() != word[0].isupper():
        return False
    rest = iter(others)
    # What ends as the word does, or is how it or its consonants begin: "Mgr.", "Eng." and "Srv".
    ends = others.endswith(letters[-1]) or others.startswith(letters) or _consonants(others).startswith(letters)
    return ends and all(c in rest for c in letters)


def _consonants(word: str) -> str:
    return word[0] + "".join(c for c in word[1:] if c not in "aeiouy")


def _place(parts: list[str], n: int) -> _Place:
    return len(parts), n


def _values_meant(cells: Mapping[str, int], short: Mapping[str, list[int]]) -> dict[str, str | None]:
    """Abbreviated values with the one frequent value that each may mean."""
    frequent: dict[int, list[list[str]]] = defaultdict(list)
    for value, n in cells.items():
        if n >= FREQUENT and value not in short:
            frequent[len(value.split(" "))].append(value.split(" "))
    found: dict[str, str | None] = {}
    for value, strong in islice(short.items(), COMPARED):
        parts = value.split(" ")
        # Beside one abbreviation another may lack its point.
        weak = {n for n, word in enumerate(parts) if len(word) >= PLAIN and len(parts) > len(strong) + 1}
        places = weak.union(strong)
        alike = [
            " ".join(other)
            for other in frequent[len(parts)][:COMPARED]
            if all(
                a == b or (n in places and _abbreviates(a, b))
                for n, (a, b) in enumerate(zip(parts, other, strict=True))
            )
        ]
        if alike:
            best = max(alike, key=lambda v: (cells[v], v))
            if cells[best] >= max(LEAD * cells[value], ONLY * sum(cells[v] for v in alike)):
                found[value] = best
    return found


def _initials_meant(cells: Mapping[str, int]) -> dict[str, str | None]:
    """Values with the initials of some words in capitals, with the one frequent value that has these words."""
    spelt: dict[str, list[str]] = defaultdict(list)
    for value, n in cells.items():
        parts = re.split(r"[ -]", value)
        if n >= FREQUENT and 1 < len(parts) <= WORDS:
            for start, end in combinations(range(len(parts) + 1), 2):
                initials = "".join(w[:1] for w in parts[start:end]).upper()
                if end - start > 1 and initials.isalpha():
                    spelt[" ".join((*parts[:start], initials, *parts[end:]))].append(value)
    return {
        value: spelt[value][0]
        for value, n in cells.items()
        if len(spelt.get(value, ())) == 1 and cells[spelt[value][0]] >= LEAD * n
    }


def _words_meant(cells: Mapping[str, int], short: Mapping[str, list[int]]) -> dict[tuple[_Place, str], str]:
    """Abbreviated words, by their place, with the one generic word that each may mean."""
    held: Counter[tuple[_Place, str]] = Counter()
    values: Counter[tuple[_Place, str]] = Counter()
    for value, n in cells.items():
        parts = value.split(" ")
        for at, word in enumerate(parts):
            held[_place(parts, at), word] += n
            values[_place(parts, at), word] += 1
    total = sum(cells.values())
    generic: dict[_Place, list[str]] = defaultdict(list)
    for (place, word), n in held.items():
        if n >= COMMON * total and values[place, word] >= GENERIC and _WORD.fullmatch(word):
            generic[place].append(word)
    asked = {(_place(parts, n), parts[n]) for value in short for parts in [value.split(" ")] for n in short[value]}
    found: dict[tuple[_Place, str], str] = {}
    for place, word in asked:
        alike = [other for other in generic[place] if _abbreviates(word, other)]
        if len(alike) == 1 and held[place, alike[0]] >= LEAD * held[place, word]:
            found[place, word] = alike[0]
    return found
