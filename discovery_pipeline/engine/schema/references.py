"""References: which inclusions are foreign keys, one best reference a column.

For each column the keys that hold its values compete with each other and with "refers to nothing": a conditional
logit (McFadden 1974) over the evidence. Its probability is the confidence. A special kind of a special kind of thing
refers to the nearest of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from math import exp, log10

from discovery_pipeline.engine.schema import evidence, twins
from discovery_pipeline.engine.schema.evidence import Evidence
from discovery_pipeline.engine.schema.facts import Database, Facts
from discovery_pipeline.engine.schema.inclusions import Inclusion
from discovery_pipeline.engine.schema.keys import Key
from discovery_pipeline.engine.schema.naming import Names

# Fitted by benchmarks/fit_references.py over made-up databases of many conventions and some public ones; passes_on and
# earlier are set by hand, since made-up databases hold few tables whose own key is a reference that others could be
# taken to mean, and their trees grow at random.
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
    "earlier": 2.5,
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

SURE = 0.5  # confidence of a reference that others may go by
NO_CHANCE = 6.0  # decimal digits of improbability from which keys within keys are kinds of kinds


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
    offers: dict[int, list[_Offer]] = defaultdict(list)
    for inclusion, found in zip(inclusions, evidence.gathered(database, keys, naming, inclusions), strict=True):
        offers[inclusion.column.id].append(_Offer(inclusion, found, strength(found)))
    chosen = {column: max(of, key=lambda o: (o.strength, -o.target)) for column, of in offers.items()}
    references = {column: _reference(offer, offers[column]) for column, offer in chosen.items()}
    kinds = {k.columns[0].id for k in keys if k.single and k.rank == 1}
    nearer = {c: near for c in kinds & chosen.keys() if (near := _nearest(naming, kinds, references, offers[c]))}
    for column, near in nearer.items():
        references[column] = replace(_reference(near, offers[column]), confidence=references[column].confidence)
    return _one_way(list(references.values()))


@dataclass(frozen=True, slots=True)
class _Offer:
    """One of the keys that a column may refer to."""

    held: Inclusion
    found: Evidence
    strength: float

    @property
    def target(self) -> int:
        """The id of the key's column."""
        return self.held.key.columns[0].id


def _reference(offer: _Offer, rivals: Sequence[_Offer]) -> Reference:
    nothing = 1.0
    held = offer.held
    return Reference(
        columns=(held.column,),
        key=held.key,
        coverage=held.coverage,
        orphans=held.orphans,
        distinct=held.distinct,
        confidence=exp(offer.strength) / (nothing + sum(exp(o.strength) for o in rivals)),
        evidence=evidence.in_words(offer.found, held),
        void=held.void,
    )


def _nearest(
    naming: Names, kinds: Set[int], references: Mapping[int, Reference], offers: Sequence[_Offer]
) -> _Offer | None:
    """The smallest key that a table's own key lies in, of those that refer to what it was taken to refer to itself.

    Only keys that are called the same compete, and only where the smaller ones don't hold it by chance: managers are
    employees, who are people, who are parties, and all of them have a party_id.
    """
    column = offers[0].held.column
    own = references[column.id]
    if own.confidence < SURE or own.orphans:
        return None

    def near(offer: _Offer) -> bool:
        key = offer.held.key
        if offer.target not in kinds or offer.held.orphans or naming.words(key.columns[0]) != naming.words(column):
            return False
        chance = offer.held.distinct * log10(own.key.distinct / key.distinct)
        return chance >= NO_CHANCE and _leads(references, offer.target, own.key.columns[0].id)

    return min(filter(near, offers), key=lambda o: o.held.key.distinct, default=None)


def _leads(references: Mapping[int, Reference], column: int, target: int) -> bool:
    """Whether the column refers to the target, or to what does."""
    seen: set[int] = set()
    while column not in seen and (onward := references.get(column)) and onward.confidence >= SURE:
        seen.add(column)
        column = onward.key.columns[0].id
        if column == target:
            return True
    return False


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
