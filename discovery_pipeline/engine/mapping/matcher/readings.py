"""Readings: the ways in which a field's name may be read, as phrases of words.

A name is read with what is usual, by its aliases, as it is written, with its short forms spelt out by what the other
side says ("hr" is an hour, unless there is a heart rate), and in words of the other side that some trade uses for it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher.fields import FEWEST, SHARED, Field
from discovery_pipeline.engine.mapping.matcher.words import Reader, split

Phrase = tuple[str, ...]

_STEP = re.compile(r"[.|>:]+")  # between the steps of a path: "os.name", "CPU|Usage"
_EITHER = re.compile(r"\s+/\s+|(?<=[^\W\d_]{3})/(?=[^\W\d_]{3})")

_ALIAS = 0.97  # an alias says a little less than the name itself
_LITERAL = 0.95  # a name as written, a little less than what it usually means
_SPELT_OUT = 0.9  # initials may be others'
_ENDING = 0.93  # where a name stands in a tree, less than what it is called there
_ALTERNATIVE = 0.9  # one of two things that a name says there are
_LONGEST = 3  # words of what trades call by other words
_INITIALS = range(2, 6)  # letters that may be initials of as many words
_MOST = 3  # ways to spell out one short form
_WHOLE = frozenset({"no", "in", "on", "is", "as", "at", "by", "or", "of", "to"})  # words that are nobody's initials


@dataclass(frozen=True, slots=True)
class Readings:
    """One side's names under all their readings."""

    phrases: tuple[Phrase, ...]
    worth: np.ndarray  # of each phrase, 0..1
    first: np.ndarray  # index of each field's usual reading in `phrases`
    by_trade: np.ndarray  # whether a phrase is what only some trade would call the field

    @property
    def anywhere(self) -> Readings:
        """The same, where what only some trade would say is worth nothing."""
        return replace(self, worth=np.where(self.by_trade, 0.0, self.worth))

    @property
    def usual(self) -> list[Phrase]:
        """Each field's usual reading."""
        return [self.phrases[i] for i in self.first]

    @property
    def said(self) -> tuple[frozenset[str], ...]:
        """The words of all readings of each field together."""
        words: list[set[str]] = [set() for _ in self.first]
        for field, phrase in zip(self.of, self.phrases, strict=True):
            words[field].update(phrase)
        return tuple(map(frozenset, words))

    def alone(self) -> Readings:
        """The usual readings and no others."""
        return Readings(
            tuple(self.usual), np.ones(len(self.first)), np.arange(len(self.first)), np.zeros(len(self.first), bool)
        )

    @property
    def of(self) -> np.ndarray:
        """The field that each phrase is a reading of."""
        return np.repeat(np.arange(len(self.first)), np.diff([*self.first, len(self.phrases)]))


def of(fields: Sequence[Field], reader: Reader, others: Sequence[Field] = ()) -> Readings:
    """All readings of these fields' names beside those of the other side."""
    names = [field.own for field in fields]
    runs, shared, endings = _runs(others), _shared(names), _endings(names, reader)
    said = frozenset(run for field in others for words in _plain(field, reader) for _, run in _parts(words))
    phrases: list[Phrase] = []
    worth: list[float] = []
    by_trade: list[bool] = []
    first = []
    for field in fields:
        first.append(len(phrases))
        readings = _readings(field, reader, runs, shared)
        if ending := endings.get(field.own):
            readings.setdefault(ending, _ENDING)
        for phrase in _alternatives(field.own, reader):
            readings.setdefault(phrase, _ALTERNATIVE)
        elsewhere = dict.fromkeys(p for p in _in_trades(field, reader, said) if p not in readings)
        phrases += [*readings, *elsewhere]
        worth += [*readings.values(), *(_ALIAS for _ in elsewhere)]
        by_trade += [*(False for _ in readings), *(True for _ in elsewhere)]
    return Readings(tuple(phrases), np.array(worth), np.array(first), np.array(by_trade))


def best(alike: np.ndarray, left: Readings, right: Readings) -> np.ndarray:
    """From phrases × phrases to fields × fields: the best of all readings."""
    rows = np.maximum.reduceat(alike * left.worth[:, None], left.first, axis=0)
    return np.maximum.reduceat(rows * right.worth, right.first, axis=1)


