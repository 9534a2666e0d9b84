"""The embedded PostgreSQL server: how it is made, started, shared and stopped.

Only the binaries of the wheel are used. Every process that works with a home holds a shared lock on
`postgres/users.lock`; the last one to leave stops the server (a start costs about a tenth of a second, so nothing is
gained by letting it run on). A killed process loses its lock with its life, so nothing can go stale. A server that
`keep` was asked of stays until `stop`.

The server listens on a socket in a folder of mode 0700 and on no port: whoever reaches that socket is trusted.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from discovery_pipeline.engine import disk
from discovery_pipeline.errors import ServerError
from discovery_pipeline.store.postgres.placement import INSTALLATION, Placement, place
from discovery_pipeline.store.postgres.postmaster import Postmaster, forget_dead, living

SUPERUSER = "postgres"
RECOVERY_SECONDS = 3600  # pg_ctl's patience; a recovery after a crash is never cut short by us
STOP_SECONDS = 60
ORPHAN_SECONDS = 15  # backends of a killed server end by themselves, but not at once

RESTORING = ".restoring"
"""Folder of a home into which a backup is being brought back; it goes when the server has started on what was."""
SETTINGS = (
    "-c wal_level=replica -c max_wal_senders=4 -c client_connection_check_interval=5s -c restore_command=false "
    "-c hot_standby=off"
)
"""Given at each start, since older homes have others: a running server can be copied; a statement that waits for a
lock ends with its client; one that was restored has all of its log at hand, and answers when it is through with it."""
HBA = "local all all trust\nlocal replication all trust\n"
"""Who may connect: whoever reaches the socket."""

CONFIGURATION = """
# Written once, when the cluster was made.
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 300
shared_buffers = 64MB
io_method = sync
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d '
"""


class EmbeddedServer:
    """The server of one home, as one process uses it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._folder = home / "postgres"
        self._users: int | None = None
        self._owner_pid = 0
        self.placement: Placement | None = None

    @property
    def sockets(self) -> Path:
        """The folder of the socket that the running server listens on."""
        there = Postmaster.of(self._placed().data)
        return there.sockets if there else self._placed().sockets

    def start(self) -> None:
        """Use the server; it is made and started if need be. Waits for a crash recovery to end.

        Raises
        ------
        ServerError
            It can't be made or started; the message holds the end of its log.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._users is None:
            self._enter()
        try:
            if not self.running() or self._restoring.exists():
                with _locked(self._folder / "start.lock") as lock:
                    self._begin(lock)
        except BaseException:
            self.leave()  # of a start that was broken off no server stays
            raise

    def leave(self) -> None:
        """Use the server no more. It stops if nobody else uses it, and nobody asked for it to be kept."""
        if self._users is None or self._owner_pid != os.getpid():  # a forked child shares the lock, and owns nothing
            return
        try:
            if not self._kept.exists() and _last(self._users):
                self._halt(self._users)
        finally:
            self._leave_lock()

    def keep(self) -> None:
        """Let the server run on after its last user has left, until `stop`."""
        self._kept.touch()

    @contextmanager
    def alone(self) -> Iterator[Placement]:
        """The stopped server's folders, while nobody uses it and nobody can. One that is kept runs again afterwards.

        Raises
        ------
        ServerError
            Somebody uses it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._folder / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _last(handle):
                raise ServerError(
                    f"{self._folder.parent}: somebody works on this home. Run `discovery down`, and try again."
                )
            with _locked(self._folder / "start.lock"):  # a start that outlives a killed process comes to its end
                self._halt(handle)
            yield self._placed()
        finally:
            os.close(handle)
        if self._kept.exists():
            self.start()
            self.leave()

    def stop(self) -> bool:
        """Stop the server now, whoever uses it. Tells whether it ran."""
        self._kept.unlink(missing_ok=True)
        if not (self._folder / "cluster").exists():
            return False
        with _locked(self._folder / "start.lock") as lock:  # one that somebody starts is up by then
            ran = living(self._placed().data) is not None
            self._halt(lock)
        return ran

    def dump(self, database: str, file: Path) -> None:
        """Write one database of the running server to a file that pg_restore reads, and that only its owner does."""
        half = self._placed().cluster / f"dump-{uuid.uuid4().hex}"  # where the server's account may write
        try:
            self._run("pg_dump", *self._caller(), "--format", "custom", "--file", str(half), database)
            file.parent.mkdir(parents=True, exist_ok=True)
            half.chmod(0o600)
            shutil.move(half, file)
        finally:
            half.unlink(missing_ok=True)

    @contextmanager
    def copied(self) -> Iterator[Path]:
        """A folder with the data of the running server at one moment; it is gone at the end of the block."""
        at = self._placed()
        with _locked(self._folder / "copy.lock") as lock:
            folder = at.cluster / "copy"
            shutil.rmtree(folder, ignore_errors=True)  # what a killed process left
            try:
                self._run(
                    "pg_basebackup", *self._caller(), "--pgdata", str(folder), "--checkpoint", "fast",
                    "--wal-method", "stream", "--no-sync", "--no-manifest", lock=lock,
                )  # fmt: skip
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _caller(self) -> tuple[str, ...]:
        return ("--host", str(self.sockets), "--username", SUPERUSER)

    def forget(self) -> None:
        """Remove a stopped server with its data and its sockets, wherever they stand: the home is thrown away."""
        cluster = self._folder / "cluster"
        if not cluster.exists():
            return
        at = self._placed()
        shutil.rmtree(at.sockets, ignore_errors=True)
        shutil.rmtree(at.cluster, ignore_errors=True)
        cluster.unlink(missing_ok=True) if cluster.is_symlink() else None

    def running(self) -> bool:
        """Whether the server accepts connections."""
        if not (self._folder / "cluster").exists():
            return False
        there = Postmaster.of(self._placed().data)
        return there is not None and there.answers

    @property
    def _kept(self) -> Path:
        return self._folder / "keep"

    @property
    def _restoring(self) -> Path:
        return self.home / RESTORING

    def _placed(self) -> Placement:
        if self.placement is None:
            self.placement = place(self._folder)
        return self.placement

    def _enter(self) -> None:
        handle = os.open(self._folder / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_SH)
        self._users, self._owner_pid = handle, os.getpid()

    def _leave_lock(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None

    def _begin(self, lock: int) -> None:
        """Make and start what isn't there or doesn't run. Data that started once are a home: its restore is over."""
        try:
            if not self.running():
                self._make(lock)
                self._launch(lock)
            if self._restoring.exists():
                shutil.rmtree(self._restoring)
        except (ServerError, OSError) as error:
            if not self._restoring.exists():
                raise
            raise ServerError(
                f"{self.home}: a restore into it was not finished. Run `discovery db restore FILE` again, or choose "
                f"another DISCOVERY_HOME. ({error})"
            ) from error

    def _make(self, lock: int) -> None:
        at = self._placed()
        version = at.data / "PG_VERSION"
        if version.exists():
            found, expected = version.read_text().strip(), INSTALLATION.removeprefix("pginstall")
            if found != expected:
                raise ServerError(
                    f"{at.data}: was written by PostgreSQL {found}, and PostgreSQL {expected} is installed. "
                    "Start it with the version of discovery-pipeline that wrote it, and make a backup there."
                )
            return
        if self._restoring.exists():
            raise ServerError("Its database isn't there yet.")
        half = at.cluster / "making"  # renamed when it is whole: a kill half-way leaves nothing that looks like data
        if half.exists():
            shutil.rmtree(half)
        self._run(
            "initdb", "--pgdata", str(half), "--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8",
            "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--no-instructions",
            lock=lock,
        )  # fmt: skip
        with (half / "postgresql.conf").open("a") as settings:
            settings.write(CONFIGURATION)
        half.rename(at.data)

    def _launch(self, lock: int) -> None:
        """Start the server, or wait for the one that a process which is dead by now has begun to start or to stop."""
        at, began = self._placed(), time.monotonic()
        (at.data / "pg_hba.conf").write_text(HBA)
        while not self.running():
            if living(at.data) and time.monotonic() < began + RECOVERY_SECONDS:
                time.sleep(0.05)
                continue
            forget_dead(at.data, at.sockets)
            try:
                self._run(
                    "pg_ctl", "start", "--wait", "--timeout", str(RECOVERY_SECONDS), "--silent",
                    "--pgdata", str(at.data), "--log", str(at.log), "--options", f"-k '{at.sockets}' {SETTINGS}",
                    lock=lock,
                )  # fmt: skip
            except ServerError:
                orphaned = "pre-existing shared memory block" in _tail(at.log) or living(at.data)
                if not orphaned or time.monotonic() > began + ORPHAN_SECONDS:
                    raise
                time.sleep(0.2)

    def _halt(self, lock: int) -> None:
        if living(self._placed().data) is None:
            return
        stop = ("stop", "--wait", "--silent", "--pgdata", str(self._placed().data))
        try:
            self._run("pg_ctl", *stop, "--timeout", str(STOP_SECONDS), lock=lock)
        except ServerError:
            # What is committed is on disk; the next start recovers. A server that can't be stopped is worse.
            self._run("pg_ctl", *stop, "--mode", "immediate", lock=lock)

    def _run(self, program: str, *arguments: str, lock: int | None = None) -> None:
        """Run one of PostgreSQL's programs.

        It holds `lock` as long as it runs: whoever waits for the lock waits for it, too, should we be killed meanwhile.
        The lock is its standard input, the one thing that pg_ctl doesn't hand on to the server it starts.
        """
        at = self._placed()
        person = {} if at.account is None else {"user": at.account.uid, "group": at.account.gid, "extra_groups": []}
        # Outputs go to a file, not a pipe: the server inherits them, and a pipe would stay open as long as it runs.
        said = at.cluster / f"{program}.out"
        with said.open("wb") as out:
            done = subprocess.run(
                [str(at.binaries / program), *arguments],
                cwd="/", stdin=subprocess.DEVNULL if lock is None else lock, stdout=out, stderr=subprocess.STDOUT,
                check=False, **person, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            )  # fmt: skip
        if done.returncode:
            if disk.said_full(_tail(said) + _tail(at.log)):
                raise ServerError(f"{at.cluster}: the disk is full, so PostgreSQL can't run. Make room, and try again.")
            raise ServerError(
                f"The embedded PostgreSQL can't be used: {program} failed in {at.cluster}: "
                f"{_tail(said)} {_tail(at.log)} Run `discovery doctor`, or set DISCOVERY_DATABASE_URL to a server of "
                "yours."
            )


def _last(users: int) -> bool:
    """Whether nobody else holds the lock; if so it is held exclusively, and newcomers wait."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _tail(path: Path, lines: int = 5) -> str:
    if not path.exists():
        return ""
    return " ".join(path.read_text(errors="replace").splitlines()[-lines:])
