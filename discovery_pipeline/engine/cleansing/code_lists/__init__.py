"""Code lists: the codes and names of countries, languages and currencies, kept as data beside this module.

A spelling that two of a list share, in whatever case, is left out: it doesn't decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml

OTHERS = "others"
"""The form of spellings that no column is expected to keep to: native names and unofficial codes."""


@dataclass(frozen=True, slots=True)
class CodeList:
    """Things that have codes and names."""

    forms: Mapping[str, Mapping[str, tuple[str, ...]]]  # by form what each thing is called, the usual first
    meant: Mapping[str, str]  # which thing a spelling is, case folded


@lru_cache
def countries() -> CodeList:
    """The commonest countries, by ISO 3166-1."""
    return _read("countries.yaml")


@lru_cache
def languages() -> CodeList:
    """The commonest languages, by ISO 639."""
    return _read("languages.yaml")


@lru_cache
def currencies() -> CodeList:
    """The commonest currencies, by ISO 4217."""
    return _read("currencies.yaml")


def _read(name: str) -> CodeList:
    told: dict[str, dict[str, list[str]]] = yaml.safe_load((files(__name__) / name).read_text(encoding="utf-8"))
    spellings = {thing: {s.casefold() for group in of.values() for s in group} for thing, of in told.items()}
    shared = Counter(s for of in spellings.values() for s in of)
    meant = {s: thing for thing, of in spellings.items() for s in of if shared[s] == 1}
    forms: dict[str, dict[str, tuple[str, ...]]] = {}
    for thing, of in told.items():
        for form, group in of.items():
            if form != OTHERS:
                forms.setdefault(form, {})[thing] = tuple(group)
                # Codes are often written in the other case, names seldom.
                if form != "names":
                    forms.setdefault(f"{form}, other case", {})[thing] = tuple(s.swapcase() for s in group)
    return CodeList(forms, meant)
