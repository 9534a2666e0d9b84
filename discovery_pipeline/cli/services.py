"""Services: the processes that `discovery up` starts, watches and stops.

One code server is shared by Dagster's web server and daemon, so that the code is loaded once. Each
process logs to its own file under `$DISCOVERY_HOME/logs`. What runs is written to
`$DISCOVERY_HOME/run/up.json`; a file left by a killed `up` is recognised by its dead process.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from discovery_pipeline.errors import ServerError

STOP_SECONDS = 10
"""How long a process may take to end before it is killed."""

LOCATION = "discovery"


@dataclass(frozen=True, slots=True)
class Running:
    """What an `up` of this home started."""

    pid: int
    started: float  # of the process, so that a pid given to another one is not taken for ours
    ports: dict[str, int]
    children: dict[str, int] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        """Whether that `up` still runs."""
        try:
            return abs(psutil.Process(self.pid).create_time() - self.started) < 1
        except psutil.NoSuchProcess:
            return False


def state_file(home: Path) -> Path:
    """Where a running `up` is written down."""
    return home / "run" / "up.json"


def running(home: Path) -> Running | None:
    """The `up` that runs on this home, if one does."""
    try:
        found = Running(**json.loads(state_file(home).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return found if found.alive else None


def free_port(wanted: int | None, preferred: int) -> int:
    """The wanted port, or the first free one from `preferred`.

    Raises
    ------
    ServerError
        The wanted port is taken.
    """
    if wanted is not None:
        if not _free(wanted):
            raise ServerError(f"Port {wanted} is taken. Choose another with --dagster-port, or leave it out.")
        return wanted
    for port in range(preferred, preferred + 100):
        if _free(port):
            return port
    raise ServerError(f"No port from {preferred} to {preferred + 99} is free. Choose one with --dagster-port.")


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class Services:
    """The processes of one home, started in order and stopped in reverse."""

    def __init__(self, home: Path, dagster_home: Path) -> None:
        self._home = home
        self._environment = os.environ | {
            "DAGSTER_HOME": str(dagster_home),
            "DISCOVERY_HOME": str(home),
            "PYTHONUNBUFFERED": "1",
        }
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str) -> None:
        """Start `python -m arguments…`, logging to its own file."""
        logs = self._home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / f"{name}.log").open("ab") as log:
            self._children[name] = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Their own group: Ctrl-C reaches only us, and we stop them in order.
                start_new_session=True,
            )

    def wait_until(self, name: str, ready: Callable[[], bool], seconds: float) -> None:
        """Wait for a service to answer.

        Raises
        ------
        ServerError
            It ended, or did not answer in time; the message says where its log is.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            log = self._home / "logs" / f"{name}.log"
            if self._children[name].poll() is not None:
                raise ServerError(f"The {name} ended while it started. Its log is {log}.")
            if time.monotonic() > deadline:
                raise ServerError(f"The {name} did not answer within {seconds:.0f} s. Its log is {log}.")
            time.sleep(0.2)

    def ended(self) -> str | None:
        """The name of a service that has ended, if one has."""
        return next((name for name, child in self._children.items() if child.poll() is not None), None)

    def write(self, ports: dict[str, int]) -> None:
        """Write down what runs, for `status` and `down`."""
        us = psutil.Process()
        children = {name: child.pid for name, child in self._children.items()}
        file = state_file(self._home)
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".part")
        draft.write_text(json.dumps(asdict(Running(us.pid, us.create_time(), ports, children))))
        draft.replace(file)

    def stop(self) -> None:
        """End every service, the last started first; one that doesn't end in time is killed."""
        for child in reversed(self._children.values()):
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._children.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        state_file(self._home).unlink(missing_ok=True)


def answers(port: int, path: str) -> Callable[[], bool]:
    """Whether http://127.0.0.1:port/path answers 200."""

    def ready() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    return ready


def listens(port: int) -> Callable[[], bool]:
    """Whether something accepts connections on that port of this machine."""

    def ready() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return ready
