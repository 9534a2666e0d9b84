"""Looks: which concepts of an inventory a column's values look like, whatever the column is called.

Knowledge as data: the patterns are in looks.yaml. That memory comes in powers of two is a matter of numbers.
"""

from __future__ import annotations

import math
import re

import numpy as np

from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher import dimensions
from discovery_pipeline.engine.mapping.matcher.fields import Side

_SEEN = 24  # most frequent values that are looked at
_LONGEST = 60  # characters of a value that a pattern is tried on
_MOSTLY = 0.6  # share of values that must look so
_POWERS = 0.9  # what memory's powers of two tell
_FEWEST_POWERS = 3  # distinct ones


def of(side: Side) -> np.ndarray:
    """How much the values of each field look like each concept, fields × concepts, 0..1; 0 where they don't."""
    found = np.zeros((len(side.fields), len(knowledge.concepts())))
    if side.sample is None:
        return found
    for i, (field, values) in enumerate(zip(side.fields, side.sample.examples, strict=True)):
        said = [value.casefold() for value in values[:_SEEN] if len(value) <= _LONGEST]
        if len(said) * 2 < len(values[:_SEEN]) or not said:
            continue
        for place, pattern, tells in _looks():
            fitting = sum(1 for value in said if pattern.fullmatch(value)) / len(said)
            if fitting >= _MOSTLY:
                found[i, place] = fitting * tells
        if _powers_of_two(said) and not dimensions.counts(field):
            found[i, _place("memory size")] = _POWERS
    return found


@knowledge.remembered(1)
def tells() -> np.ndarray:
    """How much its look tells of each concept; 0 where it has none."""
    said = knowledge.looks()
    return np.array([float(said.get(concept.name, {}).get("tells", 0)) for concept in knowledge.concepts()])


@knowledge.remembered(1)
def never() -> np.ndarray:
    """Which looks the values of a concept never have, concepts × looks."""
    found = np.zeros((len(knowledge.concepts()), len(knowledge.concepts())), dtype=bool)
    for concept, said in knowledge.looks().items():
        found[_place(concept), [_place(other) for other in said.get("never", ())]] = True
    return found


def _powers_of_two(values: list[str]) -> bool:
    """Whether numbers are different powers of two, or three times one, as sizes of memory are."""
    try:
        numbers = {float(value.split()[0].replace(",", "")) for value in values if value.split()}
    except ValueError:
        return False
    if len(numbers) < _FEWEST_POWERS or max(numbers) < 32 or min(numbers) <= 0:
        return False
    return all(math.log2(n).is_integer() or math.log2(n / 3).is_integer() for n in numbers)


@knowledge.remembered(1)
def always() -> np.ndarray:
    """Whether all values of a concept look so."""
    said = knowledge.looks()
    return np.array([bool(said.get(concept.name, {}).get("always")) for concept in knowledge.concepts()])


@knowledge.remembered(1)
def _looks() -> tuple[tuple[int, re.Pattern[str], float], ...]:
    return tuple(
        (_place(concept), re.compile(str(said["fits"])), float(said["tells"]))
        for concept, said in knowledge.looks().items()
    )


@knowledge.remembered(256)
def _place(concept: str) -> int:
    return next(i for i, known in enumerate(knowledge.concepts()) if known.name == concept)
