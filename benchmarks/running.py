"""The whole of `discovery run` against DuckDB merely parsing the same file, in the same run.

Usage: python -m benchmarks.running [--rows 100000] [--repeat 3]

The home is warm: a first run on another file has made its database. Both commands are processes of their own, start-up
included. The promise is at most 8 times the parse plus 10 s, and less than 1.5 GiB in any process.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
PARSE = 'import duckdb, sys; duckdb.execute("select max(hash(t)) from read_csv(?, all_varchar=true) t", [sys.argv[1]])'
TIMES, SECONDS, GIBIBYTES = 8, 10, 1.5


@dataclass(frozen=True, slots=True)
class Measured:
    """One command: wall seconds, and the most memory (bytes) that its processes held together."""

    seconds: float
    memory: int


def measured(*command: str | Path, home: Path, allowed: tuple[int, ...] = (0,)) -> Measured:
    """Run a command to its end and measure it."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        env=os.environ | {"DISCOVERY_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(process, peak), daemon=True)
    watcher.start()
    _, said = process.communicate()
    seconds = time.perf_counter() - began
    if process.returncode not in allowed:
        raise SystemExit(f"{command[0]} ended with {process.returncode}: {said.decode()[-500:]}")
    return Measured(seconds, peak[0])


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    """The most resident memory of the process itself; the database server is nobody's child."""
    try:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            peak[0] = max(peak[0], watched.memory_info().rss)
            time.sleep(0.05)
    except psutil.NoSuchProcess:
        return


def compared(rows: int, repeat: int, scratch: Path) -> list[str]:
    """Lines of a table: parse, run, ratio, memory."""
    program = Path(sys.executable).with_name("discovery")
    estate = ROOT / "examples" / "estate.py"
    small, large, home = scratch / "small.csv", scratch / "large.csv", scratch / "home"
    for file, count in ((small, 500), (large, rows)):
        subprocess.run([sys.executable, estate, "--out", file, "--scale", str(count)], check=True, capture_output=True)
    run = (program, "run", "--source", "servicenow", "--target", "aws", "--out", scratch / "out")
    measured(*run, small, home=home, allowed=(0, 2))
    parses, runs = [], []
    for _ in range(repeat):
        parses.append(measured(sys.executable, "-c", PARSE, large, home=home))
        runs.append(measured(*run, large, home=home, allowed=(0, 2)))
    parse = statistics.median(m.seconds for m in parses)
    whole = statistics.median(m.seconds for m in runs)
    memory = max(m.memory for m in runs) / 2**30
    allowed = TIMES * parse + SECONDS
    return [
        f"{'what':<44} {'measured':>12} {'promised':>12}",
        f"{f'DuckDB parses {rows:,} rows':<44} {parse:>10.2f} s {'':>12}",
        f"{f'discovery run on {rows:,} rows, warm home':<44} {whole:>10.2f} s {allowed:>10.2f} s",
        f"{'its memory':<44} {memory:>8.2f} GiB {GIBIBYTES:>8.2f} GiB",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        print("\n".join(compared(options.rows, options.repeat, Path(scratch))))


if __name__ == "__main__":
    main()
