"""What each command takes of a file larger than its memory: seconds, CPU, and the most memory at any time.

    python -m benchmarks.large                         3 GB, all commands
    python -m benchmarks.large 0.3 --only profile clean
    python -m benchmarks.large 3 --memory 450MB        DuckDB held to so much

Each command is a process of its own with two threads. The file and what is made of it need five times its size on disk.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))

import inventory

from benchmarks.profiling import PROFILE, run

ROWS_PER_GB = 3_380_000
COMMANDS = {
    "profile": ("profile", "{file}", "--json", "{folder}/profile.json"),
    "match": ("match", "{file}", "aws", "--json", "{folder}/match.json"),
    "clean": ("clean", "{file}", "--out", "{folder}/mended.csv", "--patches", "{folder}/patches.parquet"),
    "validate": ("validate", "{file}", "--target", "aws", "--json", "{folder}/verdict.json"),
    "run": ("run", "{file}", "--target", "aws", "--out", "{folder}/out"),
}


def main() -> None:
    """Make the file, run the commands one after the other, print what each took."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("gigabytes", nargs="?", type=float, default=3)
    arguments.add_argument("--only", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    arguments.add_argument("--memory", default="500MB")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "inventory.csv"
        rows = round(chosen.gigabytes * ROWS_PER_GB)
        inventory.scale(file, rows)
        home = {"DISCOVERY_HOME": f"{folder}/home", "TMPDIR": folder}
        os.environ |= home | {"DISCOVERY_THREADS": "2", "DISCOVERY_MEMORY_LIMIT": chosen.memory}
        print(f"{rows:,} rows × 25 columns, {file.stat().st_size / 1e9:.2f} GB, DuckDB held to {chosen.memory}")
        print(f"{'':10}{'seconds':>9}{'CPU s':>9}{'peak MiB':>10}{'rows a CPU s':>14}")
        for command in chosen.only:
            said = (part.format(file=file, folder=folder) for part in COMMANDS[command])
            clock, cpu, peak = run("-c", PROFILE, *said, expected=(0, 2))
            print(f"{command:10}{clock:9.1f}{cpu:9.1f}{peak:10,.0f}{rows / cpu:14,.0f}", flush=True)


if __name__ == "__main__":
    main()
