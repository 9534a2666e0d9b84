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
    "backup": 3,
    "restore": 2,
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
}  # fmt: skip
"""Where a process of that kind may be killed. Other kinds are killed at any moment."""

OFTEN = frozenset({"before a statement", "after a statement"})
"""Points that are passed many times, so that a later passing is worth a try."""


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
    most = 400 if kind == "migration" and point in OFTEN else 120 if point in OFTEN else 12
    longest = {"during COMMIT": 0.003, "during a server program": 0.4}.get(point, 1.2)
    hits = 1 + int(most * chance.random() ** 2)
    return Plan(seed, cycle, kind, point, hits, longest * chance.random())
