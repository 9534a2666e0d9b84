"""The supervisor: starts a home's services in their order, starts again what ends, and stops them all.

Each service is a process with a log of its own under `$DISCOVERY_HOME/logs`. One that ends is started again, at once
the first time, then after a pause that grows while it keeps ending. What runs is written down (`store.parts`), so that
`status`, `down`, the pages and the next `up` know of it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from discovery_pipeline.engine import disk
from discovery_pipeline.store import parts
from discovery_pipeline.store.parts import Health, Part, Process, Up

STOP_SECONDS = 10.0
"""How long processes may take to end before they are killed."""
LOOK_SECONDS = 2.0
"""How often a part that is up is looked at."""
STEADY_SECONDS = 60.0
"""Whatever ran for so long starts again without a pause."""
LONGEST_PAUSE = 60.0
LARGEST_LOG = 20 * 2**20

Tell = Callable[[str, Health, str], None]
"""Hears of a part's name, how it is now, and why."""


@dataclass(frozen=True, slots=True)
class Service:
    """How one process is run."""

    name: str
    arguments: tuple[str, ...]  # after `python -m`
    well: Callable[[], bool]
    after: tuple[str, ...] = ()  # what has to be up before it starts
    stale: int | None = None  # the exit code of one that has loaded other code than is on disk
    renews: tuple[str, ...] = ()  # what starts again together with it then


class Child:
    """A service as it runs, or is about to."""

    def __init__(self, service: Service, spawn: Callable[[Service], subprocess.Popen[bytes]]) -> None:
        self.service, self._spawn = service, spawn
        self.process: subprocess.Popen[bytes] | None = None
        self.part = Part(Health.STARTING)
        self.said = ""
        self.stale = False
        self._starts = 0
        self._began = self._looked = self._due = self._pause = 0.0

    def start(self) -> None:
        """Start it, if it is time to."""
        now = time.monotonic()
        if self.process is None and now >= self._due:
            self.process = self._spawn(self.service)
            self.part = Part(Health.STARTING, Process.of(self.process.pid), self._starts)
            self._began, self._starts = now, self._starts + 1

    def look(self) -> None:
        """See whether it has ended, or answers."""
        if self.process is None:
            return
        if (code := self.process.poll()) is not None:
            self._end(code)
        elif self.part.health is not Health.UP or time.monotonic() >= self._looked + LOOK_SECONDS:
            self._looked = time.monotonic()
            self._examine()

    def renew(self) -> None:
        """Have it start again."""
        if self.process is not None:
            self.process.terminate()

    def _examine(self) -> None:
        health = self.part.health
        if self.service.well():
            health, self.said = Health.UP, ""
        elif health is Health.UP:
            health, self.said = Health.DOWN, "doesn't answer"
        self.part = Part(health, self.part.process, self.part.restarts)

    def _end(self, code: int) -> None:
        now = time.monotonic()
        self.process, self.part = None, Part(Health.DOWN, None, self.part.restarts)
        self.stale = code == self.service.stale
        steady = self.stale or self._starts == 1 or now - self._began > STEADY_SECONDS
        self._pause = 0.0 if steady else min(2 * self._pause + 1, LONGEST_PAUSE)
        self._due = now + self._pause
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        self.said = "has loaded other code than is on disk" if self.stale else f"ended ({how})"
        self.said += f", and starts again in {self._pause:.0f} s" if self._pause else ", and starts again"


class Supervisor:
    """The services of one home, and parts of it that are no processes of ours but are looked after."""

    def __init__(
        self,
        home: Path,
        ports: Mapping[str, int],
        services: Iterable[Service],
        environment: Mapping[str, str],
        tell: Tell,
        others: Mapping[str, Callable[[], Part]],
    ) -> None:
        self._home, self._ports, self._tell, self._others = home, ports, tell, others
        self._environment = os.environ | environment
        self._children = {service.name: Child(service, self._spawn) for service in services}
        self._parts = {name: Part(Health.STARTING) for name in (*others, *self._children)}
        self._looked = 0.0
        self._room = True

    @property
    def ready(self) -> bool:
        """Whether every part is up."""
        return all(part.health is Health.UP for part in self._parts.values())

    def look(self) -> None:
        """Look at everything once, and start what is due."""
        for child in self._children.values():
            if all(self._parts[other].health is Health.UP for other in child.service.after):
                child.start()
            child.look()
            self._note(child.service.name, child.part, child.said)
            if child.stale:
                child.stale = False
                for other in child.service.renews:
                    self._children[other].renew()
        if time.monotonic() >= self._looked + LOOK_SECONDS:
            self._looked = time.monotonic()
            for name, seen in self._others.items():
                self._note_other(name, seen())
            self._write()

    def stop(self) -> None:
        """End every service; one that doesn't end in time is killed."""
        for child in self._children.values():
            child.renew()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._children.values():
            if child.process is not None:
                _see_end(child.process, deadline)
        self._parts = dict.fromkeys(self._parts, Part(Health.DOWN))
        self._write()

    def _note(self, name: str, part: Part, why: str) -> None:
        before, self._parts[name] = self._parts[name], part
        if part == before:
            return
        self._write()
        ended = before.process is not None and part.process is None
        if ended or part.health is not before.health:
            self._tell(name, part.health, why)

    def _note_other(self, name: str, part: Part) -> None:
        """The same of what isn't ours to start; it may have ended and be back before anybody looked."""
        if part.health is Health.UP and part.restarts > self._parts[name].restarts:
            self._note(name, Part(Health.DOWN, restarts=part.restarts), "ended, and has started again")
        self._note(name, part, "" if part.health is Health.UP else "doesn't answer")

    def _write(self) -> None:
        """Write down what runs. A full disk ends nothing: it is told once, and tried again with each look."""
        try:
            parts.write(self._home, Up(Process.of(os.getpid()), self._ports, self._parts))
        except OSError as error:
            if not disk.full(error):
                raise
            if self._room:
                self._tell("disk", Health.DOWN, "is full. Make room, and everything goes on")
            self._room = False
        else:
            if not self._room:
                self._tell("disk", Health.UP, "")
            self._room = True

    def _spawn(self, service: Service) -> subprocess.Popen[bytes]:
        file = self._home / "logs" / f"{service.name}.log"
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and file.stat().st_size > LARGEST_LOG:
            file.replace(file.with_suffix(".log.1"))
        with file.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", *service.arguments],  # no module of the folder that we are in
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches only us, and we end them
            )


def end_orphans(home: Path) -> list[str]:
    """End what a killed `up` of this home left running; the names of those parts."""
    orphans = parts.orphans(home)
    end(orphans.values(), STOP_SECONDS)
    if parts.running(home) is None:
        parts.forget(home)
    return list(orphans)


def end(processes: Iterable[Process], seconds: float) -> None:
    """Ask processes that others started to end, and kill what doesn't in time."""
    left = list(processes)
    for how in (signal.SIGTERM, signal.SIGKILL):
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process.pid, how)
        deadline = time.monotonic() + seconds
        while (left := [process for process in left if process.alive]) and time.monotonic() < deadline:
            time.sleep(0.05)


def _see_end(process: subprocess.Popen[bytes], deadline: float) -> None:
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
