"""The entry of the `discovery` program: what it needs is loaded here, so that Ctrl-C is heard from the first moment."""

from __future__ import annotations

import os
import sys


def discovery() -> None:
    """Run the program. Stopped before it could begin, it says so as it would later."""
    try:
        from discovery_pipeline.cli.app import program
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr, flush=True)
        os._exit(130)
    program()
