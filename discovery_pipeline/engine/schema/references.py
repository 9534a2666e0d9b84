"""References: which inclusions are foreign keys, one best reference a column.

For each column the keys that hold its values compete with each other and with "refers to nothing": a conditional
logit (McFadden 1974) over the evidence. Its probability is the confidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp

from discovery_pipeline.engine.schema import evidence, twins
from discovery_pipeline.engine.schema.evidence import Evidence
from discovery_pipeline.engine.schema.facts import Database, Facts
from discovery_pipeline.engine.schema.inclusions import Inclusion
from discovery_pipeline.engine.schema.keys import Key
from discovery_pipeline.engine.schema.naming import Names

# Fitted by benchmarks/fit_references.py over made-up databases of many conventions and some public ones; passes_on is
# set by hand, since made-up databases hold few tables whose own key is a reference that others could be taken to mean.
BIAS = -3.2
WEIGHTS: Mapping[str, float] = {
    "orphans": -2.2,
    "clean": 0.2,
    "table_name": 1.7,
    "column_name": 0.5,
    "role": 1.3,
    "parent": 1.6,
    "parent_elsewhere": -0.4,
    "self_reference": -1.6,
    "says_key": 0.8,
    "says_measure": -3.2,
    "nameless": -0.9,
    "rival": 0.4,
    "own_name": -0.8,
    "misfit": -2.8,
    "surprise": 0.6,
    "information": 1.6,
    "share": 1.6,
    "distinct": 0.2,
    "main_key": 2.6,
    "display": 0.6,
    "attribute": -3.0,
    "own_key": -3.4,
    "shared_key": -1.9,
    "column_unique": -1.6,
    "blind": 0.9,
    "blind_end": 0.2,
    "blind_share": 0.4,
    "short_number": -0.7,
    "consensus": 0.3,
    "looser": -2.1,
    "passes_on": -1.5,
}


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns that refer to a key, and how surely."""

    columns: tuple[Facts, ...]
    key: Key
    coverage: float  # share of filled rows that have a match
    orphans: int  # filled rows without one
    distinct: int  # values of the columns
    confidence: float
    evidence: str  # for a person
    void: str = ""  # a value that counts as empty

    @property
    def ids(self) -> tuple[int, ...]:
        """The columns' ids."""
        return tuple(c.id for c in self.columns)


def judged(database: Database, keys: Sequence[Key], naming: Names, inclusions: Sequence[Inclusion]) -> list[Reference]:
    """The most probable reference of each column that may have one."""
    inclusions = twins.without(database, naming, inclusions)
    rivals: dict[int, list[tuple[float, Inclusion, Evidence]]] = defaultdict(list)
    for inclusion, found in zip(inclusions, evidence.gathered(database, keys, naming, inclusions), strict=True):
        rivals[inclusion.column.id].append((strength(found), inclusion, found))
    references = []
    for offered in rivals.values():
        nothing = 1.0
        total = nothing + sum(exp(s) for s, _, _ in offered)
        best, held, found = max(offered, key=lambda o: (o[0], -o[1].key.columns[0].id))
        references.append(
            Reference(
                columns=(held.column,),
                key=held.key,
                coverage=held.coverage,
                orphans=held.orphans,
                distinct=held.distinct,
                confidence=exp(best) / total,
                evidence=evidence.in_words(found, held),
                void=held.void,
            )
        )
    return _one_way(references)


def strength(found: Evidence) -> float:
    """Log-odds of being the reference against the column's referring to nothing."""
    return BIAS + sum(WEIGHTS[f] * value for f, value in zip(evidence.FEATURES, evidence.vector(found), strict=True))


def _one_way(references: Sequence[Reference]) -> list[Reference]:
    """Two keys that refer to each other: the less sure one is as unlikely as the other is sure."""
    back = {(r.columns[0].id, r.key.columns[0].id): r.confidence for r in references}
    return [
        replace(r, confidence=r.confidence * (1 - other))
        if (other := back.get((r.key.columns[0].id, r.columns[0].id), 0.0)) > r.confidence
        else r
        for r in references
    ]
