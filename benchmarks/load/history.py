"""Histories: what clients did and saw, and whether one story explains it all.

After Elle, Jepsen's checker: a flow's audit chain is a list to which every change appends. So the order of all writes
is known in the end, each read says how long the list was, and "came before" is a graph: a write before the next one, a
write before who read it, a read before the write it hadn't seen, and whatever ended before whatever began later. An
order in which it all could have happened one after another exists just when that graph has no cycle.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Literal

Outcome = Literal["done", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A flow as a client read or left it: at which version, and a digest of what stood there."""

    flow: str
    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that one client did, whole or not at all."""

    client: int
    kind: str
    began: float  # seconds of one clock for all
    ended: float
    outcome: Outcome
    read: tuple[Seen, ...] = ()
    wrote: tuple[Seen, ...] = ()
    number: int = 0  # what the operation wrote into the states, and no other

    def __str__(self) -> str:
        """For a person who looks for what went wrong."""
        told = ", ".join(
            f"{verb} {seen.flow[:8]} v{seen.version}"
            for verb, many in (("read", self.read), ("wrote", self.wrote))
            for seen in many
        )
        return f"{self.kind} of client {self.client} ({told or self.outcome})"


@dataclass(frozen=True, slots=True)
class Link:
    """One audit in a flow's chain: the number that was written, and every digest by which a reader may know it."""

    number: int
    digests: frozenset[str]


Chain = Sequence[Link]
"""The links of one flow; the first is version 1."""


def faults(history: Sequence[Operation], chains: Mapping[str, Chain]) -> list[str]:
    """Everything in the history that the chains don't explain; none where all is well."""
    return [*_unseen(history, chains), *_lost(history, chains), *_cycle(history, chains)]


def _unseen(history: Sequence[Operation], chains: Mapping[str, Chain]) -> Iterator[str]:
    """What a client saw, and nobody ever wrote."""
    for operation in history:
        for seen in (*operation.read, *operation.wrote):
            chain = chains[seen.flow]
            if seen.version > len(chain):
                yield f"{operation}: there is no version {seen.version}"
            elif seen.digest not in chain[seen.version - 1].digests:
                yield f"{operation}: version {seen.version} says something else"


def _lost(history: Sequence[Operation], chains: Mapping[str, Chain]) -> Iterator[str]:
    """Writes that were acknowledged and aren't there, are there twice, or are there though they were refused."""
    there: dict[int, list[str]] = defaultdict(list)
    for flow, chain in chains.items():
        for before, link in zip((None, *chain), chain, strict=False):
            if link.number and (before is None or link.number != before.number):
                there[link.number].append(flow)
    claimed: dict[tuple[str, int], Operation] = {}
    for operation in history:
        for seen in operation.wrote:
            other = claimed.setdefault((seen.flow, seen.version), operation)
            if other is not operation:
                yield f"{operation}: {other} made the same version"
        if not operation.number:
            continue
        flows = sorted(there[operation.number])
        if operation.outcome == "done" and flows != sorted(seen.flow for seen in operation.wrote):
            yield f"{operation}: was acknowledged, and stands in {len(flows)} flows"
        if operation.outcome == "refused" and flows:
            yield f"{operation}: was refused, and is there"
        if operation.outcome == "unknown" and len(flows) != len(set(flows)):
            yield f"{operation}: is there twice"


def _cycle(history: Sequence[Operation], chains: Mapping[str, Chain]) -> Iterator[str]:
    """A circle of operations each of which came before the next."""
    done = [operation for operation in history if operation.outcome == "done"]
    before = _by_versions(done, chains)
    for later, earlier in _by_time(done).items():
        before[later] |= earlier
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        circle = [done[node] for node in reversed(error.args[1]) if node >= 0]
        yield "no order explains: " + " → ".join(map(str, circle))


def _by_versions(done: Sequence[Operation], chains: Mapping[str, Chain]) -> dict[int, set[int]]:
    """For each operation, by its index, those that came before it because of what it read or wrote."""
    writer = {(seen.flow, seen.version): i for i, operation in enumerate(done) for seen in operation.wrote}
    readers: dict[tuple[str, int], list[int]] = defaultdict(list)
    for i, operation in enumerate(done):
        for seen in operation.read:
            readers[seen.flow, seen.version].append(i)
    before: dict[int, set[int]] = defaultdict(set)
    for flow, chain in chains.items():
        last: int | None = None
        for version in range(1, len(chain) + 1):
            now = writer.get((flow, version))
            if now is not None:
                before[now] |= {*readers[flow, version - 1], *([last] if last is not None else [])} - {now}
                last = now
            for reader in readers[flow, version]:
                if last is not None and reader != last:
                    before[reader].add(last)
    return before


def _by_time(done: Sequence[Operation]) -> dict[int, set[int]]:
    """The same because of the clock. Moments at which something ended are nodes, too: -1, -2, …, in order."""
    ends = sorted((operation.ended, i) for i, operation in enumerate(done))
    times = [at for at, _ in ends]
    before: dict[int, set[int]] = defaultdict(set)
    for place, (_, i) in enumerate(ends):
        before[-1 - place] |= {i, -place} if place else {i}
    for i, operation in enumerate(done):
        if ended := bisect_left(times, operation.began):
            before[i].add(-ended)
    return before