def _readings(field: Field, reader: Reader, runs: dict[str, list[Phrase]], shared: str) -> dict[Phrase, float]:
    """Phrases with what each is worth, the usual one first."""
    literal = reader.literal(field.own)
    found = [(reader.words(field.own), 1.0)]
    found += [(reader.words(alias), _ALIAS) for alias in field.aliases]
    if shared and field.own.startswith(shared) and len(field.own) > len(shared) + 1:
        found.append((reader.words(field.own[len(shared) :]), _ALIAS))
    found += [(phrase, _ALIAS) for phrase in _within(field, reader)]
    found.append((literal, _LITERAL))
    found += [(phrase, _SPELT_OUT) for phrase in _spelt_out(literal, reader, runs)]
    worth: dict[Phrase, float] = {}
    for phrase, value in found:
        worth.setdefault(phrase, value)
    return worth


def _within(field: Field, reader: Reader) -> Iterator[Phrase]:
    """The name without that of its own table, where the rest says something by itself: "product image" of a product."""
    words, table = reader.words(field.own), reader.words(field.group) if field.group else ()
    if table and words[: len(table)] == table and not knowledge.attributes().issuperset(words[len(table) :]):
        yield words[len(table) :]


def _shared(names: Sequence[str]) -> str:
    """The longest beginning, of two letters or more, that nearly all of these names have; empty where there is none."""
    if len(names) < FEWEST:
        return ""
    for length in range(max(map(len, names)), 1, -1):
        starts = Counter(name[:length] for name in names if len(name) > length)
        start, count = max(starts.items(), key=lambda told: told[1], default=("", 0))
        if count >= SHARED * len(names):
            return start
    return ""


def _endings(names: Sequence[str], reader: Reader) -> dict[str, Phrase]:
    """What names that are paths end in, where that says something by itself and no other name ends so."""
    parted = {name: steps for name in names if len(steps := _STEP.split(name)) > 1 and all(map(_telling, steps))}
    found = {name: phrase for name, steps in parted.items() if (phrase := _ending(steps, reader))}
    times = Counter(found.values())
    return {name: phrase for name, phrase in found.items() if times[phrase] == 1}


def _telling(step: str) -> bool:
    """Whether what stands between two marks is a word and no short form: "Betr." is none."""
    return len(step) > 1 and not step[0].isspace()


def _ending(steps: Sequence[str], reader: Reader) -> Phrase:
    """The fewest last steps of a path that name a thing; empty where only all of them do."""
    for length in range(1, len(steps)):
        phrase = reader.words(" ".join(steps[-length:]))
        if not knowledge.attributes().issuperset(phrase):
            return phrase
    return ()


def _alternatives(name: str, reader: Reader) -> Iterator[Phrase]:
    """What a name says on either side of a stroke, as far as it says something by itself: "Site / Building"."""
    parts = _EITHER.split(name)
    if len(parts) > 1:
        yield from (phrase for part in parts if not knowledge.attributes().issuperset(phrase := reader.words(part)))


def _spelt_out(literal: Phrase, reader: Reader, runs: dict[str, list[Phrase]]) -> Iterator[Phrase]:
    """The name with one of its short forms replaced by words of the other side that begin with its letters."""
    for at, word in enumerate(literal):
        for run in runs.get(word, ())[:_MOST] if word not in _WHOLE else ():
            yield tuple(w for part in (*literal[:at], " ".join(run), *literal[at + 1 :]) for w in reader.words(part))


def _in_trades(field: Field, reader: Reader, said: frozenset[str]) -> Iterator[Phrase]:
    """The name with a part of it as some trade calls that, in words that the other side says."""
    for words in _plain(field, reader):
        for at, part in _parts(words):
            after = words[at + part.count(" ") + 1 :]
            for other in knowledge.trades().get(part, ()):
                if other in said:
                    yield reader.words(" ".join((*words[:at], other, *after)))


def _plain(field: Field, reader: Reader) -> tuple[Phrase, ...]:
    """A name word by word: with short forms written out, and in its usual form."""
    return reader.spelt(field.own), tuple(" ".join(reader.words(field.own)).split())


def _parts(words: Phrase) -> Iterator[tuple[int, str]]:
    """Every few words of a name that stand together, and where they begin."""
    for at in range(len(words)):
        for last in range(at + 1, min(at + _LONGEST, len(words)) + 1):
            yield at, " ".join(words[at:last])


def _runs(fields: Iterable[Field]) -> dict[str, list[Phrase]]:
    """Words of these names that stand beside one another, by their initials."""
    runs: dict[str, dict[Phrase, None]] = defaultdict(dict)
    for phrase in dict.fromkeys(split(f.own) for f in fields):
        words = tuple(w for w in phrase if w.isalpha())
        for length in _INITIALS:
            for at in range(len(words) - length + 1):
                run = words[at : at + length]
                runs["".join(word[0] for word in run)][run] = None
    return {initials: list(found) for initials, found in runs.items()}
