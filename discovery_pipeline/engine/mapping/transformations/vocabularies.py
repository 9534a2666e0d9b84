"""Value vocabularies: what a source's values are called among the values that a target lists.

"PRD" and "prod." are Production where the target says so. A value for which nothing speaks has no proposal: it is a
person's to name, and counts with the rows that hold it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from types import MappingProxyType

from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from discovery_pipeline.engine import patterns
from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher.words import Reader, split
from discovery_pipeline.engine.mapping.transformations import Step, Transformation, parse, quoted
from discovery_pipeline.engine.mapping.transformations.operations import BOOLEANS, OTHERS
from discovery_pipeline.engine.targets import TargetField

_SLIP = 0.92  # Jaro-Winkler from which a value is a listed one with a slip of the pen
_SHORTEST = 4  # letters of a value that may have one
_TURNING = frozenset(
    ("non", "not", "no", "pre", "post", "un", "nicht", "kein", "keine", "hors", "sans", "sin", "fuera", "ex", "former",
     "out", "or", "and", "und", "oder")
)  # fmt: skip
_TOLD = 3  # values told by name
_SHORT_FORM = 3  # letters of which a value may be the beginning of a listed one


Words = Mapping[str, str]
"""Words of a target by a source's values, in small letters and without white space around; empty: none is meant."""
NO_WORDS: Words = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """One value of a source, the rows that hold it, and what the target calls it."""

    value: str
    count: int
    target: str | None  # None: nothing speaks for any listed value
    reason: str
    read: bool = False  # whether delivery reads it so anyway, without a transformation

    def __str__(self) -> str:
        return f"{self.value!r} is {self.target!r} there: {self.reason}"


def listing(field: TargetField) -> TargetField:
    """The field with the words that it takes: a yes or no is a list of two."""
    return field.model_copy(update={"allowed": ("true", "false")}) if field.type == "boolean" else field


def matched(field: TargetField, counted: Iterable[tuple[str, int]], before: Words = NO_WORDS) -> tuple[ValueMatch, ...]:
    """What a target calls these values, each with the rows that hold it; nothing for a field that lists none.

    `before` is what people approved for values of this field; it wins over every guess.
    """
    if not field.allowed:
        return ()
    told = [(value, count) for value, count in counted if value.strip()]
    listed, kinds = _Listed(field, before), _kinds(field, [value for value, _ in told])
    found = [listed.match(value, count, kinds.get(value)) for value, count in told]
    return tuple(_initials(found, field.allowed))


def _kinds(field: TargetField, values: Sequence[str]) -> dict[str, str]:
    """The listed value of which each of these is a kind, by the first of the target's patterns that it fits."""
    found: dict[str, str] = {}
    for allowed, written in field.vocabulary_patterns.items():
        for pattern in written:
            fits = patterns.fitting(f"(?i:{pattern})", values)
            found = dict.fromkeys(compress(values, fits), allowed) | found
    return found


def _initials(found: Sequence[ValueMatch], allowed: Sequence[str]) -> Sequence[ValueMatch]:
    """The same, with letters as the beginnings of listed values where all of a column are, each of one only."""
    first = Counter(a[:1].casefold() for a in allowed)
    begun = {a[:1].casefold(): a for a in allowed}
    told = len(found) > 1 and all(first[m.value.strip().casefold()] == 1 for m in found)
    if not told or all(m.target for m in found):
        return found
    return [
        m if m.target else replace(m, target=begun[m.value.strip().casefold()], reason="its first letter")
        for m in found
    ]


def rewriting(matches: Sequence[ValueMatch]) -> str | None:
    """A transformation for what delivery does not read by itself; None where there is nothing to rewrite."""
    pairs = {m.value: m.target for m in matches if m.target is not None and not m.read}
    told = ", ".join(f"{quoted(value)}: {quoted(target)}" for value, target in sorted(pairs.items()))
    return f"lookup({{{told}}})" if pairs else None


def completed(transformation: str | None, matches: Sequence[ValueMatch]) -> tuple[str | None, tuple[ValueMatch, ...]]:
    """A transformation that was approved for other rows, with words for values that it says nothing of; and these.

    It stays as it is where it does more than replacing values, or says what becomes of all others.
    """
    *before, last = parse(transformation).steps if transformation else (Step("lookup", ((),)),)
    if not last.replaces or any(step.operation != "trim" for step in before):
        return transformation, ()
    known = {old.strip().lower() for old, _ in last.pairs}
    # What delivery reads by itself goes through a lookup as it is, but map_values would leave it empty.
    wanted = (m for m in matches if m.target is not None and (last.operation == "map_values" or not m.read))
    new = tuple(m for m in wanted if OTHERS not in known and m.value.strip().lower() not in known)
    if not new:
        return transformation, ()
    longer = replace(last, arguments=((*last.pairs, *((m.value, str(m.target)) for m in new)),))
    return str(Transformation((*before, longer))), new


def reasons(matches: Iterable[ValueMatch]) -> tuple[str, ...]:
    """What speaks for words that delivery doesn't read by itself, a sentence each."""
    return tuple(str(match) for match in matches if match.target and not match.read)


