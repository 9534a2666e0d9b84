"""Locks of workers: a run has one worker at most, and everybody can see whether it lives.

A worker holds an exclusive lock on `$DISCOVERY_HOME/run/workers/<run id>`, which names its process. The kernel drops
the lock with the process, however it ends, so a lock is never stale. Whoever only looks takes a shared one for a
moment, and no worker takes that for another worker.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from discovery_pipeline.assets.runner import place

LOOK_SECONDS = 0.001
"""How long somebody who looks holds a lock."""


@dataclass(frozen=True, slots=True)
class WorkerLock:
    """An exclusive lock on a run, held by this process and whatever it forks."""

    path: Path
    handle: int

    def name_holder(self) -> None:
        """Write this process down as the worker."""
        os.ftruncate(self.handle, 0)
        os.pwrite(self.handle, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Give it back, and leave no file."""
        self.path.unlink(missing_ok=True)
        os.close(self.handle)

    def hand_over(self) -> None:
        """Leave the lock to a fork that holds it too."""
        os.close(self.handle)


def acquire(home: Path, run_id: str) -> WorkerLock | None:
    """The run's lock, or None where a worker holds it."""
    path = _file(home, run_id)
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if _locked(handle, fcntl.LOCK_EX):
            if _names(path, handle):
                return WorkerLock(path, handle)
        elif not _locked(handle, fcntl.LOCK_SH):
            os.close(handle)
            return None
        os.close(handle)  # somebody looks at this moment, or removed the file between our opening and our locking it
        time.sleep(LOOK_SECONDS)


@contextmanager
def working(home: Path, run_id: str) -> Iterator[None]:
    """Hold the run's lock while this process executes the run among other work; nobody is to interrupt it."""
    lock = acquire(home, run_id)
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def lives(home: Path, run_id: str) -> bool:
    """Whether a process works on the run."""
    return _holder(home, run_id) is not None


def worker(home: Path, run_id: str) -> int | None:
    """The process whose only work is the run; None where there is none."""
    return int(_holder(home, run_id) or 0) or None


def died(home: Path, run_id: str) -> bool:
    """Whether a process that worked on the run was killed: the lock's file is there, and nobody holds it."""
    return _file(home, run_id).exists() and not lives(home, run_id)


def workers(home: Path) -> dict[str, int]:
    """The living workers: run id and process."""
    found = {file.name: worker(home, file.name) for file in _file(home, "").iterdir()}
    return {run_id: pid for run_id, pid in found.items() if pid is not None}


def interrupt(home: Path, run_id: str, how: signal.Signals = signal.SIGTERM) -> bool:
    """Send the run's worker a signal, and nobody who got its number after it. Tells whether there is one."""
    pid = worker(home, run_id)
    if pid is None:
        return False
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if worker(home, run_id) != pid:
            return False
        signal.pidfd_send_signal(process, how)
    finally:
        os.close(process)
    return True


def end_workers(home: Path, seconds: float) -> None:
    """Interrupt every run, and kill what doesn't end in time."""
    for run_id in workers(home):
        interrupt(home, run_id)
    deadline = time.monotonic() + seconds
    while (left := workers(home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for run_id in left:
        interrupt(home, run_id, signal.SIGKILL)


def forget_dead(home: Path) -> None:
    """Remove the files that killed workers left.

    One process at a time does: of two, the second could remove a file that a new worker has made since it looked.
    """
    folder = _file(home, "")
    alone = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(alone, fcntl.LOCK_EX)
        for file in folder.iterdir():
            with _looking(home, file.name) as handle:
                if handle is not None and _locked(handle, fcntl.LOCK_SH) and _names(file, handle):
                    file.unlink(missing_ok=True)
    finally:
        os.close(alone)


def _holder(home: Path, run_id: str) -> str | None:
    """What the holder of the run's lock has written there; None where nobody holds it."""
    with _looking(home, run_id) as handle:
        if handle is None or _locked(handle, fcntl.LOCK_SH):
            return None
        return os.pread(handle, 20, 0).decode()


@contextmanager
def _looking(home: Path, run_id: str) -> Iterator[int | None]:
    """The run's file, opened; None where there is none."""
    try:
        handle = os.open(_file(home, run_id), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)


def _locked(handle: int, how: int) -> bool:
    """Lock the file, where nobody's lock is in the way."""
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _file(home: Path, run_id: str) -> Path:
    workers = place.folder(home) / "workers"
    workers.mkdir(mode=0o700, exist_ok=True)
    return workers / run_id


def _names(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
