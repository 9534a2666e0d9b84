"""References: which inclusions are foreign keys, one best reference a column.

For each column the keys that hold its values compete with each other and with "refers to nothing": a conditional
logit (McFadden 1974) over the evidence. Its probability is the confidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

from discovery_pipeline.engine.schema import evidence
from discovery_pipeline.engine.schema.evidence import Evidence, Names
from discovery_pipeline.engine.schema.facts import Database
from discovery_pipeline.engine.schema.inclusions import Inclusion
from discovery_pipeline.engine.schema.keys import Key

BIAS = -2.5
WEIGHTS: Mapping[str, float] = {
    "orphans": -3.0,
    "clean": 0.8,
    "table_name": 2.0,
    "column_name": 1.5,
    "named": 1.5,
    "role": 2.0,
    "parent": 3.5,
    "self_reference": -2.0,
    "says_key": 0.8,
    "says_measure": -2.5,
    "nameless": -1.5,
    "rival": -3.0,
    "own_name": -1.5,
    "misfit": -2.5,
    "surprise": 3.0,
    "information": 4.0,
    "share": 1.0,
    "distinct": 0.5,
    "main_key": 1.2,
    "display": -1.0,
    "column_is_key": -3.0,
    "column_unique": -1.0,
    "larger": -0.5,
    "odd_kind": -1.0,
    "short_number": -0.8,
}


@dataclass(frozen=True, slots=True)
class Reference:
    """An inclusion, and how surely it is the reference of its column."""

    inclusion: Inclusion
    evidence: Evidence
    confidence: float


def judged(database: Database, keys: Sequence[Key], naming: Names, inclusions: Sequence[Inclusion]) -> list[Reference]:
    """Every inclusion with its confidence, each column's best first."""
    rivals: dict[int, list[tuple[Inclusion, Evidence, float]]] = defaultdict(list)
    for inclusion in inclusions:
        found = evidence.gathered(database, keys, naming, inclusion)
        rivals[inclusion.column.id].append((inclusion, found, strength(found)))
    judgements: list[Reference] = []
    for offered in rivals.values():
        total = 1.0 + sum(exp(s) for _, _, s in offered)
        offered.sort(key=lambda o: (-o[2], o[0].key.columns[0].id))
        judgements += [Reference(i, e, exp(s) / total) for i, e, s in offered]
    return judgements


def strength(found: Evidence) -> float:
    """Log-odds of being the reference against the column's referring to nothing."""
    return BIAS + sum(WEIGHTS[f] * value for f, value in zip(evidence.FEATURES, evidence.vector(found), strict=True))


def best(judgements: Sequence[Reference], least: float = 0.1) -> list[Reference]:
    """The first of each column, where it is at all likely."""
    chosen: dict[int, Reference] = {}
    for reference in judgements:
        chosen.setdefault(reference.inclusion.column.id, reference)
    return [r for r in chosen.values() if r.confidence >= least]
