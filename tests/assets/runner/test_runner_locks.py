"""A run has one worker at most; its lock lives exactly as long as it does."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from discovery_pipeline.assets.runner import locks, place

HOLDER = """
import signal, sys, time
from pathlib import Path
from discovery_pipeline.assets.runner import locks
# Said in any case: what this test's own process ignores, its child would ignore, too.
signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in sys.argv else signal.SIG_DFL)
lock = locks.acquire(Path(sys.argv[1]), "run")
lock.name_holder()
print("held", flush=True)
time.sleep(600)
"""


@contextmanager
def holding(home: Path, *manner: str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock of the run `run`; a `stubborn` one ignores being asked to end."""
    program = [sys.executable, "-c", HOLDER, home, *manner]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock of the run `run`."""
    with holding(tmp_path) as process:
        yield process


def test_nobody_else_gets_the_lock_of_a_living_worker(tmp_path: Path, holder: subprocess.Popen[str]):
    assert locks.acquire(tmp_path, "run") is None
    assert locks.workers(tmp_path) == {"run": holder.pid}


def test_a_lock_goes_with_its_holder_however_it_ends(tmp_path: Path, holder: subprocess.Popen[str]):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert locks.worker(tmp_path, "run") is None
    lock = locks.acquire(tmp_path, "run")
    assert lock is not None
    lock.release()


def test_files_of_the_dead_are_forgotten_and_those_of_the_living_kept(tmp_path: Path, holder: subprocess.Popen[str]):
    (place.folder(tmp_path) / "workers" / "dead").write_text("12345")
    locks.forget_dead(tmp_path)
    assert [file.name for file in (place.folder(tmp_path) / "workers").iterdir()] == ["run"]


def test_a_signal_reaches_the_worker_and_nobody_else(tmp_path: Path, holder: subprocess.Popen[str]):
    assert locks.interrupt(tmp_path, "run")
    assert holder.wait() == -signal.SIGTERM
    assert not locks.interrupt(tmp_path, "run")
    assert not locks.interrupt(tmp_path, "never")


def test_a_worker_that_ignores_the_asking_is_killed(tmp_path: Path):
    with holding(tmp_path, "stubborn") as holder:
        locks.end_workers(tmp_path, seconds=0.2)
        assert holder.wait() == -signal.SIGKILL


def test_a_child_keeps_the_lock_that_was_handed_over_to_it(tmp_path: Path):
    lock = locks.acquire(tmp_path, "run")
    assert lock is not None
    waiting = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE, pass_fds=[lock.handle]):
        lock.hand_over()
        assert locks.acquire(tmp_path, "run") is None
    again = locks.acquire(tmp_path, "run")
    assert again is not None
    again.release()


def _count(home: Path, turns: int, file: Path) -> None:
    """Add one to a number, under the lock, as often as it takes."""
    while turns:
        if lock := locks.acquire(home, "run"):
            file.write_text(str(int(file.read_text()) + 1))
            lock.release()
            turns -= 1


def test_two_never_hold_it_at_once_though_each_removes_the_file(tmp_path: Path):
    file = tmp_path / "number"
    file.write_text("0")
    context = multiprocessing.get_context("spawn")
    racing = [context.Process(target=_count, args=(tmp_path, 200, file)) for _ in range(3)]
    for each in racing:
        each.start()
    for each in racing:
        each.join()
    assert file.read_text() == "600"


def _look(home: Path) -> None:
    """Look whether the run lives, and clear up, without an end."""
    while True:
        locks.lives(home, "run")
        locks.forget_dead(home)


def test_who_only_looks_is_never_taken_for_a_worker(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    looking = [context.Process(target=_look, args=(tmp_path,), daemon=True) for _ in range(2)]
    for each in looking:
        each.start()
    try:
        for _ in range(2000):
            lock = locks.acquire(tmp_path, "run")
            assert lock is not None
            assert locks.lives(tmp_path, "run")
            lock.release()
    finally:
        for each in looking:
            each.kill()
            each.join()


def test_only_the_owner_can_enter_the_folder(tmp_path: Path):
    (tmp_path / "run").mkdir(mode=0o755)
    assert place.folder(tmp_path).stat().st_mode & 0o777 == 0o700


def test_a_socket_has_a_short_name_in_the_longest_home(tmp_path: Path):
    with place.address(tmp_path / ("long" * 40)) as address:
        assert len(address) < 100
