"""`make soak`: thousands of kills, each judged by a fresh process; the table goes to benchmarks/SOAK.md.

`--cycle N` with the printed seed runs one cycle again, and keeps what it left. Runs side by side keep their counts with
`--into FILE`; `--merge FILE…` makes one table of them.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
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
from benchmarks.soak.page import Run, page

PAGE = Path(__file__).parent.parent / "SOAK.md"


def main() -> int:
    """Run the cycles, print every fault as it is found, and write the table."""
    options = _options()
    runs = [Run.kept(file) for file in options.merge] if options.merge else [_soak(options)]
    told = page(runs)
    print(told)
    if options.into:
        runs[0].keep(options.into)
    elif options.cycle is None:
        PAGE.write_text(told)
    return 1 if any(run.faults for run in runs) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first cycle")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--cycle", type=int, help="only this one")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after that many")
    parser.add_argument("--into", type=Path, metavar="FILE", help="keep the counts there, not in benchmarks/SOAK.md")
    parser.add_argument("--merge", type=Path, metavar="FILE", nargs="+", help="no run: one table of those kept")
    return parser.parse_args()


def _soak(options: argparse.Namespace) -> Run:
    numbers = range(options.first, options.first + options.cycles) if options.cycle is None else [options.cycle]
    print(f"Seed {options.seed}", flush=True)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="discovery-soak-"))
    with shared_server(folder / "server") as server:
        results = list(_run(Soak(folder, server, options.seed), numbers, began + options.minutes * 60))
    if any(result.faults for result in results):
        print(f"What the faulty cycles left is in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return Run.of(options.seed, time.monotonic() - began, results)


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


if __name__ == "__main__":
    sys.exit(main())
