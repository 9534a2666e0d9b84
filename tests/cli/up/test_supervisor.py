"""The supervisor starts services in order, starts again what ends, and leaves nothing behind."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from free_ports import free_port

from discovery_pipeline.cli import services
from discovery_pipeline.cli.supervisor import Service, Supervisor, end, end_orphans
from discovery_pipeline.errors import ServerError
from discovery_pipeline.store import parts
from discovery_pipeline.store.parts import Health, Part, Process, Up

FOREVER, STALE, BROKEN = ("told_to", "wait"), ("told_to", "exit", "75"), ("told_to", "exit", "3")

Make = Callable[..., Supervisor]


@pytest.fixture
def told() -> list[tuple[str, Health, str]]:
    """What the supervisor told."""
    return []


@pytest.fixture
def supervising(tmp_path: Path, told: list[tuple[str, Health, str]]) -> Iterator[Make]:
    """Make a supervisor of some services; whatever it started is ended."""
    made: list[Supervisor] = []

    def make(*wanted: Service, others: dict[str, Callable[[], Part]] | None = None) -> Supervisor:
        tell = lambda *words: told.append(words)  # noqa: E731
        made.append(
            Supervisor(tmp_path, {"web": 8000}, wanted, {"PYTHONPATH": str(Path(__file__).parent)}, tell, others or {})
        )
        return made[-1]

    yield make
    for each in made:
        each.stop()


def until(supervisor: Supervisor, home: Path, found: Callable[[Up], object]) -> Up:
    """Keep looking until that is found in what is written down."""
    deadline = time.monotonic() + 500
    while time.monotonic() < deadline:
        supervisor.look()
        if (up := parts.running(home)) and found(up):
            return up
        time.sleep(0.02)
    raise AssertionError(parts.running(home))


def healthy(name: str) -> Callable[[Up], bool]:
    return lambda up: up.parts[name].health is Health.UP


def test_a_module_in_the_users_folder_is_not_taken_for_ours(
    supervising: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "told_to.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    one = Service("one", FOREVER, lambda: True)
    up = until(supervising(one), tmp_path, lambda up: up.parts["one"].process)
    process = up.parts["one"].process
    assert process is not None
    with pytest.raises(psutil.TimeoutExpired):
        psutil.Process(process.pid).wait(0.5)


def test_a_service_starts_when_what_it_needs_is_up(supervising: Make, tmp_path: Path):
    there: list[bool] = []
    first = Service("first", FOREVER, lambda: bool(there))
    supervisor = supervising(first, Service("second", FOREVER, lambda: True, after=("first",)))
    up = until(supervisor, tmp_path, lambda up: up.parts["first"].process)
    assert up.parts["second"].process is None
    assert not up.ready
    there.append(True)
    assert until(supervisor, tmp_path, healthy("second")).ready
    assert supervisor.ready


def test_a_service_that_is_killed_starts_again_and_that_is_told(
    supervising: Make, tmp_path: Path, told: list[tuple[str, Health, str]]
):
    supervisor = supervising(Service("one", FOREVER, lambda: True))
    before = until(supervisor, tmp_path, healthy("one")).parts["one"].process
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)
    after = until(supervisor, tmp_path, lambda up: healthy("one")(up) and up.parts["one"].restarts).parts["one"]
    assert after.process != before
    assert ("one", Health.DOWN, "ended (SIGKILL), and starts again") in told


def test_one_that_keeps_ending_is_started_ever_more_rarely(
    supervising: Make, tmp_path: Path, told: list[tuple[str, Health, str]]
):
    supervisor = supervising(Service("one", BROKEN, lambda: False))
    until(supervisor, tmp_path, lambda up: len(told) >= 5)
    assert [why for _, health, why in told if health is Health.DOWN][:3] == [
        "ended (exit code 3), and starts again",
        "ended (exit code 3), and starts again in 1 s",
        "ended (exit code 3), and starts again in 3 s",
    ]


def test_one_with_stale_code_takes_its_companion_along(supervising: Make, tmp_path: Path):
    companion = Service("companion", FOREVER, lambda: True)
    stale = Service("one", STALE, lambda: True, after=("companion",), stale=75, renews=("companion",))
    supervisor = supervising(companion, stale)
    until(supervisor, tmp_path, lambda up: up.parts["companion"].restarts)


def test_a_part_that_is_no_process_is_looked_after(
    supervising: Make, tmp_path: Path, told: list[tuple[str, Health, str]]
):
    supervisor = supervising(others={"postgres": lambda: Part(Health.DOWN)})
    assert not until(supervisor, tmp_path, lambda up: up.parts["postgres"].health is Health.DOWN).ready
    assert told == [("postgres", Health.DOWN, "doesn't answer")]


def test_what_ended_and_was_back_before_anybody_looked_is_told(
    supervising: Make, tmp_path: Path, told: list[tuple[str, Health, str]], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("discovery_pipeline.cli.supervisor.LOOK_SECONDS", 0)
    looks = iter([Part(Health.UP), Part(Health.UP, restarts=1)])
    supervisor = supervising(others={"postgres": lambda: next(looks, Part(Health.UP, restarts=1))})
    until(supervisor, tmp_path, lambda up: up.parts["postgres"].restarts)
    assert told == [
        ("postgres", Health.UP, ""),
        ("postgres", Health.DOWN, "ended, and has started again"),
        ("postgres", Health.UP, ""),
    ]


def test_a_full_disk_is_told_once_and_ends_nothing(
    supervising: Make, tmp_path: Path, told: list[tuple[str, Health, str]], monkeypatch: pytest.MonkeyPatch
):
    def no_room(home: Path, up: Up) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    supervisor = supervising(Service("one", FOREVER, lambda: True))
    with monkeypatch.context() as full:
        full.setattr(parts, "write", no_room)
        while not supervisor.ready:
            supervisor.look()
    until(supervisor, tmp_path, healthy("one"))
    assert [health for name, health, _ in told if name == "disk"] == [Health.DOWN, Health.UP]


def test_stopping_ends_everything_also_what_does_not_want_to(
    supervising: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("discovery_pipeline.cli.supervisor.STOP_SECONDS", 0.2)
    supervisor = supervising(Service("deaf", ("told_to", "ignore"), lambda: True))
    up = until(supervisor, tmp_path, lambda up: "ready" in (tmp_path / "logs" / "deaf.log").read_text())
    supervisor.stop()
    assert not psutil.pid_exists(up.parts["deaf"].process.pid)
    stopped = parts.running(tmp_path)
    assert stopped is not None
    assert stopped.parts == {"deaf": Part(Health.DOWN)}


def test_what_is_suspended_is_ended_too():
    with subprocess.Popen(["sleep", "600"]) as suspended:
        os.kill(suspended.pid, signal.SIGSTOP)
        end([Process.of(suspended.pid)], 0.2)
        assert suspended.wait(60) < 0


def test_an_up_that_begins_is_known_however_long_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with parts.begun(tmp_path, {"web": 8000}):
        monkeypatch.setattr(time, "time", lambda: 2e10)
        begun = parts.running(tmp_path)
        assert begun is not None
        assert begun.fresh
        assert not begun.ready
        assert {part.health for part in begun.parts.values()} == {Health.STARTING}
    assert parts.written(tmp_path) is None


def test_what_a_killed_up_left_is_ended_and_a_stranger_with_its_number_is_not(tmp_path: Path):
    sleep = ["sleep", "60"]
    with subprocess.Popen(sleep) as left, subprocess.Popen(sleep) as stranger:
        known = {
            "left": Part(Health.UP, Process.of(left.pid)),
            "gone": Part(Health.UP, Process(stranger.pid, 12.0)),
        }
        parts.write(tmp_path, Up(Process(os.getpid(), 12.0), {}, known))
        assert end_orphans(tmp_path) == ["left"]
        assert left.wait(60) == -signal.SIGTERM
        assert stranger.poll() is None
        stranger.kill()
    assert parts.written(tmp_path) is None


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> int:
    """The port that pages have, where it is free."""
    monkeypatch.setitem(services.PORTS, "web", ("--port", first := free_port()))
    return first


def test_a_taken_port_is_named_with_its_option(first: int):
    with socket.create_server((services.HOST, first)):
        with services.reserved("web") as other:
            assert other != first
        with (
            pytest.raises(ServerError, match=rf"Port {first} is taken. Choose another with --port"),
            services.reserved("web", first),
        ):
            pass


def test_of_two_that_begin_at_once_each_has_a_port_before_anybody_listens(first: int):
    with services.reserved("web") as one, services.reserved("web") as other:
        assert one == first
        assert other != first
        with pytest.raises(ServerError, match="is taken"), services.reserved("web", first):
            pass
    with services.reserved("web", first) as again:
        assert again == first


def test_who_is_given_a_port_can_listen_there(first: int):
    with services.reserved("web", first) as port, socket.create_server((services.HOST, port)):
        assert services.listens(port)()


@pytest.mark.parametrize(
    ("said", "well"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n{'status': 'alive'}", True),
        (b"HTTP/1.0 200 OK\r\n\r\nwelcome", False),
        (b"HTTP/1.0 404 Not Found\r\n\r\nalive", False),
        (b"SSH-2.0-OpenSSH_9.6\r\n", False),
        (b"", False),
    ],
)
def test_a_stranger_at_our_port_is_not_taken_for_us(said: bytes, well: bool):
    def answer() -> None:
        caller, _ = line.accept()
        with caller:
            caller.recv(4096)
            caller.sendall(said)

    with socket.create_server((services.HOST, 0)) as line, ThreadPoolExecutor() as stranger:
        answered = stranger.submit(answer)
        assert services.answers(line.getsockname()[1], "/health/live", "alive")() is well
        answered.result()


@pytest.mark.parametrize("said", ["", "{", "[]", '{"process": 1}', '{"process": {"pid": 1, "born": 2}}'])
def test_a_broken_file_is_no_up(tmp_path: Path, said: str):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "up.json").write_text(said)
    assert parts.running(tmp_path) is None
