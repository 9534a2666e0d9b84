"""Composing: target fields made of several columns, and columns that fill several target fields.

Offered only where no single column is sure, and never surely enough to be taken without a person: that a host
name and a domain make the wanted FQDN is likely, not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from discovery_pipeline.engine.mapping import knowledge, transformations
from discovery_pipeline.engine.mapping.matching import Matched

CONFIDENCE = 0.7
_NAMED = 0.95  # how well fields must name the concepts; half likenesses compose nonsense
_WHOLE = 0.5  # share of values that hold what stands between the parts, from which a column is the whole already


@dataclass(frozen=True, slots=True)
class Composed:
    """Source field `source`, put together with others or taken apart, for target field `target`."""

    source: int
    target: int
    transformation: str
    reason: str


def composed(matched: Matched, filled: frozenset[int]) -> Iterator[Composed]:
    """What can be put together or taken apart for target fields that are not surely filled."""
    places = {concept.name: place for place, concept in enumerate(knowledge.concepts())}
    for made in knowledge.compositions():
        whole, parts = places[made.whole], [places[p] for p in made.parts]
        yield from _joined(matched, filled, whole, parts, made.between)
        yield from _split(matched, filled, whole, parts, made.between)


def _joined(matched: Matched, filled: frozenset[int], whole: int, parts: list[int], between: str) -> Iterator[Composed]:
    columns = [_naming(matched.evidence.names.source_concepts, part) for part in parts]
    if any(c is None for c in columns) or len(set(columns)) < len(parts):
        return
    chosen = [c for c in columns if c is not None]
    target = _naming(matched.evidence.names.target_concepts, whole)
    if target is None or target in filled or _holds(matched, chosen[0], between):
        return
    names = [matched.source.fields[c].name for c in chosen]
    separator = f", {transformations.quoted(between)}, "
    text = f"concat({separator.join(map(transformations.named, names))})"
    yield Composed(chosen[0], target, text, f"no column holds it whole; {' and '.join(names)} together make it")


def _split(matched: Matched, filled: frozenset[int], whole: int, parts: list[int], between: str) -> Iterator[Composed]:
    column = _naming(matched.evidence.names.source_concepts, whole)
    if column is None or not _holds(matched, column, between):
        return
    name = matched.source.fields[column].name
    for place, part in enumerate(parts):
        target = _naming(matched.evidence.names.target_concepts, part)
        if target is not None and target not in filled:
            index = -1 if place == len(parts) - 1 and between == " " else place
            text = f"split({transformations.quoted(between)}, {index})"
            yield Composed(column, target, text, f"{name} holds it together with more")


def _naming(concepts: np.ndarray, concept: int) -> int | None:
    """The one field that names a concept best of all concepts; None where none does clearly."""
    best = int(concepts[:, concept].argmax())
    return best if concepts[best, concept] >= max(_NAMED, concepts[best].max()) else None


def _holds(matched: Matched, column: int, between: str) -> bool:
    """Whether most values of a column hold what stands between parts."""
    values = matched.source.sample.examples[column] if matched.source.sample else ()
    return bool(values) and sum(between in value for value in values) / len(values) >= _WHOLE
