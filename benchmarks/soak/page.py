"""The page of a soak: what one run counted, kept in a file, and the table of several runs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.soak.cycles import Result

HEAD = """# Soak

Written by `make soak` on {day}: {kills:,} kills in {runs}, {minutes:,.0f} minutes in all, {cores}
cores, Python {python}.

Each cycle kills a process that works on flows (SIGKILL), at a named point or at any moment; *server* cycles kill
PostgreSQL too, *restore* cycles a restore, or the server in the recovery that follows. A fresh process then opens what
is left: no rule of `recover` may be broken, every action that the worker was told of is there once, every other whole
or not at all, a reader of events meets each one once, what can be read of artifacts is one whole publication, nothing
runs on, and flows can be brought to their end. `python -m benchmarks.soak --seed S --cycle N` runs one cycle again.

| {killed_at:42} | kills | actions told | events | inconsistencies |
| --- | --- | --- | --- | --- |
"""


@dataclass(slots=True)
class Count:
    """Cycles of one name."""

    kills: int = 0
    told: int = 0
    events: int = 0
    faults: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(
            self.kills + other.kills, self.told + other.told, self.events + other.events, self.faults + other.faults
        )


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the soak, which has one seed."""

    seed: int
    seconds: float
    counts: dict[str, Count] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    @classmethod
    def of(cls, seed: int, seconds: float, results: Sequence[Result]) -> Run:
        """What these cycles showed."""
        counts: dict[str, Count] = {}
        for result in results:
            one = Count(1, result.told, result.events, len(result.faults))
            counts[result.plan.name] = counts.get(result.plan.name, Count()) + one
        faults = [f"seed {seed}, cycle {r.plan.cycle} ({r.plan.name}): {fault}" for r in results for fault in r.faults]
        return cls(seed, seconds, counts, tuple(faults))

    def keep(self, file: Path) -> None:
        """Write the run to a file, to be merged with others."""
        file.write_text(json.dumps(asdict(self)))

    @classmethod
    def kept(cls, file: Path) -> Run:
        """A run that was kept."""
        said = json.loads(file.read_text())
        counts = {name: Count(**count) for name, count in said["counts"].items()}
        return cls(said["seed"], said["seconds"], counts, tuple(said["faults"]))


def page(runs: Sequence[Run]) -> str:
    """The page that says what was found: one row a place of death, then each fault."""
    rows: dict[str, Count] = {}
    for name, count in (item for run in runs for item in run.counts.items()):
        rows[name] = rows.get(name, Count()) + count
    everything = sum(rows.values(), Count())
    head = HEAD.format(
        day=f"{datetime.now(UTC):%Y-%m-%d}", kills=everything.kills, runs=_runs(runs), killed_at="killed at",
        minutes=sum(run.seconds for run in runs) / 60, cores=os.cpu_count(), python=platform.python_version(),
    )  # fmt: skip
    table = "".join(_row(name, count) for name, count in [*sorted(rows.items()), ("all", everything)])
    faults = [f"- {fault}\n" for run in runs for fault in run.faults]
    return head + table + ("\n" + "".join(faults) if faults else "")


def _row(name: str, count: Count) -> str:
    return f"| {name:42} | {count.kills:,} | {count.told:,} | {count.events:,} | {count.faults:,} |\n"


def _runs(runs: Sequence[Run]) -> str:
    seeds = sorted({run.seed for run in runs})
    named = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {_spans(seeds)}"
    return f"one run, {named}" if len(runs) == 1 else f"{len(runs)} runs, some side by side, {named}"


def _spans(numbers: Iterable[int]) -> str:
    """Numbers in order, neighbours as one: 41–46, 51."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(str(span[0]) if len(span) == 1 else f"{span[0]}–{span[-1]}" for span in spans)
