"""Sixty-four clients on the same flows for two minutes, and a checker of what they saw.

Usage: python -m benchmarks.load [--clients 64] [--seconds 120] [--flows 1000] [--processes 4] [--seed 1]
       python -m benchmarks.load --lives 1000

Readers, reviewers and runs at once: changes with and without an expected version, changes of two flows in one
transaction, reads of one and of several, lists, searches, stories. Afterwards no acknowledged change may be missing, no
version made twice, no reader may have seen what nobody wrote, one order must explain everything (strict
serializability), and a reader that followed all the while must have got every event once, in order. With --lives so
many flows go through their whole lives at once instead, each of which must then be told in its order. Exit code 1 where
it isn't so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.load import lives
from benchmarks.load.running import Load, run
from discovery_pipeline.settings import Settings


def main() -> None:
    """Run, and print what was done and what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--flows", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lives", type=int, metavar="FLOWS", help="so many flows at once, from beginning to end")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        faults = (_lives if options.lives else _clients)(Settings(home=Path(home)), options)
    for fault in faults[:20]:
        print(fault)
    sys.exit(1 if faults else 0)


def _clients(settings: Settings, options: argparse.Namespace) -> list[str]:
    told = run(settings, Load(options.clients, options.seconds, options.flows, options.processes, options.seed))
    print(told.table())
    return told.faults


def _lives(settings: Settings, options: argparse.Namespace) -> list[str]:
    began = time.monotonic()
    lived = lives.run(settings, options.lives)
    took = time.monotonic() - began
    print(f"{lived.flows:,} flows at once, {lived.steps:,} steps, {lived.events:,} events in {took:.0f} s; "
          f"{len(lived.faults)} faults")  # fmt: skip
    return lived.faults


if __name__ == "__main__":
    main()
