"""Subjects: what the rows of a table are about, by its name and the concepts its columns name.

A column "name" of a table of applications is no name of a server, however well the words agree.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher.fields import Side
from discovery_pipeline.engine.mapping.matcher.words import split

_WORTH_OF_NAME = 2.5  # columns that the table's own name weighs as much as
_TOLD_NOTHING = frozenset({"name", "identifier", "type", "status", "description", "parent", "person", "manager"})
_ENOUGH = 2.0


def of(side: Side, concepts: np.ndarray) -> str | None:
    """The subject of a table: server, application, person, relation, …; None where nothing tells.

    `concepts` says how well each field names each concept of the knowledge.
    """
    told: dict[str, float] = defaultdict(float)
    known = knowledge.concepts()
    for field, naming in zip(side.fields, concepts, strict=True):
        best = int(naming.argmax())
        if naming[best] > 0 and not set(split(field.own)) <= _TOLD_NOTHING:
            told[known[best].about] += naming[best]
    by_word = knowledge.subjects()
    for word in split(side.table):
        if word in by_word:
            told[by_word[word]] += _WORTH_OF_NAME
    told.pop("any", None)
    subject = max(told, key=lambda s: told[s], default=None)
    return subject if subject and told[subject] >= _ENOUGH else None
