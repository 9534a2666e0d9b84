"""How long `discovery profile` takes, as a multiple of the time in which DuckDB merely parses the same file.

    python benchmarks/profiling.py                 1,000,000 rows × 25 columns
    python benchmarks/profiling.py 5000000 25      other sizes
    python benchmarks/profiling.py 100000 200 --runs 5

Both run as processes of their own with two threads, in turns; start-up counts. The file is made up first.

Of 3.1 s of CPU on a million rows × 25 columns parsing takes 1.1, and so does counting: 0.5 the values of fifteen
columns that have few, 0.15 whether a key repeats, 0.1 each dates, null tokens and histograms; nothing else is a tenth
of a second, and counting values by name or in queries of their own takes longer. What is left is one core's alone:
0.4 s to start, 0.2 s to find the layout and plan by a sample, 0.1 s to describe.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))

import inventory

PARSE = """
import sys, duckdb
con = duckdb.connect(config={"threads": 2})
con.execute("select max(hash(t)) from read_csv(?, all_varchar=true) t", [sys.argv[1]]).fetchall()
"""
PROFILE = "from discovery_pipeline.cli.app import program; program()"


def run(*command: str, expected: Collection[int] = (0,)) -> tuple[float, float, float]:
    """Seconds at the clock, seconds of CPU and peak MiB of a process that ends with an expected exit code."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in expected:
        raise SystemExit(f"{command[:3]} failed with exit code {process.returncode}")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """Make the file, measure in turns, print medians and ratios."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("rows", nargs="?", type=int, default=1_000_000)
    arguments.add_argument("columns", nargs="?", type=int, default=25)
    arguments.add_argument("--runs", type=int, default=3)
    chosen = arguments.parse_args()
    os.environ["DISCOVERY_THREADS"] = "2"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a package is installed compiled
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / "inventory.csv", Path(folder) / "profile.json"
        inventory.scale(file, chosen.rows, chosen.columns)
        run("-c", PARSE, str(file))
        run("-c", PROFILE, "profile", str(file))
        parses, profiles = [], []
        for _ in range(chosen.runs):
            parses.append(run("-c", PARSE, str(file)))
            profiles.append(run("-c", PROFILE, "profile", str(file), "--json", str(out)))
        size = file.stat().st_size / 1e6
    print(f"{chosen.rows:,} rows × {chosen.columns} columns, {size:,.0f} MB, median of {chosen.runs}")
    print(f"{'':18}{'seconds':>9}{'CPU s':>9}{'peak MiB':>10}")
    middle = [[statistics.median(values) for values in zip(*runs, strict=True)] for runs in (parses, profiles)]
    for name, (clock, cpu, peak) in zip(("DuckDB parses", "discovery profile"), middle, strict=True):
        print(f"{name:18}{clock:9.2f}{cpu:9.2f}{peak:10,.0f}")
    print(f"{'ratio':18}{middle[1][0] / middle[0][0]:9.2f}{middle[1][1] / middle[0][1]:9.2f}")


if __name__ == "__main__":
    main()
