"""Sixty-four clients on the same flows for two minutes, and a checker of what they saw.

Usage: python -m benchmarks.load [--clients 64] [--seconds 120] [--flows 1000] [--processes 4] [--seed 1]

Readers, reviewers and runs at once: changes with and without an expected version, changes of two flows in one
transaction, reads of one and of several, lists, searches, stories. Afterwards no acknowledged change may be missing, no
version made twice, no reader may have seen what nobody wrote, one order must explain everything (strict
serializability), and a reader that followed all the while must have got every event once, in order. Exit code 1 where
it isn't so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

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
    options = parser.parse_args()
    load = Load(options.clients, options.seconds, options.flows, options.processes, options.seed)
    with tempfile.TemporaryDirectory() as home:
        told = run(Settings(home=Path(home)), load)
    print(told.table())
    for fault in told.faults[:20]:
        print(fault)
    sys.exit(1 if told.faults else 0)


if __name__ == "__main__":
    main()
