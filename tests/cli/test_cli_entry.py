"""The program's entry: Ctrl-C is heard before any command is."""

from __future__ import annotations

import subprocess
import sys

STOPPED_AS_IT_LOADS = """
import os, signal, sys

class Asking:
    def find_spec(self, name, path=None, target=None):
        if name == "discovery_pipeline.cli.clean":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Asking())
from discovery_pipeline.cli.entry import discovery
discovery()
"""


def _ran(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", *command], check=False, capture_output=True, text=True, timeout=120)


def test_a_command_that_is_stopped_as_it_loads_says_so_and_nothing_more():
    done = _ran(STOPPED_AS_IT_LOADS)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Stopped.\n")


def test_what_is_not_stopped_runs():
    done = _ran("from discovery_pipeline.cli.entry import discovery; discovery()", "--version")
    assert done.returncode == 0
    assert done.stdout.startswith("discovery_pipeline ")
