"""Knowledge: what is generally true of column names, kept as data beside this module, and what the user adds to it.

Abbreviations, synonyms, the concepts of IT inventories with the names they go by in each source system, what tables are
called, and other words for the values that targets list. What is asked here is answered from what is in use: the
shipped dictionaries, or within `using` these with the user's own over them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache, wraps
from importlib.resources import files
from typing import Any, TypeVar

import yaml

from discovery_pipeline.engine.mapping.knowledge.model import (
    Composition,
    Concept,
    Contrary,
    Contrast,
    Counting,
    Expected,
    Knowledge,
    Own,
    Part,
)

SOURCE_SYSTEMS = ("servicenow", "rvtools", "proxmox")

Answer = TypeVar("Answer")

_in_use: ContextVar[Knowledge | None] = ContextVar("knowledge", default=None)


@contextmanager
def using(own: Own) -> Iterator[None]:
    """Answer from the shipped dictionaries with these over them, within the block."""
    before = _in_use.set(_extended(own))
    try:
        yield
    finally:
        _in_use.reset(before)


def remembered(most: int) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Keep what a function answers from knowledge, for each knowledge apart."""

    def decorate(function: Callable[..., Answer]) -> Callable[..., Answer]:
        @lru_cache(maxsize=most)
        def kept(_: Knowledge, *arguments: Any) -> Answer:
            return function(*arguments)

        @wraps(function)
        def answered(*arguments: Any) -> Answer:
            return kept(_known(), *arguments)

        vars(answered)["cache_parameters"] = kept.cache_parameters  # as lru_cache has it
        return answered

    return decorate


def abbreviations() -> Mapping[str, str]:
    """Short form → the words it stands for."""
    return _known().abbreviations


def synonyms() -> Mapping[str, str]:
    """Word or phrase, in small letters → the one the matcher writes for it."""
    return _known().synonyms


def trades() -> Mapping[str, tuple[str, ...]]:
    """Word or phrase, in small letters → what else it may be called in some trade."""
    return _known().trades


def concepts() -> tuple[Concept, ...]:
    """The concepts of IT inventories, with their names in every known source system."""
    return _known().concepts


def contrasts() -> tuple[Contrast, ...]:
    """Words that part what otherwise goes by the same name."""
    return _known().contrasts


def contraries() -> tuple[Contrary, ...]:
    """Words that no two names share out between them and mean the same."""
    return _known().contraries


def compositions() -> tuple[Composition, ...]:
    """What may be written as one column or as several."""
    return _known().compositions


def looks() -> Mapping[str, Mapping[str, Any]]:
    """Concept → what its values look like ("fits", a regular expression) and how much that tells ("tells", 0..1)."""
    return _known().looks


def vocabularies() -> Mapping[str, frozenset[str]]:
    """A value of an enumeration, in small letters → what it may mean."""
    return _known().vocabularies


def subjects() -> Mapping[str, str]:
    """Word in the name of a table → what its rows are about."""
    return _known().subjects


def like_servers() -> frozenset[str]:
    """What tables are about whose columns are those of servers."""
    return _known().like_servers


def parts() -> frozenset[str]:
    """Words for parts of things, after which tables are called that tell of their wholes."""
    return _known().parts


def things() -> frozenset[str]:
    """Words for what refers to machines and is no part of them, after which tables are called."""
    return _known().things


def attributes() -> frozenset[str]:
    """Words that say nothing without the thing they are of."""
    return _known().attributes


def counting() -> Counting:
    """The words by which headers say that something is counted."""
    return _known().counting


def expected() -> Expected:
    """The kinds of value that names lead one to expect."""
    return _known().expected


def virtual_hardware() -> frozenset[str]:
    """Words in the makers and models of hardware that only virtual machines have."""
    return _known().virtual_hardware


def _known() -> Knowledge:
    return _in_use.get() or shipped()


@lru_cache(maxsize=1)
def shipped() -> Knowledge:
    """What the product knows by itself."""
    contrasts, tables = _read("contrasts"), _read("tables")
    english = _by_phrase(_read("synonyms").items())
    languages: dict[str, list[str]] = _read("languages")
    foreign = _by_phrase((english.get(one, one), phrases) for one, phrases in languages.items())
    return Knowledge(
        abbreviations=_read("abbreviations"),
        synonyms={**foreign, **english},
        trades=_trades(),
        concepts=_concepts(),
        contrasts=(
            *(Contrast(tuple(words), words[0]) for words in contrasts["silent"]),
            *(Contrast(tuple(words)) for words in contrasts["loud"]),
        ),
        contraries=tuple(Contrary(frozenset(one), frozenset(other)) for one, other in contrasts["contrary"]),
        compositions=tuple(map(_composition, _read("compositions"))),
        looks=_read("looks"),
        vocabularies=_by_word(_read("vocabularies").items(), {}),
        subjects={word: subject for subject, words in tables["about"].items() for word in words},
        like_servers=frozenset(tables["like servers"]),
        parts=frozenset(tables["parts"]),
        things=frozenset(tables["things"]),
        virtual_hardware=frozenset(_read("hardware")["virtual"]),
        counting=_counting(_read("counting")),
        attributes=frozenset(word for words in _read("attributes") for word in words),
        expected=_expected(_read("kinds")),
    )


