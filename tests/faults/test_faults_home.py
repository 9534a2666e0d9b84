"""A home whose processes are killed while its server starts, stops, works or is copied."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from discovery_pipeline.flow.state import Flow, Phase, PhaseStatus
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.postgres.server import EmbeddedServer
from discovery_pipeline.store.upkeep.backup import backup
from discovery_pipeline.store.upkeep.restore import restore

KILLED_AFTER = """
import os, signal, sys, threading, time
from pathlib import Path
from discovery_pipeline.store.postgres import server

running = server.EmbeddedServer._run

def run(self, program, *arguments, **named):
    if [program, *arguments][: len(sys.argv) - 2] == sys.argv[2:]:
        threading.Thread(target=lambda: (time.sleep(0.15), os.kill(os.getpid(), signal.SIGKILL)), daemon=True).start()
    running(self, program, *arguments, **named)

server.EmbeddedServer._run = run
used = server.EmbeddedServer(Path(sys.argv[1]))
used.start()
used.leave()
time.sleep(60)
"""
"""Starts a home's server and stops it, and is killed a moment after one of the server's programs has begun."""


def new(store: Store) -> Flow:
    return store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")


def postmaster(home: Path) -> psutil.Process:
    return psutil.Process(int((home / "postgres" / "cluster" / "data" / "postmaster.pid").read_text().split()[0]))


@pytest.mark.parametrize("program", [["initdb"], ["pg_ctl", "start"], ["pg_ctl", "stop"]])
def test_a_process_that_is_killed_while_its_server_starts_or_stops_leaves_a_home_that_opens(
    home: Path, program: list[str]
):
    child = subprocess.run([sys.executable, "-c", KILLED_AFTER, str(home), *program], check=False)
    assert child.returncode == -signal.SIGKILL
    with open_store(Settings(home=home)) as store:
        assert store.check(new(store)) == []


def test_a_server_that_recovers_from_a_crash_is_waited_for(home: Path):
    server = EmbeddedServer(home)
    server.start()
    server.leave()
    pid_file = home / "postgres" / "cluster" / "data" / "postmaster.pid"
    server.start()
    postmaster(home).suspend()  # neither ready nor dead, for a while
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([*lines[:7], "starting"]) + "\n")
    ready = subprocess.Popen(
        [sys.executable, "-c",
         "import os, signal, sys, time; time.sleep(1); open(sys.argv[2], 'w').write(sys.argv[3]); "
         "os.kill(int(sys.argv[1]), signal.SIGCONT)",
         lines[0], str(pid_file), "\n".join(lines) + "\n"]
    )  # fmt: skip
    EmbeddedServer(home).start()
    assert ready.wait(240) == 0
    server.leave()


def test_the_socket_lock_of_a_dead_server_is_no_obstacle(home: Path):
    server = EmbeddedServer(home)
    server.start()
    lock = server.sockets / ".s.PGSQL.5432.lock"
    dead = postmaster(home)
    dead.kill()
    dead.wait(240)
    lock.write_text(
        lock.read_text().replace(str(dead.pid), str(os.getpid()))
    )  # the number is a living process's by now
    server.start()
    assert server.running()
    server.leave()


def test_after_everything_was_killed_the_home_opens_and_its_flow_goes_on(home: Path):
    program = (
        "import sys, time; from pathlib import Path; from discovery_pipeline.settings import Settings\n"
        "from discovery_pipeline.store.blocking import open_store\n"
        "store = open_store(Settings(home=Path(sys.argv[1])))\n"
        "flow = store.create_flow(store.default_tenant(), 'estate', 'servicenow', 'aws')\n"
        "with store.run_lock(flow):\n"
        "    store.start_phase(flow, 'data_import'); print(flow.id, flush=True); time.sleep(600)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(home)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    flow_id = child.stdout.readline().strip()
    server = postmaster(home)
    for process in (child, server, *server.children()):
        process.kill()
    child.communicate()
    with open_store(Settings(home=home)) as store:
        (flow,) = store.sweep()
        assert str(flow.id) == flow_id
        assert flow.phases[Phase.DATA_IMPORT].status is PhaseStatus.FAILED
        assert store.start_phase(flow, Phase.DATA_IMPORT).phases[Phase.DATA_IMPORT].status is PhaseStatus.RUNNING
        assert store.check(flow) == []


def test_a_server_that_dies_under_the_first_question_is_started_again(home: Path):
    with open_store(Settings(home=home)) as store:
        flow = new(store)
        dying = postmaster(home)
        dying.suspend()  # its socket takes callers still, and nobody answers them
        killed = subprocess.Popen(
            [sys.executable, "-c", "import os, sys, time; time.sleep(2); os.kill(int(sys.argv[1]), 9)", str(dying.pid)]
        )
        with open_store(Settings(home=home)) as later:
            assert [each.id for each in later.list_flows()] == [flow.id]
        assert killed.wait(240) == 0


def test_a_second_process_beside_the_first_works_on_the_same_home(home: Path):
    program = (
        "import sys; from pathlib import Path; from discovery_pipeline.settings import Settings\n"
        "from discovery_pipeline.store.blocking import open_store\n"
        "with open_store(Settings(home=Path(sys.argv[1]))) as store:\n"
        "    for flow in store.list_flows(): store.cancel(flow, by='second')\n"
    )
    with open_store(Settings(home=home)) as store:
        flow = new(store)
        subprocess.run([sys.executable, "-c", program, str(home)], check=True)
        assert store.flow(None, flow.id).status == "cancelled"
        assert store.check(flow) == []


def test_a_backup_that_was_cut_short_leaves_no_file_of_its_name(home: Path, tmp_path: Path):
    file = tmp_path / "home.backup"
    program = (
        "import os, signal, sys; from pathlib import Path; from discovery_pipeline.settings import Settings\n"
        "from discovery_pipeline.store.upkeep import backup\n"
        "backup._write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "backup.backup(Settings(home=Path(sys.argv[1])), Path(sys.argv[2]))\n"
    )
    with open_store(Settings(home=home)) as store:
        new(store)
        child = subprocess.run([sys.executable, "-c", program, str(home), str(file)], check=False)
        assert child.returncode == -signal.SIGKILL
        assert not file.exists()
        backup(store.settings, file)


def test_a_backup_taken_in_the_midst_of_work_restores_to_one_moment(home: Path, tmp_path: Path):
    file, other = tmp_path / "home.backup", Settings(home=tmp_path / "other")
    with open_store(Settings(home=home)) as store:
        flow = new(store)
        stop = working(store, flow)
        backup(store.settings, file)
        stop()
    restore(other, file)
    with open_store(other) as store:
        for there in store.list_flows():
            assert store.check(there) == []
            parts = sorted(path.read_text() for path in store.artifacts.reading(there, "column_profile").iterdir())
            assert len(parts) == 3
            assert len(set(parts)) == 1
            assert int(parts[0]) >= there.data["published"]
    EmbeddedServer(other.root).forget()


def working(store: Store, flow: Flow) -> Callable[[], None]:
    """Publish three files and say so in the state, again and again, until it is stopped."""
    import threading

    over = threading.Event()

    def publish(number: int) -> None:
        with store.artifacts.writing(flow, "column_profile") as folder:
            for name in "abc":
                (folder / name).write_text(str(number))
        store.keep(flow.id, {"published": number}, by="worker")

    def work() -> None:
        number = 1
        while not over.is_set():
            number += 1
            publish(number)

    publish(1)
    worker = threading.Thread(target=work)
    worker.start()
    time.sleep(0.2)

    def stop() -> None:
        over.set()
        worker.join()

    return stop
