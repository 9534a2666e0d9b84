"""The zygote: a process that has everything loaded, never works, and forks a worker a run.

A fork copies one thread, whatever locks the others hold, and shares every open connection. So the zygote has one
thread, opens no connection and starts no engine; it refuses to fork when that isn't so. Its other child is the
dispatcher, which dies with it. Workers outlive it.

Usage: python -m discovery_pipeline.assets.runner.zygote HOME DEFINITIONS
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from discovery_pipeline.assets.runner import locks, place, worker
from discovery_pipeline.assets.runner.calling import LONGEST, STALE, ask

if TYPE_CHECKING:
    from dagster._core.definitions.reconstruct import ReconstructableRepository

ENVIRONMENT = {
    # Each of these libraries would start threads when it is imported.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "CREWAI_DISABLE_TELEMETRY": "true",
}
PATIENCE_SECONDS = 10.0
SHORT_LIFE_SECONDS, LONGEST_PAUSE = 60.0, 30.0
PR_SET_PDEATHSIG = 1
HANDLED = (signal.SIGTERM, signal.SIGCHLD)


class Zygote:
    """Answers at its socket, forks, and takes notice of children that end."""

    def __init__(self, home: Path, code: ReconstructableRepository, version: str) -> None:
        self._home, self._code, self._version = home, code, version
        self._line = _bound(home)
        self._workers: dict[int, str] = {}
        self._dispatcher = 0
        self._dispatched_at, self._pause = 0.0, 0.0
        self._stopping = self._stale = False

    def serve(self) -> int:
        """Serve until SIGTERM comes, or until the code on disk is another; the exit code."""
        awake = self._wake_at_signals()
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._line, selectors.EVENT_READ, self._answer)
            waiting.register(awake, selectors.EVENT_READ, lambda: os.read(awake, 4096))
            while not self._stopping and not self._stale:
                if not self._dispatcher and time.monotonic() >= self._dispatched_at + self._pause:
                    self._dispatched_at, self._dispatcher = (
                        time.monotonic(),
                        self._fork(partial(self._dispatch, os.getpid())),
                    )
                for key, _ in waiting.select(None if self._dispatcher else self._pause):
                    key.data()
                self._bury()
        self._end()
        return STALE if self._stale else 0

    def _wake_at_signals(self) -> int:
        """A pipe that says something whenever a signal came."""
        end, begin = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(begin)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "_stopping", True))
        return end

    def _answer(self) -> None:
        caller, _ = self._line.accept()
        with caller:
            caller.settimeout(PATIENCE_SECONDS)
            try:
                asked = json.loads(caller.recv(LONGEST))
                answer = self._launch(asked["run"], asked["version"], caller) if "run" in asked else self._status()
                caller.send(json.dumps(answer).encode())
            except (OSError, ValueError, KeyError):
                traceback.print_exc()

    def _status(self) -> dict[str, Any]:
        workers = {run: pid for pid, run in self._workers.items()}
        return {"pid": os.getpid(), "dispatcher": self._dispatcher, "workers": workers, "threads": threads()}

    def _launch(self, run_id: str, version: str, caller: socket.socket) -> dict[str, Any]:
        if version != self._version:
            self._stale = True
            return {"refused": "the code has changed since the warm runner loaded it, and it loads it anew"}
        if threads() != 1:
            return {"refused": f"the warm runner has {threads()} threads, and a fork of it would not be safe"}
        lock = locks.acquire(self._home, run_id)
        if lock is None:
            return {"worker": locks.worker(self._home, run_id)}

        def work() -> None:
            caller.close()
            worker.live(self._home, run_id, lock)

        try:
            pid = self._fork(work)
        except OSError:
            lock.release()
            raise
        lock.hand_over()
        self._workers[pid] = run_id
        return {"worker": pid}

    def _dispatch(self, zygote: int) -> None:
        from discovery_pipeline.assets.runner import dispatcher

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == zygote:  # else it died before we asked to die with it
            dispatcher.serve(self._home, self._code)

    def _fork(self, work: Callable[[], None]) -> int:
        """Do the work in a fork of this process; its number."""
        sys.stdout.flush()
        sys.stderr.flush()
        # A signal that came to the fork before it has its own handlers would be lost in ours.
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
        if pid := os.fork():
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
            return pid
        code = worker.CRASHED
        try:
            os.setsid()
            self._line.close()
            signal.set_wakeup_fd(-1)
            for number in HANDLED:
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _bury(self) -> None:
        """Take notice of children that ended: another dispatcher is due, and a crash is to be told."""
        while pid_and_status := _ended():
            pid, status = pid_and_status
            if pid == self._dispatcher:
                short = time.monotonic() - self._dispatched_at < SHORT_LIFE_SECONDS
                self._pause = min(2 * self._pause + 1, LONGEST_PAUSE) if short else 1
                print(f"The dispatcher ended ({_how(status)}), and starts again in {self._pause:.0f} s.", flush=True)
                self._dispatcher, self._dispatched_at = 0, time.monotonic()
            run_id = self._workers.pop(pid, None)
            if run_id and status:
                self._fork(partial(worker.report_death, self._home, run_id, _how(status)))

    def _end(self) -> None:
        """End the dispatcher, and answer nobody any more. Workers finish what they do."""
        with place.address(self._home) as address:
            Path(address).unlink(missing_ok=True)
        if self._dispatcher:
            os.kill(self._dispatcher, signal.SIGTERM)
            os.waitpid(self._dispatcher, 0)


def threads() -> int:
    """How many threads this process has."""
    return len(os.listdir("/proc/self/task"))


def _bound(home: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with place.address(home) as address:
        Path(address).unlink(missing_ok=True)
        line.bind(address)
    line.listen(64)
    return line


def _ended() -> tuple[int, int] | None:
    """A child that has ended, and how."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def _how(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit code {os.WEXITSTATUS(status)}"


def main() -> None:
    """Load everything, and serve."""
    if any(os.environ.get(name) != value for name, value in ENVIRONMENT.items()):
        # Once more, from the start: it is too late for what is imported already.
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | ENVIRONMENT)  # noqa: S606 - itself
    began, version = time.monotonic(), place.code_version()
    home, definitions = map(Path, sys.argv[1:])
    if "refused" not in ask(home, {}):
        sys.exit("A warm runner serves this home already.")
    from discovery_pipeline.assets.runner import loading
    from discovery_pipeline.settings import Settings

    code = loading.load(definitions, Settings(home=home))
    locks.forget_dead(home)
    print(f"Ready after {time.monotonic() - began:.1f} s, process {os.getpid()}.", flush=True)
    ended = Zygote(home, code, version).serve()
    sys.stdout.flush()
    os._exit(ended)  # nothing is open that wants to be closed


if __name__ == "__main__":
    main()
