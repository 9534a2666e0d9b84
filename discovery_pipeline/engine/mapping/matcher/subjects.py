"""Subjects: what the rows of a table are about, by the class that they say they are, its name, and its columns.

A column "name" of a table of applications is no name of a server, however well the words agree.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np

from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher.fields import Side
from discovery_pipeline.engine.mapping.matcher.words import split

_WORTH_OF_NAME = 2.5  # columns that the table's own name weighs as much as
_TOLD_NOTHING = frozenset({"name", "identifier", "type", "status", "description", "parent", "person", "manager"})
_ENOUGH = 2.0
_CLASS = "asset class"
_NAMED = 0.9


def of(side: Side, concepts: np.ndarray) -> str | None:
    """The subject of a table: server, application, person, relation, …; None where nothing tells.

    `concepts` says how well each field names each concept of the knowledge.
    """
    named, alike = of_words(side.table), knowledge.like_servers()
    if said := _classes(side, concepts) or alike.intersection(named):
        return min(said) if len(said) == 1 or said <= alike else None
    told: dict[str, float] = defaultdict(float)
    known = knowledge.concepts()
    for field, naming in zip(side.fields, concepts, strict=True):
        best = int(naming.argmax())
        if naming[best] > 0 and not set(split(field.own)) <= _TOLD_NOTHING:
            told[known[best].about] += naming[best]
    for subject in named:
        told[subject] += _WORTH_OF_NAME
    told.pop("any", None)
    subject = max(told, key=lambda s: told[s], default=None)
    return subject if subject and told[subject] >= _ENOUGH else None


def _classes(side: Side, concepts: np.ndarray) -> frozenset[str]:
    """The subjects of what rows say that they are; empty where one doesn't say it, or says nothing known."""
    known = [concept.name for concept in knowledge.concepts()]
    if side.sample is None or _CLASS not in known:
        return frozenset()
    naming = concepts[:, known.index(_CLASS)]
    if not len(naming) or naming.max() < _NAMED:
        return frozenset()
    said = [frozenset(of_words(value)) for value in side.sample.examples[int(naming.argmax())]]
    return frozenset().union(*said) if all(len(subjects) == 1 for subjects in said) else frozenset()


def of_words(name: str) -> list[str]:
    """What the words of a name say that things are, word by word; two that are one word ("vHost") count as that."""
    by_word, words = knowledge.subjects(), split(name)
    joined = [a + b for a, b in pairwise(words)]
    parts = {word for pair, whole in zip(pairwise(words), joined, strict=True) if whole in by_word for word in pair}
    return [by_word[word] for word in (*joined, *words) if word in by_word and word not in parts]