def news(new: Iterable[ValueMatch]) -> tuple[str, ...]:
    """The first of the values that got words since a transformation was approved, a sentence each."""
    return tuple(f"new since then: {reason}" for reason in reasons(new)[:_TOLD])


class _Listed:
    """The values that one field takes, by all that they are known as."""

    def __init__(self, field: TargetField, before: Words) -> None:
        self._field, self._before = field, before
        self._exact = {allowed.casefold(): allowed for allowed in field.allowed}
        self._known = {word.casefold(): a for a, words in field.vocabulary.items() for word in words}
        self._reader = Reader.of(field.allowed)
        self._meant: dict[str, dict[str, None]] = defaultdict(dict)  # listed values by what they are known to mean
        for allowed in field.allowed:
            for word in (allowed, *field.vocabulary.get(allowed, ())):
                for meaning in meanings(word):
                    self._meant[meaning][allowed] = None
        self._spoken = _only({a: frozenset(self._reader.words(a)) for a in field.allowed})

    def match(self, value: str, count: int, kind: str | None) -> ValueMatch:
        """The one that a value means, and why; `kind` is the one that the target's patterns say."""
        found = self._read(value, count, kind) or self._guessed(value, value.strip().casefold(), count)
        said = self._before.get(value.strip().lower())
        if said is None or (said and said not in self._field.allowed):
            return found
        if not said:
            return ValueMatch(value, count, None, "it was left without a word before")
        return ValueMatch(value, count, said, "you approved it before", read=found.read and found.target == said)

    def _read(self, value: str, count: int, kind: str | None) -> ValueMatch | None:
        """What delivery makes of it by itself."""
        plain = value.strip().casefold()
        exact = self._exact.get(plain)
        if exact is None and self._field.match == "contains":
            exact = max((a for a in self._field.allowed if a.casefold() in plain), key=len, default=None)
        if exact:
            said = "the target's own word" if exact == value else "the target's own word, written otherwise"
            return ValueMatch(value, count, exact, said, read=True)
        if plain in self._known:
            return ValueMatch(value, count, self._known[plain], "another word for it", read=True)
        if kind:
            return ValueMatch(value, count, kind, "a kind of it", read=True)
        return None

    def _guessed(self, value: str, plain: str, count: int) -> ValueMatch:
        target, reason = next(self._guesses(value, plain), (None, "nothing that the target lists is like it"))
        return ValueMatch(value, count, target, reason)

    def _guesses(self, value: str, plain: str) -> Iterator[tuple[str, str]]:
        """Listed values that may be meant, and why; the surest first."""
        answer, short = BOOLEANS.get(plain), plain.strip(".")
        if meant := _sole(self._meaning(plain)):
            yield meant, "another word for it"
        if spoken := self._spoken.get(frozenset(self._reader.words(value))):
            yield spoken, "the words say the same"
        if same := _sole(a for k, a in self._exact.items() if answer and BOOLEANS.get(k) == answer):
            yield same, "the same answer"
        if numbered := _sole(a for a in self._exact.values() if plain.isdigit() and _number(a) == plain):
            yield numbered, "its number"
        if begun := _sole(a for k, a in self._exact.items() if len(short) >= _SHORT_FORM and k.startswith(short)):
            yield begun, "short for it"
        if held := self._spoken_of(plain):
            yield held, "a word of it says so"
        near = process.extractOne(plain, list(self._exact), scorer=JaroWinkler.normalized_similarity)
        if near and near[1] >= _SLIP and len(plain) >= _SHORTEST and _digits(plain) == _digits(near[0]):
            yield self._exact[near[0]], "a slip of the pen"

    def _spoken_of(self, plain: str) -> str | None:
        """The one listed value that a word of a value means, as in "prod-eu"; None where a word turns it round."""
        words = [word for word in split(plain) if not word.isdigit() and len(word) >= _SHORT_FORM]
        if _TURNING.intersection(split(plain)):
            return None
        exact = (self._exact[word] for word in words if word in self._exact)
        return _sole((*exact, *(a for word in words for a in self._meaning(word))))

    def _meaning(self, word: str) -> Iterator[str]:
        """The listed values that are known to mean what a word does."""
        return (a for meaning in meanings(word) for a in self._meant.get(meaning, ()))


def _sole(found: Iterable[str]) -> str | None:
    """The only one there is."""
    listed = list(dict.fromkeys(found))
    return listed[0] if len(listed) == 1 else None


def _number(listed: str) -> str:
    """The number that a listed value begins with: "1 - High" is 1."""
    found = re.match(r"(\d+)\s*[-:.)]", listed)
    return found[1] if found else ""


def meanings(value: str) -> frozenset[str]:
    """What a value is known to mean."""
    return knowledge.vocabularies().get(value.strip().casefold(), frozenset())


def _only(spoken: Mapping[str, frozenset[str]]) -> dict[frozenset[str], str]:
    """Listed values by their words, where the words are of one only."""
    words = list(spoken.values())
    return {said: allowed for allowed, said in spoken.items() if words.count(said) == 1}


def _digits(text: str) -> list[str]:
    """Numbers in a text: versions that differ are no slip of the pen."""
    return [word for word in split(text) if word.isdigit()]
