"""Parts: what `discovery up` runs on a home, as it last found them.

The `up` of a home writes its parts to `$DISCOVERY_HOME/run/up.json` when it begins, and whenever it has looked at
them. A file that a killed `up` left is recognised by its dead process. From its first moment `up` holds a lock,
`run/up.lock`, which the kernel drops with it: of two that are started at once, one runs.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil

NAMES: tuple[str, ...] = ("postgres", "code-server", "runner", "web", "dagster-webserver", "dagster-daemon")
"""The parts of a running home."""
FRESH_SECONDS = 30.0
"""How old a look may be before what it saw is taken for unknown."""


class Health(StrEnum):
    """How a part is."""

    STARTING = "starting"
    UP = "up"
    DOWN = "down"  # it ended, or doesn't answer; `up` starts it again


@dataclass(frozen=True, slots=True)
class Process:
    """A process, with its time of birth, so that its number given to another one is not taken for it."""

    pid: int
    born: float

    @classmethod
    def of(cls, pid: int) -> Process:
        """The living process of that number."""
        return cls(pid, psutil.Process(pid).create_time())

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        try:
            there = psutil.Process(self.pid)
            return abs(there.create_time() - self.born) < 1 and there.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


@dataclass(frozen=True, slots=True)
class Part:
    """One part of what runs; the embedded PostgreSQL is one without a process of ours."""

    health: Health
    process: Process | None = None
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Up:
    """An `up` and what it runs."""

    process: Process
    ports: Mapping[str, int]
    parts: Mapping[str, Part] = field(default_factory=dict)
    seen: float = 0.0  # seconds since 1970, of the last look

    @property
    def fresh(self) -> bool:
        """Whether it looked at its parts lately; while it begins, however long, there is nothing to look at."""
        begins = all(part == Part(Health.STARTING) for part in self.parts.values())
        return begins or time.time() - self.seen < FRESH_SECONDS

    @property
    def ready(self) -> bool:
        """Whether every part is up."""
        return self.fresh and all(part.health is Health.UP for part in self.parts.values())

    @property
    def address(self) -> str | None:
        """Where its pages are; none where it serves no pages."""
        return _link(self.ports.get("web"))

    @property
    def dagster(self) -> str | None:
        """Where Dagster's UI is."""
        return _link(self.ports.get("dagster"))


def written(home: Path) -> Up | None:
    """What the last `up` of this home wrote, whether it still runs or not."""
    try:
        return _read(json.loads(_file(home).read_text()))
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def running(home: Path) -> Up | None:
    """The `up` that runs on this home, if one does."""
    found = written(home)
    return found if found and found.process.alive else None


def orphans(home: Path) -> dict[str, Process]:
    """The parts that go on without the `up` that began them, which was killed."""
    left = written(home)
    if left is None or left.process.alive:
        return {}
    return {name: part.process for name, part in left.parts.items() if part.process and part.process.alive}


def write(home: Path, up: Up) -> None:
    """Write down what runs, whole or not at all."""
    file = _file(home)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_suffix(".part")
    draft.write_text(json.dumps(asdict(replace(up, seen=time.time()))))
    draft.replace(file)


@contextmanager
def begun(home: Path, ports: Mapping[str, int]) -> Iterator[None]:
    """While the block lasts an `up` of this process is written down, from its start on; then nothing runs any more."""
    write(home, Up(Process.of(os.getpid()), ports, dict.fromkeys(NAMES, Part(Health.STARTING))))
    try:
        yield
    finally:
        forget(home)


@contextmanager
def alone(home: Path) -> Iterator[bool]:
    """Whether no other `up` runs on this home or begins to; as long as the block lasts, none will."""
    file = _file(home).with_name("up.lock")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _locked(handle)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def forget(home: Path) -> None:
    """Nothing runs any more."""
    _file(home).unlink(missing_ok=True)


def _link(port: int | None) -> str | None:
    return f"http://127.0.0.1:{port}" if port else None


def _file(home: Path) -> Path:
    return home / "run" / "up.json"


def _read(said: dict[str, Any]) -> Up:
    parts = {
        name: Part(Health(p["health"]), Process(**p["process"]) if p["process"] else None, p["restarts"])
        for name, p in said["parts"].items()
    }
    return Up(Process(**said["process"]), said["ports"], parts, said["seen"])
