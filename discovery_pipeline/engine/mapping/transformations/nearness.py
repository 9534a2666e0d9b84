"""Nearness: which of the values that a target lists come nearest to one that it doesn't take.

By its words first, then by version: for "RHEL 8.4" that is the newest Red Hat Enterprise Linux of the list. What is
near is not the same, so it is only an offer: a person takes it, or nothing does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, log1p

from rapidfuzz.distance import JaroWinkler

_WORDS = re.compile(r"[^\W\d_]+")
_NUMBERS = re.compile(r"\d+")
_ENOUGH = 0.6  # share of the words of either value that both have, rare ones counting more
_LEAST = 0.3  # such a share of the listed value's, where nearly all that the other one says is in it
_SLIP = 0.92  # Jaro-Winkler from which a word is another one with a slip of the pen
_SHORT_FORM = 3  # letters from which a word may stand for a longer one, or for the first letters of several


@dataclass(frozen=True, slots=True)
class _Value:
    """A value taken apart: its words, their first letters, and the versions that it names."""

    text: str
    words: tuple[str, ...]
    versions: tuple[int, ...]

    @classmethod
    def of(cls, value: str) -> _Value:
        versions = tuple(int(number[:9]) for number in _NUMBERS.findall(value))
        return cls(value, tuple(dict.fromkeys(_WORDS.findall(value.casefold()))), versions)

    def away(self, version: int | None) -> float:
        """How far its version is from that one; one that names none is after all that do."""
        return min((abs(own - version) for own in self.versions), default=inf) if version is not None else 0

    def shared(self, other: _Value) -> tuple[frozenset[str], frozenset[str]]:
        """Words of it that the other one says, and the words that say them."""
        initials = "".join(word[0] for word in self.words)
        pairs = [(w, o) for o in other.words for w in self.words if _alike(w, o) or _short_for(o, initials)]
        return frozenset(word for word, _ in pairs), frozenset(word for _, word in pairs)


class Nearness:
    """Says which of these values are near to another one."""

    def __init__(self, listed: Sequence[str]) -> None:
        self._listed = [one for one in map(_Value.of, listed) if one.words]
        held = Counter(word for one in self._listed for word in set(one.words))
        self._weights = {word: log1p(len(self._listed) / count) for word, count in held.items()}

    def nearest(self, value: str, most: int = 3) -> tuple[str, ...]:
        """The values that are near, the nearest first; none where no words of theirs are alike."""
        said = _Value.of(value)
        version = next(iter(said.versions), None)
        ranked: list[tuple[float, float, float, str]] = []
        for one in self._listed:
            theirs, ours = one.shared(said)
            weight = self._weight(theirs)
            of_one = weight / self._weight(one.words)
            if of_one >= _ENOUGH or (of_one >= _LEAST and self._weight(ours) >= _ENOUGH * self._weight(said.words)):
                ranked.append((-weight, one.away(version), -of_one, one.text))
        return tuple(found for *_, found in sorted(ranked)[:most])

    def _weight(self, words: Iterable[str]) -> float:
        """What words tell together: the fewer listed values have one, the more it tells."""
        return sum(self._weights.get(word, log1p(len(self._listed))) for word in words)


def _alike(word: str, other: str) -> bool:
    return word == other or _short_for(word, other) or JaroWinkler.normalized_similarity(word, other) >= _SLIP


def _short_for(word: str, other: str) -> bool:
    """Whether the shorter of two is the beginning of the longer."""
    short, long = sorted((word, other), key=len)
    return len(short) >= _SHORT_FORM and long.startswith(short)
