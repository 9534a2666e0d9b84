"""Composing: target fields made of several columns, and columns that fill several target fields.

Offered only where no single column is sure, and never surely enough to be taken without a person: that a host
name and a domain make the wanted FQDN is likely, not seen. What composes what is knowledge, in compositions.yaml.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from discovery_pipeline.engine import units
from discovery_pipeline.engine.mapping import knowledge, transformations
from discovery_pipeline.engine.mapping.knowledge.model import Composition
from discovery_pipeline.engine.mapping.matcher.fields import Field
from discovery_pipeline.engine.mapping.matcher.matching import Matched
from discovery_pipeline.engine.mapping.matcher.words import Reader
from discovery_pipeline.engine.mapping.transformations.proposing import dates_in

CONFIDENCE = 0.7
_NAMED = 0.95  # how well fields must name the concepts; half likenesses compose nonsense
_WHOLE = 0.8  # share of values that look like the whole, from which a column is it
_UNIT = re.compile(r"\d\s*([A-Za-z]+)")
_TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2})?$")


@dataclass(frozen=True, slots=True)
class Composed:
    """Source field `source`, put together with others or taken apart, for target field `target`."""

    source: int
    target: int
    transformation: str
    reason: str


def composed(matched: Matched, filled: Mapping[int, int | None]) -> Iterator[Composed]:
    """What can be put together or taken apart for target fields that are not surely filled.

    `filled` says which source field likely fills a target field, or None where that is sure. What is only likely gives
    way where it is a part of what is wanted, or holds more than that: a domain looks like the whole name.
    """
    source = _Named(matched.source.fields, matched.evidence.names.source_concepts)
    target = _Named(matched.target.fields, matched.evidence.names.target_concepts)
    taken: set[int] = set()
    for made in knowledge.compositions():
        for each in (*_joined(matched, filled, made, source, target), *_split(matched, filled, made, source, target)):
            if each.target not in taken:
                taken.add(each.target)
                yield each


class _Named:
    """Fields by what they are called."""

    def __init__(self, fields: Sequence[Field], concepts: np.ndarray) -> None:
        self._concepts = concepts
        self._places = {concept.name: place for place, concept in enumerate(knowledge.concepts())}
        reader = Reader.of([field.own for field in fields])
        self._said = [frozenset(reader.words(field.own)) for field in fields]

    def one(self, names: Sequence[str]) -> int | None:
        """The field that is called one of these, the first name first; None where none is, or two are."""
        for name in names:
            if (found := self._one(name)) is not None:
                return found
        return None

    def _one(self, name: str) -> int | None:
        if (place := self._places.get(name)) is not None and len(self._concepts):
            best = int(self._concepts[:, place].argmax())
            if self._concepts[best, place] >= max(_NAMED, self._concepts[best].max()):
                return best
        said = frozenset(Reader().words(name))
        saying = [i for i, words in enumerate(self._said) if words == said]
        return saying[0] if len(saying) == 1 else None


def _joined(
    matched: Matched, filled: Mapping[int, int | None], made: Composition, source: _Named, target: _Named
) -> Iterator[Composed]:
    columns = [source.one(part.names) for part in made.parts]
    chosen = [c for c in columns if c is not None]
    wanted = target.one(made.whole)
    if not made.joined or wanted is None or len(set(chosen)) < len(columns):
        return
    if filled.get(wanted, chosen[0]) not in chosen or _is_whole(matched, chosen[0], made):
        return
    names = [matched.source.fields[c].name for c in chosen]
    separator = f", {transformations.quoted(made.joined)}, "
    text = f"concat({separator.join(map(transformations.named, names))}){_as_date(matched, chosen)}"
    yield Composed(chosen[0], wanted, text, f"no column holds it whole; {' and '.join(names)} together make it")


def _as_date(matched: Matched, columns: Sequence[int]) -> str:
    """What reads a date put together with a time, where the date isn't written as ISO 8601; else nothing."""
    values = [matched.source.sample.examples[c] if matched.source.sample else () for c in columns]
    times = {match[1] for match in map(_TIME.match, values[-1]) if match}
    formats = dates_in(values[0])
    if not times or len(columns) != 2 or not formats or formats == ["%Y-%m-%d"]:
        return ""
    clocks = ["%H:%M" if time is None else "%H:%M:%S" for time in sorted(times, key=str)]
    return f" | parse_date({', '.join(transformations.quoted(f'{d} {t}') for d in formats for t in clocks)})"


def _split(
    matched: Matched, filled: Mapping[int, int | None], made: Composition, source: _Named, target: _Named
) -> Iterator[Composed]:
    places = [target.one(part.names) for part in made.parts]
    all_wanted = all(place is not None and place not in filled for place in places) and len(set(places)) == len(places)
    column = source.one(made.whole)
    if column is None and all_wanted:
        column = source.one(made.perhaps)
    if column is None or not made.fits or not _is_whole(matched, column, made):
        return
    name = matched.source.fields[column].name
    for place, part in zip(places, made.parts, strict=True):
        if place is not None and filled.get(place, column) == column:
            how = f"{part.taken}{_in_unit(matched, column, place)}"
            yield Composed(column, place, how, f"{name} holds it together with more")


def _in_unit(matched: Matched, column: int, place: int) -> str:
    """What brings a size to the unit that the target takes; a bare number is in the one that the values state most."""
    wanted = matched.target.fields[place].unit
    values = matched.source.sample.examples[column] if matched.source.sample else ()
    stated = Counter(u.name for v in values for w in _UNIT.findall(v) if (u := units.unit(w)) and u.quantity == "size")
    if wanted is None or wanted.quantity != "size" or not stated:
        return ""
    whole = " | round(0)" if matched.target.fields[place].type == "integer" else ""
    return f' | convert("{stated.most_common(1)[0][0]}","{wanted.name}"){whole}'


def _is_whole(matched: Matched, column: int, made: Composition) -> bool:
    """Whether most values of a column look like the whole."""
    values = matched.source.sample.examples[column] if matched.source.sample else ()
    fitting = sum(re.fullmatch(made.fits, value.casefold()) is not None for value in values) if made.fits else 0
    return bool(values) and fitting >= _WHOLE * len(values)