@lru_cache(maxsize=4)
def _extended(own: Own) -> Knowledge:
    """The shipped knowledge with the user's over it: what both say, the user says."""
    base = shipped()
    if own == Own():
        return base  # with all that was worked out from it
    added = {concept.name: concept for concept in own.concepts}
    return Knowledge(
        abbreviations={**base.abbreviations, **dict(own.abbreviations)},
        # A word that already stands for another goes on doing so: what is added stands for that one, too.
        synonyms={
            **base.synonyms,
            **_by_phrase((base.synonyms.get(one, one), phrases) for one, phrases in own.synonyms),
        },
        trades=base.trades,
        concepts=(
            *(_more(concept, added.pop(concept.name, None)) for concept in base.concepts),
            *added.values(),
        ),
        contrasts=base.contrasts,
        contraries=base.contraries,
        compositions=base.compositions,
        looks=base.looks,
        vocabularies=_by_word(own.vocabularies, base.vocabularies),
        subjects=base.subjects,
        like_servers=base.like_servers,
        parts=base.parts,
        things=base.things,
        virtual_hardware=base.virtual_hardware,
        counting=base.counting,
        attributes=base.attributes,
        expected=base.expected,
    )


def _more(concept: Concept, added: Concept | None) -> Concept:
    return replace(concept, names=(*concept.names, *added.names)) if added else concept


def _by_word(
    groups: Iterable[tuple[str, Iterable[str]]], known: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    """What each word may mean. What is added to a word of one meaning is added to that."""
    found = dict(known)
    for value, words in groups:
        meant = known.get(value.casefold(), frozenset())
        meaning = meant if len(meant) == 1 else frozenset({value.casefold()})
        for word in (value, *words):
            found[word.casefold()] = found.get(word.casefold(), frozenset()) | meaning
    return found


def _concepts() -> tuple[Concept, ...]:
    by_system = [_read(system) for system in SOURCE_SYSTEMS]
    return tuple(
        Concept(
            name=concept,
            about=said["about"],
            names=tuple(dict.fromkeys([*said["names"], *(n for s in by_system for n in s.get(concept, ()))])),
            beside=tuple((other, tuple(names)) for other, names in said.get("beside", {}).items()),
            perhaps=tuple(said.get("perhaps", {}).items()),
        )
        for concept, said in _read("fields").items()
    )


def _trades() -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for lines in _read("trades").values():
        for line in lines:
            for phrase in line:
                found.setdefault(phrase, {}).update(dict.fromkeys(other for other in line if other != phrase))
    return {phrase: tuple(others) for phrase, others in found.items()}


def _counting(said: Mapping[str, Sequence[str]]) -> Counting:
    before, within, after, things, perhaps, per, parts = (
        "|".join(map(re.escape, said[part]))
        for part in ("before", "within", "after", "things", "perhaps", "per", "parts")
    )
    return Counting(
        counted=re.compile(rf"^({before})(?!\w)|\b({within})\b|\b({after}|{things})$"),
        many=re.compile(rf"\b({perhaps})$"),
        per_part=re.compile(rf"\b({per}) ({parts})$"),
    )


def _expected(said: Mapping[str, Mapping[str, Any]]) -> Expected:
    ends, begins = (
        {word: frozenset(kinds.split()) for kinds, words in said[part].items() for word in words}
        for part in ("ends", "begins")
    )
    return Expected(ends, begins, {kind: re.compile(form) for kind, form in said["forms"].items()})


def _composition(said: Mapping[str, Any]) -> Composition:
    return Composition(
        whole=tuple(said["whole"]),
        perhaps=tuple(said.get("perhaps", ())),
        fits=said.get("fits", ""),
        joined=said.get("joined", ""),
        parts=tuple(Part(tuple(part["names"]), part["taken"]) for part in said["parts"]),
    )


def _by_phrase(groups: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    """Every phrase of the groups, as keyboards without accents write it, too; what is listed itself goes first."""
    listed = {phrase: one for one, phrases in groups for phrase in (one, *phrases)}
    return {plain: one for phrase, one in listed.items() for plain in _unaccented(phrase)} | listed


_VOICED = 8  # class of the mark that makes another kana of one, and is no accent
_LIGATURES = {"ß": "ss", "œ": "oe", "æ": "ae"}
_BARE = str.maketrans({**_LIGATURES, "ø": "o", "ł": "l", "ı": "i"})
_UMLAUTS = str.maketrans({**_LIGATURES, "ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


def _unaccented(phrase: str) -> tuple[str, str]:
    """A phrase without accents, and with its umlauts written out."""
    bare = "".join(c for c in unicodedata.normalize("NFD", phrase) if unicodedata.combining(c) in (0, _VOICED))
    return unicodedata.normalize("NFC", bare).translate(_BARE), phrase.translate(_UMLAUTS)


def _read(name: str) -> Any:
    text = (files(__name__) / f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
