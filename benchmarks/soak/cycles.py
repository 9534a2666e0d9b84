"""Cycles: one process is killed as its plan says, and a fresh one judges what it left."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import psycopg
from pydantic import SecretStr

from benchmarks.soak import verdict, work
from benchmarks.soak.plan import Plan, draw
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import open_store
from discovery_pipeline.store.postgres.databases import Role
from discovery_pipeline.store.postgres.placement import Placement
from discovery_pipeline.store.postgres.server import EmbeddedServer
from discovery_pipeline.store.upkeep.backup import backup

SECONDS = 180  # after which a process that neither ends nor is killed is itself a fault
TEMPLATE = "soak_template"
LOADED = [
    "__main__", "benchmarks.soak.verdict", "discovery_pipeline.store.upkeep.restore",
    "sqlalchemy.dialects.postgresql.psycopg", "psycopg.types.json", "alembic.command", "psutil",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """What one cycle showed."""

    plan: Plan
    faults: tuple[str, ...]
    told: int = 0  # actions of which the worker had heard
    events: int = 0
    seconds: float = 0.0


@contextmanager
def shared_server(home: Path) -> Iterator[EmbeddedServer]:
    """A server for cycles in which nobody kills the server. Its data needn't outlive them."""
    server = EmbeddedServer(home)
    server.start()
    try:
        with psycopg.connect(f"host={server.sockets} user=postgres dbname=postgres", autocommit=True) as operator:
            operator.execute("alter system set fsync = off")
            operator.execute("select pg_reload_conf()")
        yield server
    finally:
        server.stop()
        server.leave()
        server.forget()


class Soak:
    """Cycles of one seed, on a shared server and on homes of their own."""

    def __init__(self, folder: Path, server: EmbeddedServer, seed: int) -> None:
        self._folder, self._server, self._seed = folder, server, seed
        self._processes = multiprocessing.get_context("forkserver")  # fresh processes that have imported everything
        self._processes.set_forkserver_preload(LOADED)
        self._template_made = False

    def cycle(self, number: int) -> Result:
        """Run one cycle."""
        plan, began = draw(self._seed, number), time.monotonic()
        place = self._folder / f"cycle-{number}-{uuid.uuid4().hex[:6]}"
        place.mkdir(parents=True)
        journal, said = place / "journal", place / "verdict.json"
        with self._scene(plan, place) as (settings, program):
            left = self._until_dead(program, plan, settings, journal, place)
            if left:
                return Result(plan, (left,))
            if plan.kind == "restore" and self._ends(work.bring_back_again, plan, settings, journal, place=place):
                return Result(plan, (f"the next restore failed: {_tail(place / 'worker.err')}",))
            ended = self._ends(verdict.judge, plan, settings, journal, said, place=place)
            if ended != 0:
                return Result(plan, (f"the judge ended with {ended}: {_tail(place / 'judge.err')}",))
            found = json.loads(said.read_text())
        took = time.monotonic() - began
        if not found["faults"]:
            shutil.rmtree(place)
        return Result(plan, tuple(found["faults"]), found["told"], found["events"], took)

    @contextmanager
    def _scene(self, plan: Plan, place: Path) -> Iterator[tuple[Settings, Callable[..., None]]]:
        """Where the cycle takes place, and the program that is killed there."""
        with ExitStack() as scene:
            match plan.kind:
                case "statement" | "files" | "moment":
                    yield scene.enter_context(self._database(place, copied=True)), work.until_killed
                case "migration":
                    yield scene.enter_context(self._database(place, copied=False)), work.until_killed
                case "server":
                    yield self._home(scene, place), work.until_killed
                case "opening":
                    yield self._home(scene, place), work.come_and_go
                case "first start":
                    yield self._empty(scene, place), work.come_and_go
                case "backup":
                    yield self._home(scene, place), work.back_up
                case "restore":
                    shutil.copyfile(self._at_work(), place / "backup")
                    shutil.copyfile(self._folder / "at-work.journal", place / "journal")
                    yield self._empty(scene, place), work.bring_back

    def _until_dead(
        self, program: Callable[..., None], plan: Plan, settings: Settings, journal: Path, place: Path
    ) -> str:
        """Let the program work until it is killed; what it did instead, if it did."""
        process = self._started(program, plan, settings, journal, place=place)
        try:
            if plan.kind == "server":
                _kill_server(plan, settings, journal, process)
                process.join(plan.random("grace").random())
                if process.is_alive():
                    os.kill(int(process.pid or 0), signal.SIGKILL)
            process.join(SECONDS)
        finally:
            alive = process.is_alive()
            process.kill()
            process.join()
        if alive:
            return f"the worker hung for {SECONDS} s: {_tail(place / 'worker.err')}"
        if process.exitcode != -signal.SIGKILL:
            return f"the worker ended with {process.exitcode}: {_tail(place / 'worker.err')}"
        return ""

    def _ends(self, program: Callable[..., None], *arguments: object, place: Path) -> int | None:
        process = self._started(program, *arguments, place=place)
        try:
            process.join(SECONDS)
        finally:
            process.kill()
            process.join()
        return process.exitcode

    def _started(self, program: Callable[..., None], *arguments: object, place: Path) -> BaseProcess:
        process = self._processes.Process(target=_alone, args=(place, program, *arguments), daemon=False)
        process.start()
        return process

    @contextmanager
    def _database(self, place: Path, *, copied: bool) -> Iterator[Settings]:
        """A database of its own on the shared server."""
        name = f"soak_{uuid.uuid4().hex[:12]}"
        self._prepared()  # the roles are there from then on
        template = TEMPLATE if copied else "template1"
        with psycopg.connect(self._operator(), autocommit=True) as operator:
            operator.execute(f"create database {name} template {template} owner discovery_owner".encode())
            operator.execute(f"revoke all on database {name} from public".encode())
            try:
                yield Settings(home=place / "home", database_url=self._address(name))
            finally:
                operator.execute(f"drop database {name} with (force)".encode())
                operator.execute(f"drop database if exists {name}_dagster with (force)".encode())

    def _prepared(self) -> None:
        if not self._template_made:
            with open_store(Settings(home=self._folder / "template", database_url=self._address(TEMPLATE))):
                self._template_made = True

    def _home(self, scene: ExitStack, place: Path) -> Settings:
        """A home with a server of its own, a tenant and no flow."""
        settings = self._empty(scene, place)
        data = self._data()
        with _stopped(settings) as at:
            _copy(data, at.data)
        return settings

    def _empty(self, scene: ExitStack, place: Path) -> Settings:
        """A home in which there is nothing yet."""
        settings = Settings(home=place / "home")
        scene.callback(_forget, settings)
        return settings

    def _data(self) -> Path:
        """What PostgreSQL holds of such a home: to copy it takes a moment, to make it takes many."""
        data = self._folder / "data"
        if not data.exists():
            settings = Settings(home=self._folder / "source")
            with open_store(settings):
                pass
            with _stopped(settings) as at:
                _copy(at.data, data)
            _forget(settings)
        return data

    def _at_work(self) -> Path:
        """The backup of a home with flows, made while so much was written that its recovery takes a moment."""
        file = self._folder / "at-work.backup"
        if not file.exists():
            settings = Settings(home=self._folder / "at-work")
            with open_store(settings) as store:
                work.begin(store, self._folder / "at-work.journal")
                over = threading.Event()
                writer = threading.Thread(target=_write, args=(store.databases.dsn(Role.OWNER), over))
                writer.start()
                backup(settings, file)
                over.set()
                writer.join()
            _forget(settings)
        return file

    def _operator(self) -> str:
        return f"host={self._server.sockets} user=postgres dbname=postgres"

    def _address(self, database: str) -> SecretStr:
        return SecretStr(f"postgresql://postgres@/{database}?host={self._server.sockets}")


