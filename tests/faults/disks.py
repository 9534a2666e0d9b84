"""Disks that are full: a small one of our own where we may mount it, else a limit on how large files may become."""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

SIZE = "96m"  # a home with a server takes two thirds of it


@dataclass(frozen=True, slots=True)
class Disk:
    """A folder, and a block in which nothing more can be written there."""

    folder: Path
    full: Callable[[], AbstractContextManager[None]]


@contextmanager
def small() -> Iterator[Disk]:
    """A disk of one's own."""
    folder = Path(tempfile.mkdtemp(prefix="disk-", dir="/tmp"))
    folder.chmod(0o755)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", str(folder)]
    mounted = shutil.which("mount") and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield Disk(folder, lambda: filled(folder) if mounted else limited(folder))
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.rmtree(folder)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """The disk holds a file that leaves no room."""
    ballast = folder / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        yield
    finally:
        ballast.unlink()


@contextmanager
def limited(folder: Path) -> Iterator[None]:
    """Neither this process nor the folder's PostgreSQL can make a file larger than a page, or lengthen one."""
    ours = [psutil.Process(), *(p for p in psutil.process_iter() if _works_in(folder, p))]
    before = {process.pid: resource.prlimit(process.pid, resource.RLIMIT_FSIZE) for process in ours}
    try:
        for process in ours:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, before[process.pid][1]))
        yield
    finally:
        for pid, limits in before.items():
            if psutil.pid_exists(pid):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def _works_in(folder: Path, process: psutil.Process) -> bool:
    try:
        return str(folder) in " ".join(process.cmdline()) or str(folder) in process.cwd()
    except psutil.Error:
        return False
