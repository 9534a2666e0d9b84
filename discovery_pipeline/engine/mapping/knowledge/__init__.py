"""Knowledge: what is generally true of column names, kept as data beside this module.

Abbreviations, synonyms, and the concepts of IT inventories with the names they go by in each source system.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

SOURCE_SYSTEMS = ("servicenow", "rvtools")


@dataclass(frozen=True, slots=True)
class Concept:
    """Something inventories record, and the names it goes by."""

    name: str
    about: str  # server, application, person, relation, connection, database, software, or any
    names: tuple[str, ...]


@lru_cache(maxsize=1)
def abbreviations() -> dict[str, str]:
    """Short form → the words it stands for."""
    return _read("abbreviations")


@lru_cache(maxsize=1)
def synonyms() -> dict[str, str]:
    """Word or phrase, in small letters → the one the matcher writes for it."""
    groups = _read("synonyms")
    listed = {phrase: one for one, phrases in groups.items() for phrase in (one, *phrases)}
    # As keyboards without accents write them; what is listed itself goes first.
    return {plain: one for phrase, one in listed.items() for plain in _unaccented(phrase)} | listed


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "œ": "oe"})


def _unaccented(phrase: str) -> tuple[str, str]:
    """A phrase without accents, and with its umlauts written out."""
    bare = "".join(c for c in unicodedata.normalize("NFD", phrase) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare).replace("ß", "ss").replace("œ", "oe"), phrase.translate(_UMLAUTS)


@lru_cache(maxsize=1)
def concepts() -> tuple[Concept, ...]:
    """The concepts of IT inventories, with their names in every known source system."""
    known = _read("fields")
    by_system = [_read(system) for system in SOURCE_SYSTEMS]
    return tuple(
        Concept(
            name=concept,
            about=said["about"],
            names=tuple(dict.fromkeys([*said["names"], *(n for s in by_system for n in s.get(concept, ()))])),
        )
        for concept, said in known.items()
    )


@dataclass(frozen=True, slots=True)
class Contrast:
    """Words of which two names may not have different ones and mean the same."""

    words: tuple[str, ...]
    silent: str = ""  # the word that goes without saying


@lru_cache(maxsize=1)
def contrasts() -> tuple[Contrast, ...]:
    """Words that part what otherwise goes by the same name."""
    lines = _read("contrasts")
    return (
        *(Contrast(tuple(words), words[0]) for words in lines["silent"]),
        *(Contrast(tuple(words)) for words in lines["loud"]),
    )


@dataclass(frozen=True, slots=True)
class Composition:
    """A concept that is others put together."""

    whole: str
    parts: tuple[str, ...]
    between: str


@lru_cache(maxsize=1)
def compositions() -> tuple[Composition, ...]:
    """Concepts that are others put together."""
    return tuple(Composition(c["whole"], tuple(c["parts"]), c["between"]) for c in _read("compositions"))


@lru_cache(maxsize=1)
def looks() -> dict[str, dict[str, Any]]:
    """Concept → what its values look like ("fits", a regular expression) and how much that tells ("tells", 0..1)."""
    return _read("looks")


def _read(name: str) -> Any:
    text = (files(__name__) / f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