def _alone(place: Path, program: Callable[..., None], *arguments: object) -> None:
    """Run the program in this process, what it says kept in a file."""
    said = os.open(place / ("judge.err" if program is verdict.judge else "worker.err"), os.O_CREAT | os.O_WRONLY)
    os.dup2(said, 1)
    os.dup2(said, 2)
    program(*arguments)


def _kill_server(plan: Plan, settings: Settings, journal: Path, worker: BaseProcess) -> None:
    """Kill the home's PostgreSQL while the worker is at work: its postmaster, or everything at once."""
    deadline = time.monotonic() + SECONDS
    while not journal.exists() and worker.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(plan.delay)
    pid_file = settings.root / "postgres" / "cluster" / "data" / "postmaster.pid"
    with suppress(FileNotFoundError, psutil.NoSuchProcess):
        postmaster = psutil.Process(int(pid_file.read_text().split()[0]))
        everybody = postmaster.children() if plan.random("victims").random() < 0.5 else []
        for process in [postmaster, *everybody]:
            process.kill()


def _write(dsn: str, over: threading.Event) -> None:
    """Fill PostgreSQL's log, and nothing else."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for _ in range(60):
            if not over.is_set():
                connection.execute("select pg_logical_emit_message(false, 'soak', repeat('x', 1000000))")


def _stopped(settings: Settings) -> AbstractContextManager[Placement]:
    """The home, which is made if need be, while its server can't run."""
    settings.root.mkdir(exist_ok=True)
    return EmbeddedServer(settings.root).alone()


def _copy(folder: Path, to: Path) -> None:
    """Copy a folder with owners and modes."""
    subprocess.run(["cp", "-a", os.fspath(folder), os.fspath(to)], check=True)


def _forget(settings: Settings) -> None:
    server = EmbeddedServer(settings.root)
    server.stop()
    server.forget()


def _tail(path: Path) -> str:
    return " | ".join(path.read_text(errors="replace").splitlines()[-3:]) if path.exists() else ""
