"""What is known of names: the shapes that the dictionaries are read into."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Concept:
    """Something inventories record, and the names it goes by."""

    name: str
    about: str  # server, application, person, relation, connection, database, software, or any
    names: tuple[str, ...]
    beside: tuple[tuple[str, tuple[str, ...]], ...] = ()  # more names where another column names that concept
    perhaps: tuple[tuple[str, float], ...] = ()  # what its names may mean as well, and up to which numbers


@dataclass(frozen=True, slots=True)
class Contrast:
    """Words of which two names may not have different ones and mean the same."""

    words: tuple[str, ...]
    silent: str = ""  # the word that goes without saying


@dataclass(frozen=True, slots=True)
class Contrary:
    """Words of which two names can't say one kind each and mean the same."""

    one: frozenset[str]
    other: frozenset[str]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what is written as one: what it is called, and the transformation that takes it from the whole."""

    names: tuple[str, ...]
    taken: str


@dataclass(frozen=True, slots=True)
class Composition:
    """What may be written as one column or as several."""

    whole: tuple[str, ...]
    perhaps: tuple[str, ...]  # names of the whole where all parts are wanted
    fits: str  # what its values look like; empty where that says nothing
    joined: str  # what stands between the parts; empty where they are only taken apart
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Counting:
    """By which words a header says that something is counted."""

    counted: re.Pattern[str]
    many: re.Pattern[str]  # things of which small numbers under their name are counts
    per_part: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Expected:
    """The kinds of value that names lead one to expect, by the words that they end in or the one they begin with."""

    ends: Mapping[str, frozenset[str]]
    begins: Mapping[str, frozenset[str]]
    forms: Mapping[str, re.Pattern[str]]  # of kinds that a sample doesn't count, in small letters


@dataclass(frozen=True, slots=True)
class Own:
    """What the user adds: `own.read` reads it from a folder."""

    abbreviations: tuple[tuple[str, str], ...] = ()
    synonyms: tuple[tuple[str, tuple[str, ...]], ...] = ()
    concepts: tuple[Concept, ...] = ()  # new ones, and more names for those that there are
    vocabularies: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __len__(self) -> int:
        """How many words of all kinds it adds."""
        listed = (*self.synonyms, *self.vocabularies)
        return len(self.abbreviations) + sum(len(w) for _, w in listed) + sum(len(c.names) for c in self.concepts)


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """Everything that is known. Each is one of a kind, so that what was worked out from it is kept beside it."""

    abbreviations: Mapping[str, str]
    synonyms: Mapping[str, str]
    trades: Mapping[str, tuple[str, ...]]
    concepts: tuple[Concept, ...]
    contrasts: tuple[Contrast, ...]
    contraries: tuple[Contrary, ...]
    compositions: tuple[Composition, ...]
    looks: Mapping[str, Mapping[str, Any]]
    vocabularies: Mapping[str, frozenset[str]]
    subjects: Mapping[str, str]
    like_servers: frozenset[str]
    parts: frozenset[str]
    things: frozenset[str]
    virtual_hardware: frozenset[str]
    counting: Counting
    attributes: frozenset[str]
    expected: Expected
