"""Plans: what one cycle of the soak does, drawn from a seed. The same seed and cycle draw the same plan."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["statement", "files", "moment", "server", "opening", "first start", "migration", "backup", "restore"]

SHARES: Mapping[Kind, int] = {
    "statement": 36,
    "files": 16,
    "moment": 20,
    "server": 10,
    "opening": 6,
    "first start": 3,
    "migration": 4,
    "backup": 2,
    "restore": 3,
}
"""How many cycles of a hundred are of each kind."""

POINTS: Mapping[Kind, tuple[str, ...]] = {
    "statement": (
        "before a statement", "after a statement", "row locked", "before COMMIT", "during COMMIT", "after COMMIT",
    ),
    "files": (
        "before the digest", "before the sync", "before CURRENT", "CURRENT half written", "CURRENT named",
        "former version half gone",
    ),
    "opening": ("before a server program", "during a server program", "after a server program"),
    "first start": ("before a server program", "during a server program", "after a server program", "cluster made"),
    "migration": ("before a statement", "after a statement", "before COMMIT", "after COMMIT"),
    "restore": ("before a step", "in its first recovery", ""),
}  # fmt: skip
"""Where a process of that kind may be killed. Other kinds are killed at any moment."""

PASSINGS: Mapping[str, int] = {
    "before a statement": 120,
    "after a statement": 120,
    "before a step": 56,
    "former version half gone": 3,
}
"""How many passings of a point are worth a try, where that isn't a dozen. A migration has more statements."""
LONGEST: Mapping[str, float] = {"during COMMIT": 0.003, "during a server program": 0.4, "in its first recovery": 0.02}
"""Seconds within a point until the kill, at most, where that isn't `ANY_MOMENT`."""
ANY_MOMENT = 1.2


@dataclass(frozen=True, slots=True)
class Plan:
    """One cycle: who is killed, where, and how soon."""

    seed: int
    cycle: int
    kind: Kind
    point: str  # empty: at any moment
    hit: int  # the passing of the point that is the last one, from 1
    delay: float  # seconds: until the kill at any moment, or within the point

    @property
    def name(self) -> str:
        """As a table of results has it."""
        return f"{self.kind}: {self.point or 'any moment'}"

    def random(self, purpose: str) -> random.Random:
        """Chance for one purpose of this cycle, always the same."""
        return random.Random(f"{self.seed} {self.cycle} {purpose}")


def draw(seed: int, cycle: int) -> Plan:
    """The plan of a cycle. Kinds take turns, so that a hundred cycles hold each one's share."""
    order: list[Kind] = [kind for kind, share in SHARES.items() for _ in range(share)]
    random.Random(f"{seed} {cycle // len(order)} order").shuffle(order)
    chance = random.Random(f"{seed} {cycle} plan")
    kind = order[cycle % len(order)]
    point = chance.choice(POINTS.get(kind, ("",)))
    most = 400 if kind == "migration" and point.endswith("a statement") else PASSINGS.get(point, 12)
    hits = 1 + int(most * chance.random() ** (1 if kind == "restore" else 2))
    return Plan(seed, cycle, kind, point, hits, LONGEST.get(point, ANY_MOMENT) * chance.random())
