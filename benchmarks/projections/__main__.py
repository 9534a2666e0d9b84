"""Readers of events beside transactions that stay open for long: nobody skips one that commits late, or gets one twice.

Usage: python -m benchmarks.projections [--hold 30] [--events 10000] [--slow 24] [--quick 4]

Slow writers tell of something, keep their transaction open up to `hold` seconds, and commit or give up; quick ones
commit at once all the while. Readers of everything, of one tenant and of one flow follow, some of them beginning anew
from their cursor again and again, and each keeps its flows as the events tell of them. In the end each must have got
every event once, those of a flow in order, and its flows must be those of a full replay and of the table. A naive
reader shows what there was to be missed. Exit code 1 where one fails.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.projections.trial import Strain, run
from discovery_pipeline.settings import Settings


def main() -> None:
    """Run, and print what was done and what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hold", type=float, default=30.0, help="seconds")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--slow", type=int, default=24)
    parser.add_argument("--quick", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        outcome = run(Settings(home=Path(home)), Strain(**vars(options)))
    print(outcome.table())
    for fault in outcome.faults[:20]:
        print(fault)
    sys.exit(1 if outcome.faults else 0)


if __name__ == "__main__":
    main()
