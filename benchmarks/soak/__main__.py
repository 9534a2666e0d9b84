"""`make soak`: thousands of kills, each judged by a fresh process; the table goes to benchmarks/SOAK.md.

`--cycle N` with the printed seed runs one cycle again, and keeps what it left.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.progress import (
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from benchmarks.soak.cycles import Result, Soak, shared_server

PAGE = Path(__file__).parent.parent / "SOAK.md"
HEAD = """# Soak

Written by `make soak` on {day}: {kills:,} kills in {minutes:.0f} minutes, seed {seed}, {cores} cores, Python {python}.

Each cycle kills a process that works on flows (SIGKILL), at a named point or at any moment; *server* cycles kill
PostgreSQL too. A fresh process then opens what is left: no rule of `recover` may be broken, every action that the
worker was told of is there once, every other whole or not at all, a reader of events meets each one once, what can be
read of artifacts is one whole publication, nothing runs on, and flows can be brought to their end.
`python -m benchmarks.soak --seed S --cycle N` runs one cycle again.

"""


def main() -> int:
    """Run the cycles, print every fault as it is found, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first cycle")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--cycle", type=int, help="only this one")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after that many")
    options = parser.parse_args()
    numbers = range(options.first, options.first + options.cycles) if options.cycle is None else [options.cycle]
    print(f"Seed {options.seed}", flush=True)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="discovery-soak-"))
    with shared_server(folder / "server") as server:
        results = list(_run(Soak(folder, server, options.seed), numbers, began + options.minutes * 60))
    page = table(results, options.seed, time.monotonic() - began)
    print(page)
    if any(result.faults for result in results):
        print(f"What the faulty cycles left is in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    if options.cycle is None:
        PAGE.write_text(page)
    return 1 if any(result.faults for result in results) else 0


def _run(soak: Soak, numbers: Sequence[int], deadline: float) -> Iterable[Result]:
    columns = (SpinnerColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task("kills", total=len(numbers))
        faults = 0
        for number in numbers:
            if time.monotonic() > deadline:
                return
            result = soak.cycle(number)
            faults += len(result.faults)
            for fault in result.faults:
                progress.console.print(f"cycle {number} ({result.plan.name}): {fault}", markup=False)
            progress.update(task, advance=1, description=f"{faults} faults")
            yield result


def table(results: Sequence[Result], seed: int, seconds: float) -> str:
    """The page that says what was found."""
    rows: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        rows[result.plan.name].append(result)
    lines = [
        f"| {'killed at':42} | kills | actions told | events | inconsistencies |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, of_it in [*sorted(rows.items()), ("all", list(results))]:
        told, events = sum(r.told for r in of_it), sum(r.events for r in of_it)
        faults = sum(len(r.faults) for r in of_it)
        lines.append(f"| {name:42} | {len(of_it):,} | {told:,} | {events:,} | {faults:,} |")
    head = HEAD.format(
        day=f"{datetime.now(UTC):%Y-%m-%d}", kills=len(results), minutes=seconds / 60, seed=seed, cores=os.cpu_count(),
        python=platform.python_version(),
    )  # fmt: skip
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
